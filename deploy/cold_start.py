"""`python -m deploy.cold_start`: what a start costs, of Zappa's own package, of ours, and of the bare handler.

Each start is a new process that sees the unpacked zip and the standard library, as on Lambda: bytecode that is not in
the zip is made anew each time. The first request needs neither DynamoDB nor PostgreSQL, so it is the start that counts.
Takes turns between the three, so that what else the machine does falls on all alike.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import NamedTuple

from deploy import PROJECT, package

RUNS = 9

START = """
import sys, time
began, used = time.perf_counter(), time.process_time()
sys.path[:0] = sys.argv[3:]
from importlib import import_module
module, function = sys.argv[1].rsplit(".", 1)
handler = getattr(import_module(module), function)
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 28_000
event = {"httpMethod": sys.argv[2], "path": "/lifecycle", "headers": {"Host": "x.execute-api.ap-south-1.amazonaws.com"},
         "requestContext": {}, "queryStringParameters": None, "pathParameters": None, "body": None}
status = handler(event, Context())["statusCode"]
print(round((time.process_time() - used) * 1000), round((time.perf_counter() - began) * 1000), status, file=sys.stderr)
"""

ENVIRONMENT = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "SECRET_KEY": "none",
    "ALLOWED_HOSTS": ".execute-api.ap-south-1.amazonaws.com",
    "STATIC_URL": "/prod/static/",
    "COLLECTED_STATIC": "true",
    "HTTPS_ONLY": "true",
    "LOG_LEVEL": "WARNING",
    "AWS_REGION": "ap-south-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}


class Side(NamedTuple):
    name: str
    size: int
    handler: str
    method: str
    paths: list[Path]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ordersite-cold-") as folder:
        root = Path(folder)
        sides = [*_ours(root), _bare(root)]
        starts: dict[str, list[list[int]]] = {side.name: [] for side in sides}
        for _ in range(RUNS):
            for side in sides:
                starts[side.name].append(_start(side))
        for side in sides:
            cpu, wall = (statistics.median(values) for values in zip(*starts[side.name], strict=True))
            print(f"{side.name:<14} zip {side.size / 1e6:6.2f} MB   CPU {cpu:6.0f} ms   wall {wall:6.0f} ms")


def _ours(root: Path) -> list[Side]:
    """The checkout as Zappa packs it by itself, and the same zip after our hook."""
    checkout = root / "checkout"
    shutil.copytree(PROJECT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.zip", "db.sqlite3*"))
    settings = checkout / "zappa_settings.json"
    stage = json.loads(settings.read_text())["prod"]
    for name in ("callbacks", "attach_policy", "assume_policy"):
        stage.pop(name)
    settings.write_text(json.dumps({"prod": {**stage, "exclude": [".*", "db.sqlite3*"]}}))
    zappa = Path(sys.executable).with_name("zappa")
    subprocess.run(
        [zappa, "package", "prod", "--output", "stock.zip"],
        cwd=checkout,
        env={**os.environ, "VIRTUAL_ENV": sys.prefix},
        check=True,
        capture_output=True,
    )
    stock, ours = checkout / "stock.zip", checkout / "ours.zip"
    shutil.copy(stock, ours)
    package.trim(ours)
    return [
        Side(name, zipped.stat().st_size, "ordersite.function.handler", "GET", [_unpacked(zipped, root / zipped.stem)])
        for name, zipped in (("stock Zappa", stock), ("Ordersite", ours))
    ]


def _bare(root: Path) -> Side:
    """One file; boto3 comes with Lambda's runtime."""
    folder = root / "bare"
    folder.mkdir()
    shutil.copy(PROJECT / "benchmarks" / "baseline.py", folder)
    zipped = shutil.make_archive(str(root / "bare-package"), "zip", folder)
    runtime = Path(sys.prefix) / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    return Side("bare handler", Path(zipped).stat().st_size, "baseline.orders_handler", "PATCH", [folder, runtime])


def _unpacked(zipped: Path, folder: Path) -> Path:
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    return folder


def _start(side: Side) -> list[int]:
    """Milliseconds of CPU and of the clock, for the import and the first answer."""
    command = [sys.executable, "-S", "-B", "-c", START, side.handler, side.method, *map(str, side.paths)]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=side.paths[0], capture_output=True, text=True, check=True)
    cpu, wall, _ = done.stderr.splitlines()[-1].split()
    return [int(cpu), int(wall)]


if __name__ == "__main__":
    main()
