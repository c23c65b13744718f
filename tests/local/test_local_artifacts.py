import pytest

from local import artifacts
from local.errors import EngineFilesError
from tests.local.machine import program


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """A machine without Java and npm, whose pip reaches nothing. Yields the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return programs


def test_without_java_and_without_a_way_to_fetch_it_one_sentence_says_what_to_do(bare_machine, tmp_path):
    with pytest.raises(EngineFilesError) as refusal:
        artifacts.command(tmp_path)

    sentence = str(refusal.value)
    assert "install Java, or set AWS_ENDPOINT_URL_DYNAMODB" in sentence
    assert "pip failed (ERROR: " in sentence
    assert "\n" not in sentence


def test_without_npm_and_without_a_way_to_fetch_it_one_sentence_says_what_to_do(bare_machine, tmp_path):
    with pytest.raises(EngineFilesError) as refusal:
        artifacts.engine_files(tmp_path)

    sentence = str(refusal.value)
    assert "see that this machine reaches the npm registry, or set AWS_ENDPOINT_URL_DYNAMODB" in sentence
    assert "\n" not in sentence


def test_an_old_java_and_a_stub_of_one_are_passed_over(bare_machine, tmp_path, monkeypatch):
    old = program(tmp_path / "jdk8" / "bin" / "java", "echo 'openjdk version \"1.8.0_392\"' >&2")
    program(bare_machine / "java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")
    monkeypatch.setenv("JAVA_HOME", str(old.parent.parent))

    assert artifacts.find_java() is None


def test_java_home_is_preferred_to_the_path(bare_machine, tmp_path, monkeypatch):
    program(bare_machine / "java", "echo 'openjdk version \"17.0.1\"' >&2")
    chosen = program(tmp_path / "jdk" / "bin" / "java", "echo 'openjdk version \"25\" 2025-09-16' >&2")
    monkeypatch.setenv("JAVA_HOME", str(chosen.parent.parent))

    assert artifacts.find_java() == [str(chosen), "--enable-native-access=ALL-UNNAMED"]


def test_a_package_that_is_not_the_pinned_one_is_refused(bare_machine, tmp_path):
    package = f"{artifacts.ENGINE_PACKAGE}-{artifacts.ENGINE_VERSION}.tgz"
    program(bare_machine / "npm", f'[ "$1" != pack ] || echo forged > {package}')

    with pytest.raises(EngineFilesError, match="SHA-512 differs"):
        artifacts.engine_files(tmp_path)

    assert not (tmp_path / "engine" / artifacts.ENGINE_VERSION).exists()


def test_an_interrupted_download_is_not_taken_for_a_whole_one(tmp_path):
    folder = tmp_path / "engine" / "1"

    with pytest.raises(KeyboardInterrupt):
        fetch_until_interrupted(folder)

    assert [path.name for path in folder.parent.iterdir()] == ["fetch.lock"]


def fetch_until_interrupted(folder):
    with artifacts._absent(folder, notice="") as temporary:
        (temporary / "whole").mkdir()
        raise KeyboardInterrupt
