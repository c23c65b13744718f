"""The files that tools and GitHub read: they parse, they agree, and what they run exists."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from drf_spectacular.generators import SchemaGenerator

import ordersite
from local.check_lock import mismatches
from tests.local.machine import program

ROOT = Path(__file__).parents[2]
YAML_FILES = [
    ROOT / ".pre-commit-config.yaml",
    *sorted((ROOT / ".github").rglob("*.yml")),
]

CONFIG = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())

PYPROJECT = """
[project]
dependencies = ["django>=5.2,<5.3", "psycopg[binary]"]
[dependency-groups]
dev = ["pytest"]
"""
RUNTIME = """
django==5.2.1 \\
    --hash=sha256:00
    # via ordersite (pyproject.toml)
psycopg[binary]==3.2.1
    # via ordersite (pyproject.toml)
"""
DEVELOPMENT = """
pytest==9.0.0
    # via ordersite (pyproject.toml:dev)
"""


@pytest.mark.parametrize("file", YAML_FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_yaml_files_parse(file):
    assert isinstance(yaml.safe_load(file.read_text()), dict)


def test_ci_runs_the_ci_script_on_the_oldest_and_newest_python_without_write_access():
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    [job] = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.13"]
    assert {"run": ".ci/run"} in job["steps"]
    actions = [step["uses"] for step in job["steps"] if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in actions)


def test_pre_commit_hooks_are_local_and_use_the_tools_of_the_virtual_environment():
    [repo] = CONFIG["repos"]
    assert repo["repo"] == "local"
    assert all(hook["language"] == "system" for hook in repo["hooks"])
    assert all(hook["entry"].startswith(".venv/bin/") for hook in repo["hooks"])


LOCKED = (ROOT / "pyproject.toml").read_text()
HOOKS = {
    "ruff-check": ("module.py", '"""A module."""\n', "import os\n"),
    "ruff-format": ("module.py", "x = 1\n", "x  =  1\n"),
    "djade": ("templates/page.html", "{% load i18n %}\n", "{%load i18n%}\n"),
    "lock-files": ("pyproject.toml", LOCKED, LOCKED.replace('"boto3",', '"boto3", "not-pinned",')),
}


@pytest.mark.parametrize("hook", CONFIG["repos"][0]["hooks"], ids=lambda hook: hook["id"])
def test_each_pre_commit_hook_refuses_a_bad_file_and_needs_no_network(tmp_path, hook):
    for file in (ROOT / "pyproject.toml", *ROOT.glob("requirements*.txt")):
        shutil.copy(file, tmp_path)
    shutil.copytree(ROOT / "local", tmp_path / "local", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / "templates").mkdir()
    name, good, bad = HOOKS[hook["id"]]
    command = [*hook["entry"].split(), *([] if hook.get("pass_filenames") is False else [name])]
    passed = []
    for text in (good, bad):
        (tmp_path / name).write_text(text)
        done = subprocess.run(command, check=False, cwd=tmp_path, env={"HTTPS_PROXY": "http://[::1]:9"})
        passed.append(done.returncode == 0 and (tmp_path / name).read_text() == text)  # as pre-commit decides it
    assert passed == [True, False]
    assert "files" not in hook or re.search(hook["files"], name)


def test_package_schema_and_changelog_have_one_version():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    newest = next(heading for heading in headings if re.match(r"\d", heading))
    assert pyproject["project"]["version"] == ordersite.__version__
    assert SchemaGenerator().get_schema(public=True)["info"]["version"] == ordersite.__version__
    assert newest.split()[0] == ordersite.__version__


def test_the_lock_files_match_pyproject():
    assert mismatches(ROOT) == []


@pytest.mark.parametrize(
    ("name", "more_than"), [("requirements.txt", 50), ("requirements-dev.txt", 50), ("requirements-peers.txt", 15)]
)
def test_every_pinned_package_has_hashes(name, more_than):
    pins = re.findall(
        r"^([\w.-]+)(?:\[[^\]]*\])?==[^\n]*(\n +--hash=sha256:[0-9a-f]{64}\b)?", (ROOT / name).read_text(), re.MULTILINE
    )
    assert len(pins) > more_than
    assert [package for package, first_hash in pins if not first_hash] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("pyproject.toml", '"psycopg', '"boto3", "psycopg', "boto3 is not pinned in requirements.txt."),
        ("pyproject.toml", '"pytest"', '"pytest", "ruff"', "ruff is not pinned in the requirements files."),
        (
            "pyproject.toml",
            ">=5.2,<5.3",
            ">=6.0",
            "requirements.txt pins django 5.2.1, but pyproject.toml requires >=6.0.",
        ),
        (
            "pyproject.toml",
            ', "psycopg[binary]"',
            "",
            "psycopg is pinned for pyproject.toml, which no longer lists it.",
        ),
    ],
)
def test_a_lock_file_that_does_not_match_is_reported(tmp_path, name, old, new, message):
    files = {"pyproject.toml": PYPROJECT, "requirements.txt": RUNTIME, "requirements-dev.txt": DEVELOPMENT}
    for file, text in files.items():
        (tmp_path / file).write_text(text)
    assert mismatches(tmp_path) == []

    (tmp_path / name).write_text(files[name].replace(old, new))

    assert mismatches(tmp_path) == [message]
    done = subprocess.run(
        [sys.executable, "-m", "local.check_lock"],
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (1, f"{message}\nRun make lock.\n")


@pytest.mark.parametrize("audit_passes", [True, False])
def test_make_audit_fails_with_a_message_that_also_covers_an_unreachable_service(tmp_path, audit_passes):
    python = program(tmp_path / "python", f'echo "$@" > {tmp_path / "arguments"}; exit {0 if audit_passes else 1}')
    done = subprocess.run(
        ["make", "--silent", "--old-file=setup", "audit", f"BIN={python.parent}"],  # noqa: S607 (as a user runs it)
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert {"pip_audit", "--strict", "requirements.txt", "requirements-dev.txt", "requirements-peers.txt"} <= set(
        (tmp_path / "arguments").read_text().split()
    )
    assert (done.returncode == 0) is audit_passes
    assert ("the vulnerability service (pypi.org) did not respond" in done.stderr) is not audit_passes
