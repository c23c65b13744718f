"""Production settings. Each test loads them in a new process."""

import json
import sys
from pathlib import Path

import pytest

from tests.deploy.servers import PROJECT
from tests.unit.forks import forks

PRODUCTION = {
    "SECRET_KEY": "a-key-of-more-than-fifty-characters-0123456789-abcdefghij",
    "ALLOWED_HOSTS": ".execute-api.ap-south-1.amazonaws.com",
    "DATABASE_URL": "postgres://orders:hush@127.0.0.1:1/orders",
    "COLLECTED_STATIC": "true",
    "HTTPS_ONLY": "true",
    "LOG_JSON": "true",
}


LIBRARIES = (
    "django.core.management",
    "django.forms",
    "django.db.models",
    "django.urls",
    "gunicorn.app.wsgiapp",
    "psycopg",
    "pynamodb.models",
    "yaml",
)
RUN_SCRIPT = "import runpy, sys\nsys.argv = {}\nrunpy.run_path(sys.argv[0], run_name='__main__')"


@pytest.fixture(scope="module")
def run():
    """Runs a script with these arguments and variables in a fork of a process that has imported the libraries."""
    with forks(*LIBRARIES) as forked:

        def run(variables, *arguments):
            return forked.run(RUN_SCRIPT.format([*arguments]), PROJECT, variables)

        yield run


@pytest.fixture
def manage(run):
    def manage(*arguments, **changed):
        return run(PRODUCTION | changed, "manage.py", *arguments)

    return manage


@pytest.fixture
def check(manage):
    def check(**changed):
        return manage("check", "--deploy", "--fail-level=WARNING", **changed)

    return check


def test_check_deploy_passes_with_production_settings(check):
    done = check()
    assert done.returncode == 0, done.stderr


def test_sqlite_is_refused_in_production(check):
    done = check(DATABASE_URL="sqlite:////tmp/db.sqlite3")
    assert done.returncode == 1
    assert "(ordersite.E001)" in done.stderr
    assert "postgres://user:password@host/name" in done.stderr


def test_sqlite_is_allowed_with_debug(manage):
    done = manage("check", DATABASE_URL="sqlite:////tmp/db.sqlite3", DEBUG="true")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"HTTPS_ONLY": "false"}, "security.W008"),
        ({"SECRET_KEY": "short"}, "security.W009"),
        ({"ALLOWED_HOSTS": ""}, "security.W020"),
    ],
)
def test_insecure_settings_are_reported(check, changed, code):
    assert code in check(**changed).stderr


def test_log_lines_are_json_with_an_exception_in_its_own_field(manage):
    code = "import logging; log = logging.getLogger('x')\ntry: 1 / 0\nexcept Exception: log.exception('It %s', 'broke')"
    done = manage("shell", "--no-imports", "-c", code)
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "x", "It broke")
    assert "ZeroDivisionError" in line["exc_info"]
    assert line["time"].endswith("+00:00")


@pytest.fixture
def gunicorn_check(run):
    def gunicorn_check(**changed):
        gunicorn = str(Path(sys.executable).with_name("gunicorn"))
        return run(PRODUCTION | {"COLLECTED_STATIC": "false"} | changed, gunicorn, "--check-config", "ordersite.wsgi")

    return gunicorn_check


@pytest.mark.parametrize(
    "changed", [{}, {"BIND": ":8000"}, {"BIND": "[::1]:8000, unix:/run/orders.sock"}, {"WEB_CONCURRENCY": "4"}]
)
def test_gunicorn_accepts_valid_settings(gunicorn_check, changed):
    done = gunicorn_check(**changed)
    assert done.returncode == 0, done.stderr


BINDS = "addresses with a port, like 127.0.0.1:8000, or unix:/path/to/a/socket, separated by commas"


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("WEB_CONCURRENCY", "9999", "a whole number from 1 to 256"),
        ("WEB_CONCURRENCY", "0", "a whole number from 1 to 256"),
        ("BIND", "8000", BINDS),
        ("BIND", "127.0.0.1:99999", BINDS),
        ("BIND", "http://127.0.0.1:8000", BINDS),
    ],
)
def test_gunicorn_refuses_an_invalid_setting_by_name(gunicorn_check, name, value, takes):
    done = gunicorn_check(**{name: value})
    assert done.returncode == 1
    assert done.stderr.strip() == f"{name} is {value!r}; it must be {takes}."


def test_gunicorn_itself_refuses_a_number_of_workers_that_is_not_a_number(gunicorn_check):
    done = gunicorn_check(WEB_CONCURRENCY="many")
    assert done.returncode == 1
    assert "WEB_CONCURRENCY" in done.stderr
