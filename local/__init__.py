"""The embedded DynamoDB engine of a laptop and of the tests, and the supervisor behind `make run`.

It runs on Linux and macOS, needs no AWS account, and imports without Django. It never ships to Lambda.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ROOT = PROJECT / ".local"
"""Where everything that is fetched, written or kept goes; git ignores it."""
