"""`python -m benchmarks.cold_start`: cold starts of Zappa's own package, the trimmed package and the bare handler.

As on Lambda, each start is a new process that has only the unpacked zip and the standard library, and compiles files
without bytecode. The first request uses neither DynamoDB nor PostgreSQL. The three alternate, so that other load on the
machine affects all of them. Needs the virtual environment of `make deploy-venv`, which Zappa packs.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from argparse import ArgumentParser
from pathlib import Path
from typing import NamedTuple

from deploy import PROJECT
from deploy.package import trim

RUNS = 9
DESCRIPTION = f"""
Measure cold starts of Zappa's own package, the trimmed package and the bare handler: the medians of {RUNS} starts each,
including the first request. Needs the virtual environment of `make deploy-venv`.
"""

START = """
import sys, time
started_at, cpu_at_start = time.perf_counter(), time.process_time()
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
cpu, wall = time.process_time() - cpu_at_start, time.perf_counter() - started_at
print(round(cpu * 1000), round(wall * 1000), status, file=sys.stderr)
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


class Package(NamedTuple):
    name: str
    size: int
    handler: str
    method: str
    paths: list[Path]


def main() -> None:
    ArgumentParser(prog="python -m benchmarks.cold_start", description=DESCRIPTION).parse_args()
    with tempfile.TemporaryDirectory(prefix="ordersite-cold-") as folder:
        root = Path(folder)
        packages = [*_ours(root), _bare(root)]
        starts: dict[str, list[list[int]]] = {package.name: [] for package in packages}
        for _ in range(RUNS):
            for package in packages:
                starts[package.name].append(_start(package))
        for package in packages:
            cpu, wall = (statistics.median(values) for values in zip(*starts[package.name], strict=True))
            print(f"{package.name:<14} zip {package.size / 1e6:6.2f} MB   CPU {cpu:6.0f} ms   wall {wall:6.0f} ms")


def _ours(root: Path) -> list[Package]:
    """The package that Zappa creates, and the same package after trimming."""
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
    trim(ours)
    return [
        Package(name, file.stat().st_size, "ordersite.function.handler", "GET", [_unpacked(file, root / file.stem)])
        for name, file in (("stock Zappa", stock), ("Ordersite", ours))
    ]


def _bare(root: Path) -> Package:
    """The package of the bare handler: one file, because Lambda's runtime contains boto3."""
    folder = root / "bare"
    folder.mkdir()
    shutil.copy(PROJECT / "benchmarks" / "baseline.py", folder)
    zipped = shutil.make_archive(str(root / "bare-package"), "zip", folder)
    runtime = Path(sys.prefix) / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    return Package("bare handler", Path(zipped).stat().st_size, "baseline.orders_handler", "PATCH", [folder, runtime])


def _unpacked(zipped: Path, folder: Path) -> Path:
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    return folder


def _start(package: Package) -> list[int]:
    """Milliseconds of CPU time and of elapsed time, for the import and the first response."""
    command = [sys.executable, "-S", "-B", "-c", START, package.handler, package.method, *map(str, package.paths)]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=package.paths[0], capture_output=True, text=True, check=True)
    cpu, wall, _ = done.stderr.splitlines()[-1].split()
    return [int(cpu), int(wall)]


if __name__ == "__main__":
    main()
