"""The project's settings, independent of the environment variables of a developer or a CI job."""

import os

for name in (
    "ALLOWED_HOSTS",
    "AWS_ENDPOINT_URL",
    "AWS_PROFILE",
    "COLLECTED_STATIC",
    "CSRF_TRUSTED_ORIGINS",
    "DATABASE_URL",
    "DEBUG",
    "HTTPS_ONLY",
    "LOG_JSON",
    "LOG_LEVEL",
    "ORDERS_API_RATE",
    "ORDERS_AUTH_FAILURE_RATE",
    "ORDERS_DYNAMODB_CLIENT",
    "ORDERS_EXPIRY_HOURS",
    "ORDERS_INDEX_SHARDS",
    "ORDERS_TABLE",
    "SSM_PARAMETER",
    "STATIC_URL",
    "TRUSTED_PROXIES",
):
    os.environ.pop(name, None)

# With a key in the environment, no .env file is read.
os.environ["SECRET_KEY"] = "only-for-tests"
os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "local"
os.environ["AWS_REGION"] = "ap-south-1"

from ordersite.settings import *  # noqa: E402, F403 (the environment must be clean first)

# Most tests log a user in, and passwords of tests need no slow hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
