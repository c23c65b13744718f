"""Deploys the app to AWS, and creates what Zappa does not. Runs on the operator's machine; never shipped.

`make deploy` runs `python -m deploy deploy prod`. Zappa itself calls `deploy.hooks` meanwhile.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
