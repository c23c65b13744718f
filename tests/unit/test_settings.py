"""Each test reads the settings in a process of its own and from a copy, so that a developer's .env has no effect."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.forks import Forks, forks

PROJECT = Path(__file__).parents[2]
READ = """
import json
from ordersite import settings
names = "SECRET_KEY", "DEBUG", "ORDERS_TABLE", "ORDERS_EXPIRY_HOURS", "ORDERS_INDEX_SHARDS", "AWS_REGION"
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


@dataclass(frozen=True)
class Project:
    """A copy of the settings, and what runs code beside it."""

    folder: Path
    forks: Forks


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """A copy with bytecode, which no other process is writing."""
    copy = tmp_path_factory.mktemp("compiled") / "ordersite"
    shutil.copytree(PROJECT / "ordersite", copy, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(copy, quiet=1)
    return copy


@pytest.fixture(scope="module")
def forked_python():
    with forks() as running:
        yield running


@pytest.fixture
def project(compiled, forked_python, tmp_path):
    shutil.copytree(compiled, tmp_path / "ordersite", copy_function=os.link)  # no test changes these files
    return Project(tmp_path, forked_python)


def start(project, read=READ, **environment):
    return project.forks.run(read, project.folder, environment)


def read(project, **environment):
    done = start(project, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(project, **environment):
    done = start(project, **environment)
    assert done.returncode == 1
    return done.stderr.strip().splitlines()[-1]


ENGINE = "http://127.0.0.1:8765"
ENGINE_NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_CONFIG_FILE",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_SESSION_TOKEN",
    "NO_PROXY",
    "ORDERS_TABLE",
)


def write_local_env(project, *lines, engine=ENGINE):
    """Write the file that `make run` creates for a second terminal."""
    (project.folder / ".local").mkdir()
    text = "\n".join(["DEBUG=true", f"AWS_ENDPOINT_URL_DYNAMODB={engine}", *lines])
    (project.folder / ".local" / "env").write_text(f"{text}\n")


def engine_of(project, **environment):
    """The environment for botocore after the settings have been loaded or have raised an error."""
    read = f"""
import json, os
try:
    from ordersite import settings
except Exception:
    pass
print(json.dumps({{name: os.environ.get(name) for name in {ENGINE_NAMES!r}}}))
"""
    return json.loads(start(project, read=read, **environment).stdout)


def test_a_missing_secret_key_is_refused_with_advice(project):
    assert refusal(project) == (
        "django.core.exceptions.ImproperlyConfigured: SECRET_KEY is not set. Set it to a long random string; on a "
        "developer's machine set DEBUG=true instead, or let `make run` set everything up."
    )


@pytest.mark.parametrize("debug", ["", "false", "0"])
def test_the_secret_key_is_required_if_debug_is_off(project, debug):
    assert "SECRET_KEY is not set" in refusal(project, DEBUG=debug)


def test_an_empty_secret_key_is_refused(project):
    assert "SECRET_KEY is not set" in refusal(project, SECRET_KEY="")


def test_only_the_secret_key_is_required(project):
    assert read(project, SECRET_KEY="long and random") == {
        "SECRET_KEY": "long and random",
        "DEBUG": False,
        "ORDERS_TABLE": "Orders",
        "ORDERS_EXPIRY_HOURS": 60,
        "ORDERS_INDEX_SHARDS": 1,
        "AWS_REGION": "ap-south-1",
    }


def test_with_debug_no_other_variable_is_required(project):
    assert read(project, DEBUG="true")["DEBUG"] is True


def test_environment_variables_change_the_settings(project):
    variables = {"ORDERS_TABLE": "Other", "ORDERS_EXPIRY_HOURS": "2", "ORDERS_INDEX_SHARDS": "4", "AWS_REGION": "eu-1"}
    found = read(project, SECRET_KEY="x", **variables)
    assert (found["ORDERS_TABLE"], found["AWS_REGION"]) == ("Other", "eu-1")
    assert (found["ORDERS_EXPIRY_HOURS"], found["ORDERS_INDEX_SHARDS"]) == (2, 4)


@pytest.mark.parametrize(("name", "at_most"), [("ORDERS_INDEX_SHARDS", 100), ("ORDERS_EXPIRY_HOURS", 87600)])
@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "1_0", "\u0663", "99999999", "9" * 30])
def test_a_value_that_is_not_a_whole_number_in_range_is_refused_by_name(project, name, at_most, value):
    message = f"ImproperlyConfigured: {name} is '{value}'; it must be a whole number from 1 to {at_most}."
    assert refusal(project, SECRET_KEY="x", **{name: value}).endswith(message)


