"""Runs manage.py commands on a deployed function, as `zappa manage` does."""

import base64
import json

from botocore.config import Config

from deploy.target import StepFailedError, Target

MARGIN_SECONDS = 30


def manage(target: Target, command: str) -> str:
    """Return the end of the function's log, which contains the command's output. Raises StepFailedError."""
    timeout = target.stage.config["timeout_seconds"] + MARGIN_SECONDS
    # Without retries, because the command must not run twice.
    config = Config(read_timeout=timeout, retries={"total_max_attempts": 1})
    functions = target.session.client("lambda", region_name=target.stage.region, config=config)
    reply = functions.invoke(
        FunctionName=target.stage.function, Payload=json.dumps({"manage": command}).encode(), LogType="Tail"
    )
    payload = reply["Payload"].read().decode(errors="replace")
    log = base64.b64decode(reply.get("LogResult", "")).decode(errors="replace").strip()
    if "FunctionError" in reply:
        raise StepFailedError(f"manage.py {command}: failed on {target.stage.function}.\n{log or payload}")
    return log
