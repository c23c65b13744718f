"""How the app gets to AWS and what stands around it there. Runs on the operator's machine; never shipped.

`python -m deploy deploy prod` is what `make deploy` calls; `hooks` is what Zappa itself calls on the way.
"""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
