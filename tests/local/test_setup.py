"""`make` in a checkout of its own, whose lists name no packages: how .venv is made, and what survives."""

import os
import shutil
import signal
import site
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from local import PROJECT
from tests.local.checkout import Checkout
from tests.local.machine import comes_true, free_port, obey_permissions, processes_with, until_banner

SETTING_UP = "Installing 0 packages into .venv (once, about 1 minute)\n"


@pytest.fixture
def checkout(tmp_path):
    checkout = Checkout(tmp_path / "ordersite")
    for name in ("requirements.txt", "requirements-dev.txt"):
        (checkout.folder / name).write_text("# nothing\n")
    return checkout


def make(checkout, *arguments, **variables):
    done = checkout.run("make", "--silent", f"PYTHON={sys.executable}", *arguments, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def python_of(checkout):
    """Where the environment's Python believes that it is."""
    return checkout.run(".venv/bin/python", "-c", "import sys; print(sys.prefix)").stdout.strip()


def test_a_moved_folder_and_a_python_that_is_gone_get_a_new_environment_and_the_orders_stay(checkout, tmp_path):
    orders = checkout.folder / ".local" / "dynamodb" / "data" / "shared-local-instance.db"
    orders.parent.mkdir(parents=True)
    orders.write_text("orders")
    assert make(checkout, "setup") == SETTING_UP
    assert make(checkout, "setup") == ""

    checkout.folder = checkout.folder.rename(tmp_path / "moved")
    assert make(checkout, "setup") == SETTING_UP
    assert python_of(checkout) == str(tmp_path / "moved" / ".venv")
    assert (checkout.folder / ".venv" / "bin" / "pip").read_text().startswith(f"#!{tmp_path / 'moved'}")

    for path in (checkout.folder / ".venv" / "bin").glob("python*"):
        path.unlink()
        path.symlink_to("/does/not/exist/python")
    assert make(checkout, "setup") == SETTING_UP
    assert python_of(checkout) == str(tmp_path / "moved" / ".venv")
    assert (checkout.folder / ".local" / "dynamodb" / "data" / orders.name).read_text() == "orders"


def test_a_changed_list_leaves_nothing_of_the_former_environment(checkout):
    make(checkout, "setup")
    (checkout.folder / ".venv" / "former").touch()
    (checkout.folder / "requirements.txt").write_text("# nothing, in other words\n")

    assert make(checkout, "setup") == SETTING_UP

    assert not (checkout.folder / ".venv" / "former").exists()


def test_the_packages_for_development_are_added_and_make_run_removes_none(checkout):
    assert make(checkout, "setup-run") == SETTING_UP
    (checkout.folder / ".venv" / "former").touch()

    assert make(checkout, "setup") == SETTING_UP
    assert make(checkout, "setup-run") == ""
    assert make(checkout, "setup") == ""

    assert (checkout.folder / ".venv" / "former").exists()


def test_the_environment_of_make_run_lacks_the_development_packages_and_survives_a_failure_to_add_them(checkout):
    (checkout.folder / "requirements-dev.txt").write_text("no-such-package-of-ours==1\n")
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}
    make(checkout, "setup-run", **offline)

    done = checkout.run("make", "--silent", f"PYTHON={sys.executable}", "setup", **offline)

    assert "Installing 1 packages into .venv" in done.stderr
    assert "Setting up failed: pip could not install the packages" in done.stderr
    assert make(checkout, "setup-run") == ""


@pytest.mark.parametrize("changed", ["requirements.txt", "requirements-dev.txt"])
def test_a_changed_list_of_either_kind_gets_a_new_environment(checkout, changed):
    make(checkout, "setup")
    (checkout.folder / ".venv" / "former").touch()
    (checkout.folder / changed).write_text("# no packages\n")

    assert make(checkout, "setup") == SETTING_UP

    assert not (checkout.folder / ".venv" / "former").exists()
    assert make(checkout, "setup-run") == ""


def test_an_interrupted_addition_is_not_taken_for_a_complete_environment(checkout):
    make(checkout, "setup-run")
    (checkout.folder / "requirements-dev.txt").write_text(f"slow @ http://127.0.0.1:{free_port()}/slow.zip\n")
    with started(checkout, "setup", PIP_RETRIES="100") as killed:
        assert comes_true(lambda: not (checkout.folder / ".venv" / "installed").exists(), within=60)
        os.killpg(killed.pid, signal.SIGKILL)

    assert make(checkout, "setup-run") == SETTING_UP


