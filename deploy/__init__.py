"""Deploys the app to AWS and creates what Zappa does not. Runs on the operator's machine and is never shipped.

`make deploy` runs `python -m deploy deploy prod`, which runs Zappa, which in turn calls `deploy.hooks`.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
