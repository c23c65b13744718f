"""How `make` creates .venv, in a copy of the project with empty requirements files, and what it keeps."""

import os
import shutil
import signal
import site
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from local import PROJECT
from local.setup import STAMP
from tests.local.checkout import Checkout
from tests.local.machine import comes_true, free_port, obey_permissions, processes_with, until_banner
from tests.local.wheels import make_wheel

SETTING_UP = "Installing 0 packages into .venv (once, about 1 minute)\n"
MISSING = "no-such-package-of-ours==1\n"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same for all tests, because an environment works in the folder in which it was created only."""
    return tmp_path_factory.mktemp("setup") / "ordersite"


@pytest.fixture
def checkout(folder):
    """A fresh checkout without an environment."""
    yield fresh_checkout(folder)
    shutil.rmtree(folder, ignore_errors=True)


def fresh_checkout(folder):
    checkout = Checkout(folder)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text("# nothing\n")
    return checkout


@pytest.fixture(scope="module")
def environments(folder):
    """A copy of the environment that each of these targets creates. Creating one takes seconds of CPU time."""
    copies = folder.with_name("environments")
    checkout = fresh_checkout(folder)
    (folder / "requirements-dev.txt").write_text(MISSING)
    make(checkout, "setup-run", **OFFLINE)  # it does not install the development packages
    copy_environment(folder / ".venv", copies / "setup-run")
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    make(checkout, "setup")
    copy_environment(folder / ".venv", copies / "setup")
    shutil.rmtree(folder)
    return copies


def copy_environment(source, target):
    """With hard links, except for the file that a set-up changes in place."""

    def copy(path, to):
        (shutil.copy if Path(path).name == STAMP else os.link)(path, to)

    shutil.copytree(source, target, symlinks=True, copy_function=copy)


@pytest.fixture
def ready(checkout, environments):
    """A checkout after `make setup`."""
    copy_environment(environments / "setup", checkout.folder / ".venv")
    return checkout


@pytest.fixture
def ready_to_run(checkout, environments):
    """A checkout after `make setup-run`."""
    copy_environment(environments / "setup-run", checkout.folder / ".venv")
    return checkout


def make(checkout, *arguments, **variables):
    done = checkout.run("make", "--silent", f"PYTHON={sys.executable}", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def prefix_of(checkout):
    """The environment that its own Python reports."""
    return checkout.run(".venv/bin/python", "-c", "import sys; print(sys.prefix)").stdout.strip()


def assert_recreates(checkout, target):
    """That `make` removes the environment and creates its Python. Then it is killed, because the rest is slow."""
    environment = checkout.folder / ".venv"
    marker, *parts = (environment / name for name in ("marker", "pyvenv.cfg", "bin/python"))
    marker.touch()
    with started(checkout, target) as run:
        assert run.stdout.readline() == SETTING_UP
        assert comes_true(lambda: not marker.exists() and all(map(Path.exists, parts)), within=60)


def test_moving_the_folder_or_removing_its_python_recreates_the_environment_and_keeps_the_orders(ready, tmp_path):
    orders = ready.folder / ".local" / "dynamodb" / "data" / "shared-local-instance.db"
    orders.parent.mkdir(parents=True)
    orders.write_text("orders")
    assert make(ready, "setup") == ""

    ready.folder = ready.folder.rename(tmp_path / "moved")
    assert make(ready, "setup") == SETTING_UP
    assert prefix_of(ready) == str(tmp_path / "moved" / ".venv")
    assert (ready.folder / ".venv" / "bin" / "pip").read_text().startswith(f"#!{tmp_path / 'moved'}")

    for path in (ready.folder / ".venv" / "bin").glob("python*"):
        path.unlink()
        path.symlink_to("/does/not/exist/python")
    assert_recreates(ready, "setup")
    assert prefix_of(ready) == str(tmp_path / "moved" / ".venv")
    assert (ready.folder / ".local" / "dynamodb" / "data" / orders.name).read_text() == "orders"


def test_make_test_adds_the_development_packages_and_make_run_keeps_them(ready_to_run):
    checkout = ready_to_run
    (checkout.folder / ".venv" / "marker").touch()

    assert make(checkout, "setup") == SETTING_UP
    assert make(checkout, "setup-run") == ""
    assert make(checkout, "setup") == ""

    assert (checkout.folder / ".venv" / "marker").exists()


def test_make_run_installs_no_development_packages_and_works_after_a_failure_to_add_them(ready_to_run):
    (ready_to_run.folder / "requirements-dev.txt").write_text(MISSING)
    assert make(ready_to_run, "setup-run", **OFFLINE) == ""

    done = ready_to_run.run("make", f"PYTHON={sys.executable}", "setup", **OFFLINE)

    assert "Installing 1 package into .venv" in done.stderr
    assert "No matching distribution found for no-such-package-of-ours==1" in done.stderr
    assert (
        "Setting up failed: pip could not install the packages; see the reason above. Correct it and try again."
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert make(ready_to_run, "setup-run") == ""


@pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
def test_a_change_to_either_requirements_file_recreates_the_environment(ready, changed):
    (ready.folder / changed).write_text("# no packages\n")

    assert_recreates(ready, "setup")


def test_an_interrupted_addition_recreates_the_environment(ready_to_run):
    (ready_to_run.folder / "requirements-dev.txt").write_text(f"slow @ http://127.0.0.1:{free_port()}/slow.zip\n")
    with started(ready_to_run, "setup", PIP_RETRIES="100") as killed:
        assert comes_true(lambda: not (ready_to_run.folder / ".venv" / "installed").exists(), within=60)
        os.killpg(killed.pid, signal.SIGKILL)

    assert_recreates(ready_to_run, "setup-run")


def test_a_linked_environment_is_replaced_and_the_target_of_the_link_is_unchanged(checkout, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "file").touch()
    (checkout.folder / ".venv").symlink_to(other)

    with started(checkout, "setup") as run:
        assert run.stdout.readline() == SETTING_UP
        assert comes_true((checkout.folder / ".venv" / "bin" / "python").exists, within=60)

    assert not (checkout.folder / ".venv").is_symlink()
    assert [path.name for path in other.iterdir()] == ["file"]


def test_an_environment_without_its_configuration_file_is_recreated(ready):
    """Another set-up that removes the environment may have got this far."""
    (ready.folder / ".venv" / "pyvenv.cfg").unlink()

    assert_recreates(ready, "setup")
    assert prefix_of(ready) == str(ready.folder / ".venv")


def test_concurrent_set_ups_wait_for_each_other_and_a_killed_one_is_repeated(checkout):
    with started(checkout, "setup") as killed:
        assert comes_true((checkout.folder / ".venv" / "pyvenv.cfg").exists, within=60)
        os.killpg(killed.pid, signal.SIGKILL)

    with started(checkout, "setup") as one, started(checkout, "setup") as other:
        output = one.communicate()[0] + other.communicate()[0]

    assert (one.returncode, other.returncode) == (0, 0)
    assert output.count(SETTING_UP) == 1
    assert make(checkout, "setup") == ""
    assert make(checkout, "setup-run") == ""


def test_a_terminal_shows_the_progress_of_pip_and_a_log_does_not(ready_to_run, environments, tmp_path):
    checkout = ready_to_run
    make_wheel(tmp_path / "wheels", "tiny", "1", {"tiny.py": ""})
    (checkout.folder / "requirements-dev.txt").write_text("tiny==1\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    terminal, terminal_end = os.openpty()

    with started(checkout, "setup", stderr=terminal_end, **offline) as run:
        os.close(terminal_end)
        shown = read_terminal(terminal)
        assert run.wait() == 0

    notice = "Installing 1 package into .venv (once, about 1 minute)"
    assert shown.startswith(notice)
    assert shown.index("fetching 1 of 1") < shown.index("unpacking")
    assert shown.endswith("\r\x1b[K")
    shutil.rmtree(checkout.folder / ".venv")
    copy_environment(environments / "setup-run", checkout.folder / ".venv")
    assert make(checkout, "setup", **offline) == f"{notice}\n"


def read_terminal(terminal):
    output = b""
    with suppress(OSError):  # its last writer has closed it
        while chunk := os.read(terminal, 1000):
            output += chunk
    os.close(terminal)
    return output.decode()


def test_clean_keeps_the_orders_and_clean_data_removes_them(checkout):
    data = [checkout.folder / name for name in (".local/dynamodb/data/orders.db", "db.sqlite3", "db.sqlite3-journal")]
    for path in (*data, checkout.folder / ".venv" / "x", checkout.folder / ".local" / "engine" / "x"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()

    make(checkout, "clean")
    assert all(path.exists() for path in data)
    assert not (checkout.folder / ".venv").exists()
    assert not (checkout.folder / ".local" / "engine").exists()

    make(checkout, "clean-data")
    assert not any(path.exists() for path in data)


# --- In a terminal with variables of other projects -------------------------------------------------------------------


def test_make_run_and_a_second_command_ignore_exported_variables(checkout, tmp_path):
    exported = foreign_variables(tmp_path)
    make(checkout, "setup", **exported)
    share_packages_and_engine(checkout)

    port = free_port()
    with started(checkout, "run", f"PORT={port}", **exported) as run:
        output = until_banner(run)
        assert "Ordersite is running" in output, output
        variables = without_other_code(exported)
        done = checkout.run(".venv/bin/python", "manage.py", "expire_orders", "--dry-run", **variables)
        assert (done.returncode, "Dry run: nothing was written." in done.stdout) == (0, True), done.stderr
        refused = checkout.run("make", "--silent", f"PYTHON={sys.executable}", "clean-data")
        assert f"Ordersite is already running in this folder: http://127.0.0.1:{port} (process " in refused.stderr
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        rest = run.communicate()[0]

    assert ("Stopped. The orders are kept" in rest, "Traceback" in output + rest) == (True, False)
    assert processes_with(checkout.folder) == []


def foreign_variables(tmp_path):
    """What a company's set-up or another project may have exported."""
    home, packages = tmp_path / "home", tmp_path / "packages"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[default\n")
    home.chmod(0o500)
    packages.mkdir()
    (packages / "django.py").write_text("raise SystemExit('not this one')\n")
    return {
        "HOME": str(home),
        "AWS_PROFILE": "foo",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_ENDPOINT_URL": "",
        "AWS_REGION": "",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "DJANGO_SETTINGS_MODULE": "other.settings",
        "HTTPS_ONLY": "true",
        "PYTHONHOME": "/does/not/exist",
        "PYTHONPATH": str(packages),
        "PYTHONSAFEPATH": "1",
        "PYTHONWARNINGS": "error",
        "PIP_TARGET": str(packages),
        "PIP_USER": "1",
        "npm_config_offline": "true",
        "VIRTUAL_ENV": "/does/not/exist",
    }


def without_other_code(exported):
    """The variables without those that make any Python load other code, also outside `make`."""
    return {
        name: value
        for name, value in exported.items()
        if name not in ("DJANGO_SETTINGS_MODULE", "PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS")
    }


def share_packages_and_engine(checkout):
    """Give the checkout the packages and the engine of this test run, because fetching them again takes minutes."""
    (packages,) = (checkout.folder / ".venv" / "lib").glob("python*/site-packages")
    (packages / "shared.pth").write_text("\n".join(site.getsitepackages()))
    (checkout.folder / ".local" / "engine").symlink_to(PROJECT / ".local" / "engine")
    if (PROJECT / ".local" / "tools").exists():
        (checkout.folder / ".local" / "tools").symlink_to(PROJECT / ".local" / "tools")


@contextmanager
def started(checkout, *arguments, stderr=subprocess.STDOUT, **variables):
    """`make` in its own process group, which is killed at the end."""
    with subprocess.Popen(
        [shutil.which("make"), "--silent", f"PYTHON={sys.executable}", *arguments],
        cwd=checkout.folder,
        env={**checkout.terminal(), **variables},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        start_new_session=True,
        preexec_fn=obey_permissions,  # noqa: PLW1509 - no other thread runs
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
