"""The SSM parameter that contains the secrets."""

import json
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from ordersite.secrets import parse_secrets, read_secrets
from tests.deploy.servers import PROJECT, REGION

SECRETS = {"SECRET_KEY": "k" * 50, "DATABASE_URL": "postgres://orders:hush@db/orders", "ADMIN_PASSWORD": "hush"}


def parse(text):
    return parse_secrets("/ordersite/test", text)


def refusal(text):
    with pytest.raises(ImproperlyConfigured) as refused:
        parse(text)
    return str(refused.value)


def test_a_secure_string_in_ssm_is_read(operator):
    operator.client("ssm").put_parameter(Name="/a/b", Type="SecureString", Value=json.dumps(SECRETS))
    assert read_secrets("/a/b", region=REGION) == SECRETS


def test_a_missing_parameter_is_named(operator):
    with pytest.raises(ImproperlyConfigured, match=r"The SSM parameter /not/there does not exist in ap-south-1\."):
        read_secrets("/not/there", region=REGION)


def test_a_parameter_without_permission_is_named(operator, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAUNKNOWNKEY000000")
    with pytest.raises(ImproperlyConfigured, match="The SSM parameter /a/b cannot be read: "):
        read_secrets("/a/b", region=REGION)


def test_optional_values_are_accepted():
    more = {**SECRETS, "ADMIN_USERNAME": "anna", "ADMIN_EMAIL": "anna@example.com", "SECRET_KEY_FALLBACKS": "older"}
    assert parse(json.dumps(more)) == more


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("SECRET_KEY=x", "is not JSON"),
        ('["SECRET_KEY"]', "is not a JSON object but a list"),
        ("{}", "lacks SECRET_KEY, DATABASE_URL, ADMIN_PASSWORD"),
        (json.dumps({**SECRETS, "ADMIN_PASSWORD": ""}), "must contain non-empty strings only; check ADMIN_PASSWORD"),
        (json.dumps({**SECRETS, "SECRET_KEY": 5}), "must contain non-empty strings only; check SECRET_KEY"),
        (json.dumps({**SECRETS, "DEBUG": "true"}), "contains unknown settings: DEBUG"),
    ],
)
def test_an_invalid_parameter_is_named_with_the_reason(text, message):
    assert refusal(text).startswith(f"The SSM parameter /ordersite/test {message}")


@pytest.mark.parametrize("text", ['{"SECRET_KEY": "hush"', json.dumps({"SECRET_KEY": "hush"})])
def test_no_message_contains_a_secret(text):
    assert "hush" not in refusal(text)


def test_an_invalid_value_in_the_parameter_is_refused_with_the_name_of_the_setting(operator):
    wrong = json.dumps({**SECRETS, "DATABASE_URL": "mysql://orders:hush@db/orders"})
    operator.client("ssm").put_parameter(Name="/wrong/url", Type="SecureString", Value=wrong)
    done = subprocess.run(
        [sys.executable, "-c", "import ordersite.settings"],
        cwd=PROJECT,
        env={**operator.environment, "SSM_PARAMETER": "/wrong/url", "AWS_REGION": REGION, "SECRET_KEY": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ImproperlyConfigured: DATABASE_URL is not a valid database URL" in done.stderr
    assert "hush" not in done.stderr
