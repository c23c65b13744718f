"""Cold starts of the trimmed package and of the bare handler, and on request of Zappa's own package.

As on Lambda, each start is a new process that has only the unpacked zip and the standard library, compiles files
without bytecode, and has the environment of production, but SQLite and no SSM parameter. The first request is a GET of
an order. The packages alternate, so that other load on the machine affects all of them.

`main` runs in the virtual environment of `make deploy-venv`, which Zappa packs.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from deploy import PROJECT
from deploy.package import complete, environment_without_packages

RUNS = 9
PYTHON = PROJECT / ".local" / "deploy" / "venv" / "bin" / "python"
OURS, BARE, STOCK = "Ordersite", "bare handler", "stock Zappa"

START = """
import json, sys, time
started_at, cpu_at_start = time.perf_counter(), time.process_time()
sys.path[:0] = sys.argv[4:]
from importlib import import_module
module, function = sys.argv[1].rsplit(".", 1)
handler = getattr(import_module(module), function)
imported = time.process_time()
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 28_000
headers = {"Host": "x.execute-api.ap-south-1.amazonaws.com", "Authorization": "Api-Key " + sys.argv[3]}
event = {"httpMethod": "GET", "path": "/orders/" + sys.argv[2], "pathParameters": {"order_id": sys.argv[2]},
         "headers": headers, "requestContext": {"stage": "prod"}, "queryStringParameters": None, "body": None}
status = handler(event, Context())["statusCode"]
cpu, elapsed = time.process_time(), time.perf_counter() - started_at
assert status == 200, status
print(json.dumps([imported - cpu_at_start, cpu - imported, elapsed]), file=sys.stderr)
"""
PASSED_ON = ("AWS_", "DATABASE_URL", "NO_PROXY", "ORDERS_TABLE", "BASELINE_TABLE")


@dataclass(frozen=True)
class Starts:
    """Medians: milliseconds of CPU time of the import and of the first request, and of elapsed time for both."""

    name: str
    megabytes: float
    import_ms: float
    first_ms: float
    elapsed_ms: float

    @property
    def cpu_ms(self) -> float:
        return self.import_ms + self.first_ms


class Package(NamedTuple):
    name: str
    size: int
    handler: str
    order_id: str
    paths: list[Path]


def measure(
    key: str, order_ids: dict[str, str], *, stock: bool, runs: int = RUNS, report: Callable[[str], object]
) -> list[Starts]:
    """`order_ids` names an order in the table of `ours` and of `bare`."""
    report("cold starts (first Zappa packs the app, about a minute)")
    command = [str(PYTHON), "-m", "benchmarks.cold_start", key, order_ids["ours"], order_ids["bare"], f"--runs={runs}"]
    done = subprocess.run(
        [*command, *(["--stock"] if stock else [])], cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True
    )
    return [Starts(**one) for one in json.loads(done.stdout)]


def main() -> None:
    parser = ArgumentParser(prog="python -m benchmarks.cold_start", description="Used by python -m benchmarks.")
    for name in ("key", "our_order", "bare_order"):
        parser.add_argument(name)
    parser.add_argument("--stock", action="store_true")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ordersite-cold-") as folder:
        root = Path(folder)
        packages = [_bare(root, options.bare_order), *_ours(root, options.our_order, stock=options.stock)]
        starts: dict[str, list[list[float]]] = {package.name: [] for package in packages}
        for _ in range(options.runs):
            for package in packages:
                starts[package.name].append(_start(package, options.key))
    print(json.dumps([asdict(_medians(package, starts[package.name])) for package in packages]))


def _medians(package: Package, starts: Sequence[Sequence[float]]) -> Starts:
    imports, first, elapsed = (median(values) * 1000 for values in zip(*starts, strict=True))
    return Starts(package.name, package.size / 1e6, imports, first, elapsed)


def _ours(root: Path, order_id: str, *, stock: bool) -> list[Package]:
    """The package of a deploy and, if requested, the one that Zappa creates."""
    checkout = root / "checkout"
    shutil.copytree(PROJECT, checkout, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.zip", "db.sqlite3*"))
    settings = checkout / "zappa_settings.json"
    stage = json.loads(settings.read_text())["prod"]
    for name in ("callbacks", "attach_policy", "assume_policy"):
        stage.pop(name)
    settings.write_text(json.dumps({"prod": {**stage, "exclude": [".*", "db.sqlite3*"]}}))
    zipped = {OURS: _zipped(checkout, "ours.zip", environment_without_packages())}
    complete(zipped[OURS])
    if stock:
        zipped[STOCK] = _zipped(checkout, "stock.zip", Path(sys.prefix))
    handler = "ordersite.function.handler"
    return [
        Package(name, file.stat().st_size, handler, order_id, [_unpacked(file, root / file.stem)])
        for name, file in zipped.items()
    ]


def _zipped(checkout: Path, name: str, environment: Path) -> Path:
    """The zip that Zappa creates of the project and the packages of a virtual environment."""
    subprocess.run(
        [Path(sys.executable).with_name("zappa"), "package", "prod", "--output", name],
        cwd=checkout,
        env={**os.environ, "VIRTUAL_ENV": str(environment)},
        check=True,
        capture_output=True,
    )
    return checkout / name


def _bare(root: Path, order_id: str) -> Package:
    """The package of the bare handler: one file, because Lambda's runtime contains boto3."""
    folder = root / "bare"
    folder.mkdir()
    shutil.copy(PROJECT / "benchmarks" / "baseline.py", folder)
    zipped = shutil.make_archive(str(root / "bare-package"), "zip", folder)
    runtime = Path(sys.prefix) / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages"
    return Package(BARE, Path(zipped).stat().st_size, "baseline.orders_handler", order_id, [folder, runtime])


def _unpacked(zipped: Path, folder: Path) -> Path:
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(folder)
    return folder


def _start(package: Package, key: str) -> list[float]:
    """Seconds of CPU time of the import and of the first request, and of elapsed time for both."""
    command = [sys.executable, "-S", "-B", "-c", START, package.handler, package.order_id, key]
    done = subprocess.run(
        [*command, *package.paths],
        env=_environment(),
        cwd=package.paths[0],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"The start of {package.name} failed:\n{done.stderr}")
    seconds: list[float] = json.loads(done.stderr.splitlines()[-1])
    return seconds


def _environment() -> dict[str, str]:
    """The variables of the stage `prod` and those of the benchmark's engine and database."""
    stage = json.loads((PROJECT / "zappa_settings.json").read_text())["prod"]["aws_environment_variables"]
    return {
        **{name: value for name, value in stage.items() if "${" not in value},
        **{name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)},
        "ALLOWED_HOSTS": ".execute-api.ap-south-1.amazonaws.com",
        "LOG_LEVEL": "WARNING",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SECRET_KEY": "only-for-benchmarks",
        "STATIC_URL": "/prod/static/",
    }


if __name__ == "__main__":
    main()
