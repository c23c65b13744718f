"""The DynamoDB engine for development and tests, and `make run`.

For Linux and macOS, without an AWS account. Only `demo` and `serve` import Django. Not part of the Lambda package.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ROOT = PROJECT / ".local"
"""The folder of downloads, orders and logs. Git ignores it."""
