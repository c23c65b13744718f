"""Each start is a process of its own, in a copy of the settings: what the developer keeps in .env plays no part."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
READ = """
import json
from ordersite import settings
names = "SECRET_KEY", "DEBUG", "ORDERS_TABLE", "ORDERS_EXPIRY_HOURS", "ORDERS_INDEX_SHARDS", "AWS_REGION"
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


@pytest.fixture
def project(tmp_path):
    shutil.copytree(PROJECT / "ordersite", tmp_path / "ordersite", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def start(project, read=READ, **environment):
    return subprocess.run(  # noqa: S603 (this project's own settings)
        [sys.executable, "-c", read], cwd=project, env=environment, capture_output=True, text=True, check=False
    )


def read(project, **environment):
    done = start(project, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(project, **environment):
    done = start(project, **environment)
    assert done.returncode == 1
    return done.stderr.strip().splitlines()[-1]


def test_a_start_without_a_secret_key_is_refused_with_what_to_do(project):
    assert refusal(project) == (
        "django.core.exceptions.ImproperlyConfigured: SECRET_KEY is not set. Set it to a long random string; on a "
        "developer's machine set DEBUG=true instead, or let `make run` set everything up."
    )


@pytest.mark.parametrize("debug", ["", "false", "0"])
def test_debug_that_is_off_is_no_secret_key(project, debug):
    assert "SECRET_KEY is not set" in refusal(project, DEBUG=debug)


def test_an_empty_secret_key_is_none(project):
    assert "SECRET_KEY is not set" in refusal(project, SECRET_KEY="")


def test_a_secret_key_is_all_that_a_start_needs(project):
    assert read(project, SECRET_KEY="long and random") == {
        "SECRET_KEY": "long and random",
        "DEBUG": False,
        "ORDERS_TABLE": "Orders",
        "ORDERS_EXPIRY_HOURS": 60,
        "ORDERS_INDEX_SHARDS": 1,
        "AWS_REGION": "ap-south-1",
    }


def test_a_developer_needs_debug_only(project):
    assert read(project, DEBUG="true")["DEBUG"] is True


def test_the_environment_sets_what_it_names(project):
    variables = {"ORDERS_TABLE": "Other", "ORDERS_EXPIRY_HOURS": "2", "ORDERS_INDEX_SHARDS": "4", "AWS_REGION": "eu-1"}
    found = read(project, SECRET_KEY="x", **variables)
    assert (found["ORDERS_TABLE"], found["AWS_REGION"]) == ("Other", "eu-1")
    assert (found["ORDERS_EXPIRY_HOURS"], found["ORDERS_INDEX_SHARDS"]) == (2, 4)


@pytest.mark.parametrize("name", ["ORDERS_INDEX_SHARDS", "ORDERS_EXPIRY_HOURS"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5"])
def test_what_is_no_whole_number_of_one_or_more_is_refused_by_name(project, name, value):
    sentence = f"ImproperlyConfigured: {name} is '{value}'; it must be a whole number of 1 or more."
    assert refusal(project, SECRET_KEY="x", **{name: value}).endswith(sentence)


def test_a_developers_env_file_is_read(project):
    (project / ".env").write_text("DEBUG=true\nORDERS_TABLE=FromFile\n")
    assert read(project)["ORDERS_TABLE"] == "FromFile"


def test_the_environment_comes_before_the_env_file(project):
    (project / ".env").write_text("DEBUG=true\nORDERS_TABLE=FromFile\n")
    assert read(project, ORDERS_TABLE="FromEnvironment")["ORDERS_TABLE"] == "FromEnvironment"


def test_no_file_is_read_where_the_environment_holds_the_secret_key(project):
    (project / ".local").mkdir()
    for file in (project / ".env", project / ".local" / "env"):
        file.write_text("DEBUG=true\nORDERS_TABLE=FromFile\nSECRET_KEY=from-file\n")
    found = read(project, SECRET_KEY="from the environment")
    assert (found["SECRET_KEY"], found["DEBUG"], found["ORDERS_TABLE"]) == ("from the environment", False, "Orders")


@pytest.mark.parametrize(("query", "seconds"), [("", 5), ("?sslmode=require", 5), ("?connect_timeout=9", 9)])
def test_a_postgresql_that_does_not_answer_is_not_waited_for_without_end(project, query, seconds):
    read = "from ordersite import settings; print(settings.DATABASES['default']['OPTIONS']['connect_timeout'])"
    variables = {"SECRET_KEY": "x", "DATABASE_URL": f"postgres://orders:hush@db/orders{query}"}
    assert int(start(project, read=read, **variables).stdout) == seconds
