"""Runs MiniStack, in its own virtualenv, with a record of what roles ask for added, and two faults corrected.

Started by tests/deploy/servers.py; nothing of the project is on its path.
"""

import json
import os
from functools import wraps
from pathlib import Path

RECORD = Path(os.environ["ROLE_RECORD"])
ROLE_KEYS = "ASIA"
BINARY = "/binaryMediaTypes/"


def record_what_roles_ask_for() -> None:
    """Each decision about a call made with a role's credentials becomes a line of RECORD."""
    from ministack.core import iam_evaluator  # noqa: PLC0415 (before the app, which takes it from there)
    from ministack.services import sts  # noqa: PLC0415

    enforce = iam_evaluator.enforce

    @wraps(enforce)
    def recorded(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):  # noqa: PLR0913, PLR0917
        refusal = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if (access_key_id or "").startswith(ROLE_KEYS):
            with RECORD.open("a") as record:
                who = sts._sessions[access_key_id]["Arn"]
                line = {"by": who, "action": iam_action, "resource": resource_arn, "allowed": refusal is None}
                record.write(json.dumps(line) + "\n")
        return refusal

    iam_evaluator.enforce = recorded


def read_binary_types_as_aws_does() -> None:
    """MiniStack 1.5 keeps `*~1*` where AWS understands `*/*`, and then gives gzip and fonts back empty."""
    from ministack.services import apigateway_v1  # noqa: PLC0415

    apply = apigateway_v1._apply_patch

    def applied(thing, patches):
        types = [patch["path"].removeprefix(BINARY) for patch in patches if patch.get("path", "").startswith(BINARY)]
        if types:
            known = thing.get("binaryMediaTypes") or []
            thing["binaryMediaTypes"] = list({*known, *(name.replace("~1", "/") for name in types)})
        return apply(thing, [patch for patch in patches if not patch.get("path", "").startswith(BINARY)])

    apigateway_v1._apply_patch = applied


def report_why_a_worker_ended() -> None:
    """MiniStack 1.5 reads a worker's standard error in two threads, and reports what one of them has read."""
    from ministack.core.lambda_runtime import Worker  # noqa: PLC0415

    spawn = Worker._spawn

    @wraps(spawn)
    def spawned(worker):
        try:
            return spawn(worker)
        except RuntimeError as error:
            if not str(error).startswith("Worker process exited immediately"):
                raise
            # The other thread ends with the worker.
            worker._stderr_thread.join()
            lines = [str(error)]
            while not worker._stderr_queue.empty():
                lines.append(worker._stderr_queue.get_nowait())
            raise RuntimeError("\n".join(lines)) from error

    Worker._spawn = spawned


if __name__ == "__main__":
    record_what_roles_ask_for()
    read_binary_types_as_aws_does()
    report_why_a_worker_ended()
    from ministack.app import main

    main()