def test_an_environment_that_is_only_a_link_is_replaced_and_what_it_points_to_is_left_alone(checkout, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").touch()
    (checkout.folder / ".venv").symlink_to(other)

    assert make(checkout, "setup") == SETTING_UP

    assert not (checkout.folder / ".venv").is_symlink()
    assert [path.name for path in other.iterdir()] == ["kept"]


def test_concurrent_set_ups_take_turns_and_a_killed_one_is_repeated(checkout):
    with started(checkout, "setup") as killed:
        assert comes_true((checkout.folder / ".venv" / "pyvenv.cfg").exists, within=60)
        os.killpg(killed.pid, signal.SIGKILL)

    with started(checkout, "setup") as one, started(checkout, "setup") as other:
        output = one.communicate()[0] + other.communicate()[0]

    assert (one.returncode, other.returncode) == (0, 0)
    assert output.count(SETTING_UP) == 1
    assert make(checkout, "setup") == ""


def test_a_failed_set_up_shows_the_output_of_pip_and_a_message(checkout):
    (checkout.folder / "requirements.txt").write_text("no-such-package-of-ours==1\n")

    done = checkout.run("make", f"PYTHON={sys.executable}", "setup", PIP_NO_INDEX="1", PIP_FIND_LINKS="")

    assert "No matching distribution found for no-such-package-of-ours==1" in done.stderr
    assert (
        "Setting up failed: pip could not install the packages; see the reason above. Correct it and try again."
        in done.stderr
    )
    assert "Traceback" not in done.stderr


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


# --- From a strange terminal ------------------------------------------------------------------------------------------


def test_make_run_and_a_second_command_ignore_exported_variables(checkout, tmp_path):
    strange = strange_terminal(tmp_path)
    make(checkout, "setup", **strange)
    lend_packages_and_engine(checkout)

    port = free_port()
    with started(checkout, "run", f"PORT={port}", **strange) as run:
        output = until_banner(run)
        assert "Ordersite is running" in output, output
        done = checkout.run(".venv/bin/python", "manage.py", "expire_orders", "--dry-run", **beside(strange))
        assert (done.returncode, "Dry run: nothing was written." in done.stdout) == (0, True), done.stderr
        refused = checkout.run("make", "--silent", f"PYTHON={sys.executable}", "clean-data")
        assert f"Ordersite is already running in this folder: http://127.0.0.1:{port} (process " in refused.stderr
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        rest = run.communicate()[0]

    assert ("Stopped. The orders are kept" in rest, "Traceback" in output + rest) == (True, False)
    assert processes_with(checkout.folder) == []


def strange_terminal(tmp_path):
    """What a company's machine and another project may have left in a terminal."""
    home, packages = tmp_path / "home", tmp_path / "packages"
    (home / ".aws").mkdir(parents=True)
    (home / ".aws" / "config").write_text("[default\n")
    home.chmod(0o500)
    packages.mkdir()
    (packages / "django.py").write_text("raise SystemExit('not this one')\n")
    return {
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


def beside(strange):
    """The same without what decides which program a plain `python manage.py` is, in any project."""
    return {
        name: value
        for name, value in strange.items()
        if name not in ("DJANGO_SETTINGS_MODULE", "PYTHONHOME", "PYTHONPATH", "PYTHONWARNINGS")
    }


def lend_packages_and_engine(checkout):
    """Packages and engine of the running tests, because fetching them again takes minutes."""
    (packages,) = (checkout.folder / ".venv" / "lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()))
    (checkout.folder / ".local" / "engine").symlink_to(PROJECT / ".local" / "engine")
    if (PROJECT / ".local" / "tools").exists():
        (checkout.folder / ".local" / "tools").symlink_to(PROJECT / ".local" / "tools")


@contextmanager
def started(checkout, *arguments, **variables):
    """`make`, just started, as the only one of its process group, which is killed at the end."""
    with subprocess.Popen(
        [shutil.which("make"), "--silent", f"PYTHON={sys.executable}", *arguments],
        cwd=checkout.folder,
        env={**checkout.terminal(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=obey_permissions,  # noqa: PLW1509 - no other thread runs
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
