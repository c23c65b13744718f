"""Runs MiniStack in its own virtual environment. Records the calls made with roles, corrects two faults, saves time.

Started by tests/deploy/servers.py, without the project on its path.
"""

import hashlib
import json
import os
import tempfile
import threading
import zipfile
from functools import wraps
from pathlib import Path

RECORD = Path(os.environ["ROLE_RECORD"])
ROLE_KEYS = "ASIA"
BINARY = "/binaryMediaTypes/"


def record_calls_of_roles() -> None:
    """Append each decision about a call with a role's credentials to RECORD as one line."""
    from ministack.core import iam_evaluator  # noqa: PLC0415 (before the app, which imports the function)
    from ministack.services import sts  # noqa: PLC0415

    enforce = iam_evaluator.enforce

    @wraps(enforce)
    def recorded(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):  # noqa: PLR0913, PLR0917
        refusal = enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
        if (access_key_id or "").startswith(ROLE_KEYS):
            with RECORD.open("a") as record:
                caller = sts._sessions[access_key_id]["Arn"]
                line = {"by": caller, "action": iam_action, "resource": resource_arn, "allowed": refusal is None}
                record.write(json.dumps(line) + "\n")
        return refusal

    iam_evaluator.enforce = recorded


def decode_binary_media_types() -> None:
    """MiniStack 1.5 does not decode `*~1*` to `*/*` as AWS does, and then returns gzip and fonts empty."""
    from ministack.services import apigateway_v1  # noqa: PLC0415

    apply = apigateway_v1._apply_patch

    def applied(api, patches):
        types = [patch["path"].removeprefix(BINARY) for patch in patches if patch.get("path", "").startswith(BINARY)]
        if types:
            known = api.get("binaryMediaTypes") or []
            api["binaryMediaTypes"] = list({*known, *(name.replace("~1", "/") for name in types)})
        return apply(api, [patch for patch in patches if not patch.get("path", "").startswith(BINARY)])

    apigateway_v1._apply_patch = applied


def report_errors_of_workers() -> None:
    """MiniStack 1.5 reads a worker's standard error in two threads, but reports only what one of them has read."""
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


def unpack_each_package_once() -> None:
    """MiniStack 1.5 unpacks the package for each worker. A package has 5,000 files, which no worker changes."""
    extract, lock = zipfile.ZipFile.extractall, threading.Lock()

    @wraps(extract)
    def extracted(archive, path=None, *others):
        if Path(path or "").name != "code":
            return extract(archive, path, *others)
        digest = hashlib.sha256(Path(archive.filename).read_bytes()).hexdigest()
        folder = Path(tempfile.gettempdir(), f"package-{digest}")
        with lock:
            if not folder.exists():
                partial = folder.with_suffix(".partial")
                extract(archive, partial, *others)
                partial.rename(folder)
        Path(path).rmdir()
        return Path(path).symlink_to(folder)

    zipfile.ZipFile.extractall = extracted


if __name__ == "__main__":
    record_calls_of_roles()
    decode_binary_media_types()
    report_errors_of_workers()
    unpack_each_package_once()
    from ministack.app import main

    main()