RATES = "a number of requests per sec, min, hour or day, like 1200/min"
HOSTS = "host names without scheme and port, like orders.example.com, separated by commas"
ORIGINS = "origins with a scheme and without a path, like https://orders.example.com, separated by commas"
PROXIES = "IP addresses, networks like 10.0.0.0/8, or unix, separated by commas"
TABLES = "3 to 255 letters, digits, dots, dashes or underscores, as DynamoDB names its tables"
WRONG = [
    *((name, "ture", "true or false") for name in ("DEBUG", "HTTPS_ONLY", "COLLECTED_STATIC", "LOG_JSON")),
    *(("ORDERS_API_RATE", rate, RATES) for rate in ("fast", "1200", "0/min", "-1/min", "1200/fortnight", "1.5/sec")),
    ("ORDERS_DYNAMODB_CLIENT", "boto3", "lean or botocore"),
    ("LOG_LEVEL", "LOUD", "one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    *(("ALLOWED_HOSTS", host, HOSTS) for host in ("https://a.example", "a.example:8000", "a.example/x", "a b")),
    *(("CSRF_TRUSTED_ORIGINS", origin, ORIGINS) for origin in ("a.example", "https://a.example/", "https://a:99999")),
    *(
        ("TRUSTED_PROXIES", proxy, PROXIES)
        for proxy in ("nginx", "10.0.0.1/8", "10.0.0.1:80", "0.0.0.0/0", "::/0", "*")
    ),
    *(
        ("AWS_REGION", region, "the name of an AWS region, like ap-south-1")
        for region in ("mumbai", "AP-SOUTH-1", "a b")
    ),
    *(("ORDERS_TABLE", name, TABLES) for name in ("ab", "all orders", "Bestellungen\u00e4", "x" * 256)),
    *(
        ("STATIC_URL", address, "a path or a URL that ends with a slash, like /prod/static/")
        for address in ("/prod/static", "a b/", "ftp://x/", "//evil.example/")
    ),
    ("SSM_PARAMETER", "no such name", "the name of an SSM parameter, like /ordersite/prod"),
    ("ADMIN_USERNAME", "a b", "1 to 150 letters, digits or characters of @.+-_"),
    ("ADMIN_EMAIL", "asha", "an e-mail address"),
]


@pytest.mark.parametrize(("name", "value", "takes"), WRONG)
def test_an_invalid_value_is_refused_with_the_name_and_the_allowed_values(project, name, value, takes):
    message = f"ImproperlyConfigured: {name} is {value!r}; it must be {takes}."
    assert refusal(project, **{"SECRET_KEY": "x", name: value}).endswith(message)


@pytest.mark.parametrize("exported", [{}, {"DJANGO_SETTINGS_MODULE": "another.settings"}])
@pytest.mark.parametrize(
    "command", [["check"], ["migrate"], ["expire_orders", "--dry-run"], ["runserver", "--noreload"]]
)
def test_a_command_reports_an_invalid_setting_in_one_line(project, command, exported):
    shutil.copy(PROJECT / "manage.py", project.folder)
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=project.folder,
        env={"DEBUG": "true", "LOG_LEVEL": "LOUD", **exported},
        capture_output=True,
        text=True,
        check=False,
    )
    message = "LOG_LEVEL is 'LOUD'; it must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL.\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", message)


@pytest.mark.parametrize(("name", "takes"), [("ALLOWED_HOSTS", HOSTS), ("CSRF_TRUSTED_ORIGINS", ORIGINS)])
def test_the_invalid_one_of_several_values_is_named(project, name, takes):
    value = {"ALLOWED_HOSTS": "a.example, b/", "CSRF_TRUSTED_ORIGINS": "https://a.example, b/"}[name]
    assert refusal(project, SECRET_KEY="x", **{name: value}).endswith(f"{name} is 'b/'; it must be {takes}.")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://orders:hush@db/orders",
        "orders:hush@db",
        "postgres://orders:hush@db",
        "postgres://orders:hush@db:port/orders",
        "postgres://orders:hush@db/orders?connect_timeout=soon",
        "sqlite://hush/db.sqlite3",
        "hush",
    ],
)
def test_an_invalid_database_url_is_refused_without_showing_its_password(project, url):
    done = start(project, SECRET_KEY="x", DATABASE_URL=url)
    assert done.returncode == 1
    message = (
        "ImproperlyConfigured: DATABASE_URL is not a valid database URL; it must be "
        "postgres://user:password@host:5432/name or sqlite:////path/to/a/file, with %XX for special characters in "
        "the password."
    )
    assert done.stderr.strip().endswith(message)
    assert "hush" not in done.stderr


ACCEPTED = [
    *(("HTTPS_ONLY", word, "SECURE_SSL_REDIRECT", True) for word in ("true", "True", "on", "yes", "1", " true ")),
    *(("DEBUG", word, "DEBUG", False) for word in ("false", "off", "no", "0", "")),
    ("ORDERS_API_RATE", "5/sec", "ORDERS_API_RATE", [5, 1]),
    ("ORDERS_API_RATE", "90/hour", "ORDERS_API_RATE", [90, 3600]),
    ("ORDERS_EXPIRY_HOURS", "87600", "ORDERS_EXPIRY_HOURS", 87600),
    ("ORDERS_TABLE", "", "ORDERS_TABLE", "Orders"),
    ("LOG_LEVEL", "debug", "LOG_LEVEL", "DEBUG"),
    ("ORDERS_DYNAMODB_CLIENT", "", "ORDERS_DYNAMODB_CLIENT", "lean"),
    ("ORDERS_DYNAMODB_CLIENT", " Botocore ", "ORDERS_DYNAMODB_CLIENT", "botocore"),
    ("ALLOWED_HOSTS", "a.example, .b.example,[::1],*,", "ALLOWED_HOSTS", ["a.example", ".b.example", "[::1]", "*"]),
    (
        "CSRF_TRUSTED_ORIGINS",
        "https://a.example,https://*.b.example:8443",
        "CSRF_TRUSTED_ORIGINS",
        ["https://a.example", "https://*.b.example:8443"],
    ),
    *(("AWS_REGION", name, "AWS_REGION", name) for name in ("us-gov-west-1", "cn-north-1", "eusc-de-east-1")),
    *(("STATIC_URL", url, "STATIC_URL", url) for url in ("/prod/static/", "https://cdn.example/s/", "/")),
    ("SECRET_KEY_FALLBACKS", "$one, two", "SECRET_KEY_FALLBACKS", ["$one", "two"]),
    ("SECRET_KEY", "$ecret", "SECRET_KEY", "$ecret"),
]


@pytest.mark.parametrize(("name", "text", "setting", "value"), ACCEPTED)
def test_the_documented_spellings_are_accepted(project, name, text, setting, value):
    read = f"import json; from ordersite import settings; print(json.dumps(settings.{setting}))"
    done = start(project, read, **{"SECRET_KEY": "x", name: text})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == value


def test_trusted_proxies_are_addresses_and_networks(project):
    read = "from ordersite import settings; print(*settings.TRUSTED_PROXIES)"
    done = start(project, read, SECRET_KEY="x", TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8,2001:db8::/32,unix")
    assert done.stdout.split() == ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32", "unix"]


def test_an_invalid_value_in_the_env_file_is_refused(project):
    (project.folder / ".env").write_text("DEBUG=true\nLOG_LEVEL=LOUD\n")
    assert "LOG_LEVEL is 'LOUD'" in refusal(project)


def test_the_env_file_is_read(project):
    (project.folder / ".env").write_text("DEBUG=true\nORDERS_TABLE=FromFile\n")
    assert read(project)["ORDERS_TABLE"] == "FromFile"


def test_the_environment_takes_precedence_over_the_env_file(project):
    (project.folder / ".env").write_text("DEBUG=true\nORDERS_TABLE=FromFile\n")
    assert read(project, ORDERS_TABLE="FromEnvironment")["ORDERS_TABLE"] == "FromEnvironment"


def test_no_file_is_read_if_the_environment_contains_the_secret_key(project):
    (project.folder / ".local").mkdir()
    for file in (project.folder / ".env", project.folder / ".local" / "env"):
        file.write_text("DEBUG=true\nORDERS_TABLE=FromFile\nSECRET_KEY=from-file\n")
    found = read(project, SECRET_KEY="from the environment")
    assert (found["SECRET_KEY"], found["DEBUG"], found["ORDERS_TABLE"]) == ("from the environment", False, "Orders")


def test_no_file_is_read_if_the_environment_contains_ssm_parameter(project):
    write_local_env(project, "ORDERS_TABLE=FromFile")
    found = engine_of(project, SSM_PARAMETER="/ordersite/prod", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert (found["AWS_ENDPOINT_URL_DYNAMODB"], found["ORDERS_TABLE"]) == (None, None)


def test_the_engine_of_make_run_needs_no_aws_configuration(project):
    write_local_env(project)
    strange = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "AWS_REGION": "", "no_proxy": "intranet"}
    assert engine_of(project, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true", **strange) == {
        **dict.fromkeys(ENGINE_NAMES),
        "AWS_ENDPOINT_URL_DYNAMODB": ENGINE,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "NO_PROXY": "intranet,127.0.0.1,localhost,::1",
    }


@pytest.mark.parametrize("empty", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_an_empty_endpoint_in_the_environment_does_not_select_aws(project, empty):
    (project.folder / ".env").write_text(f"{empty}=http://127.0.0.1:3\n")
    write_local_env(project)
    assert engine_of(project, **{empty: ""})["AWS_ENDPOINT_URL_DYNAMODB"] == ENGINE


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
def test_an_endpoint_in_the_environment_or_the_env_file_takes_precedence_over_make_run(project, name):
    write_local_env(project)
    assert engine_of(project, **{name: "http://127.0.0.1:3"})["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:3"
    (project.folder / ".env").write_text(f"{name}=http://127.0.0.1:4\n")
    assert engine_of(project)["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:4"


def test_a_remote_engine_uses_the_profile_and_cannot_be_bypassed(project):
    write_local_env(project, engine="http://dynamodb.lan:8000")
    found = engine_of(project, AWS_PROFILE="work", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")
    assert (found["AWS_PROFILE"], found["AWS_ENDPOINT_URL_DYNAMODB"]) == ("work", "http://dynamodb.lan:8000")
    assert found["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] == "false"


def test_an_unreadable_env_file_is_refused(project):
    (project.folder / ".local" / "env").mkdir(parents=True)
    assert "/.local/env cannot be read: " in refusal(project, DEBUG="true")


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize("value", ["localhost:8000", "http://", "http://host:port", "ftp://host", "http://[::1"])
def test_an_endpoint_that_is_not_a_url_is_refused_by_name(project, name, value):
    message = f"ImproperlyConfigured: {name} is '{value}'; it must be a URL, like http://127.0.0.1:8000."
    assert refusal(project, SECRET_KEY="x", **{name: value}).endswith(message)


@pytest.mark.parametrize(("query", "seconds"), [("", 3), ("?sslmode=require", 3), ("?connect_timeout=9", 9)])
def test_connecting_to_postgresql_has_a_timeout(project, query, seconds):
    read = "from ordersite import settings; print(settings.DATABASES['default']['OPTIONS']['connect_timeout'])"
    variables = {"SECRET_KEY": "x", "DATABASE_URL": f"postgres://orders:hush@db/orders{query}"}
    assert int(start(project, read=read, **variables).stdout) == seconds


def database(project, **variables):
    read = "import json; from ordersite import settings; print(json.dumps(settings.DATABASES['default']))"
    return json.loads(start(project, read=read, SECRET_KEY="x", **variables).stdout)


@pytest.mark.parametrize(
    "variables", [{}, {"DATABASE_URL": "sqlite:////tmp/other.sqlite3"}], ids=["default", "another"]
)
def test_sqlite_transactions_are_immediate_and_wait_for_each_other(project, variables):
    assert database(project, **variables)["OPTIONS"] == {"transaction_mode": "IMMEDIATE", "timeout": 20}


def test_options_in_the_database_url_take_precedence_over_the_defaults(project):
    found = database(project, DATABASE_URL="sqlite:////tmp/other.sqlite3?timeout=60")
    assert found["OPTIONS"] == {"transaction_mode": "IMMEDIATE", "timeout": 60}
    found = database(
        project, DATABASE_URL="postgres://db/orders?tcp_user_timeout=60000&options=-c%20statement_timeout%3D9s"
    )
    assert (found["OPTIONS"]["tcp_user_timeout"], found["OPTIONS"]["connect_timeout"]) == (60_000, 3)
    assert found["OPTIONS"]["options"] == "-c statement_timeout=9s"
