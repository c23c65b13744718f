"""The contents of the zip, and that the app runs from it."""

import marshal
import os
import re
import sys
import zipfile
from pathlib import PurePosixPath

import pytest

from deploy import package as packaging

LARGEST = 20_000_000
FOREIGN = re.compile(r"^(tests|local|benchmarks|soak|docs|deploy)/|\.env|\.sqlite3|zappa_settings\.json|/tests/|\.po$")

# Handles a request and imports every module, with only the package and the standard library.
SCRIPT = """
import importlib, pkgutil, sys
sys.path.insert(0, sys.argv[1])
from ordersite.function import handler
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 20_000
event = {"httpMethod": "GET", "headers": {"Host": "x.execute-api.ap-south-1.amazonaws.com"},
         "requestContext": {}, "queryStringParameters": None, "body": None}
print(*(handler({**event, "path": path}, Context())["statusCode"] for path in ("/lifecycle", "/admin/login/")))
import accounts, orders, ordersite
for package in accounts, orders, ordersite:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
from orders.text import canonical_email
assert canonical_email("inf@b\u00fccher.example") == "inf@xn--bcher-kva.example"
from django.core.management import call_command
call_command("check")
"""


@pytest.fixture(scope="session")
def names(package):
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_the_package_is_small(package):
    assert package.stat().st_size <= LARGEST


def test_the_report_lists_the_parts_and_their_total(package, deployed):
    output = packaging.report(package, min_size=100_000)
    *parts, total = [float(line.split(" MB ")[0]) for line in output.splitlines()]
    assert total == round(package.stat().st_size / 1e6, 2)
    # The rest is the directory of the zip file.
    assert total * 0.9 < sum(parts) < total
    assert " MB  django\n" in output
    assert output in deployed


def test_make_package_creates_the_zip_without_a_stage_and_shows_its_contents(checkout):
    done = checkout.make_target("package", "STAGE=staging")
    assert done.returncode == 0, done.stdout + done.stderr
    file = checkout.folder / "ordersite-staging.zip"
    assert done.stdout.endswith(f"{packaging.report(file, min_size=50_000)}\n{file.name}\n")
    file.unlink()  # the package of a deploy is found by its name


def test_packages_for_terminals_and_other_servers_are_left_out(names):
    unused = {"gunicorn", "rich", "markdown_it", "mdurl", "pygments", "click", "setuptools", "troposphere"}
    assert {name.partition("/")[0].partition("-")[0].lower() for name in names} & unused == set()


def test_the_package_contains_no_files_for_other_machines(names):
    assert [name for name in names if FOREIGN.search(name)] == []


def test_only_the_required_files_of_swagger_ui_are_packed(names):
    packed = [name.rpartition("/")[2] for name in names if name.startswith("staticfiles/drf_spectacular_sidecar/")]
    assert {re.sub(r"[.][0-9a-f]{12}", "", name) for name in packed if "LICENSE" not in name} == {
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    }
    assert [name for name in names if re.search(r"redoc.*[.]js|[.]map$", name)] == []


def test_botocore_data_is_limited_to_the_services_that_are_called(names):
    services = {name.split("/")[2] for name in names if re.match(r"botocore/data/[^/]+/", name)}
    assert services == set(packaging.BOTO_SERVICES)


def test_only_the_languages_of_the_pages_are_packed(names):
    catalogs = {name for name in names if name.endswith(".mo")}
    assert {name.split("/LC_MESSAGES")[0].rpartition("/")[2] for name in catalogs} == {"de", "en"}
    of_pages = ("locale", "django/conf/locale", "django/contrib/admin/locale", "axes/locale")
    assert {f"{folder}/de/LC_MESSAGES/django.mo" for folder in of_pages} <= catalogs
    assert not any(name.endswith(".po") for name in names)


def test_every_module_has_its_bytecode(names):
    version = "cpython-{}{}".format(*sys.version_info)
    sources = {PurePosixPath(name) for name in names if name.endswith(".py")}
    compiled = {PurePosixPath(name) for name in names if name.endswith(f".{version}.pyc")}
    without = {path for path in sources if path.parent / "__pycache__" / f"{path.stem}.{version}.pyc" not in compiled}
    # Django's templates for new projects are not compiled.
    assert {path for path in without if not str(path).startswith("django/conf/")} == set()


def test_bytecode_is_used_without_reading_the_source(unpacked):
    header = next((unpacked / "orders" / "__pycache__").glob("models.*.pyc")).read_bytes()[:8]
    assert int.from_bytes(header[4:], "little") == 0b01


@pytest.mark.parametrize("source", ["orders/models.py", "django/urls/base.py"])
def test_tracebacks_show_the_paths_on_lambda(unpacked, source):
    path = PurePosixPath(source)
    (compiled,) = (unpacked / path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")
    assert marshal.loads(compiled.read_bytes()[16:]).co_filename == f"/var/task/{source}"  # noqa: S302 (our own file)


def test_the_package_contains_everything_that_the_app_imports(in_package):
    done = in_package(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert "200 200" in done.stdout


# --- The zip of the packages ------------------------------------------------------------------------------------------


@pytest.fixture
def site_packages(tmp_path):
    """A virtual environment's packages: one with bytecode of its own and with a file that is not shipped."""
    package = tmp_path / "site-packages" / "cups"
    (package / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "py.typed", "__pycache__/__init__.pyc"):
        (package / name).write_text("SIZE = 1\n")
    return package.parent


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def test_packages_are_packed_with_bytecode_and_without_unused_files(site_packages, cache):
    with zipfile.ZipFile(packaging.packages(site_packages, cache)) as archive:
        bytecode = "cups/__pycache__/__init__.cpython-{}{}.pyc".format(*sys.version_info)
        assert set(archive.namelist()) == {"cups/__init__.py", bytecode}


def test_unchanged_packages_are_packed_once(site_packages, cache):
    first = packaging.packages(site_packages, cache)
    packed_at = first.stat().st_mtime_ns
    (site_packages / "cups" / "__pycache__" / "new.pyc").touch()  # Python has imported a module
    again = packaging.packages(site_packages, cache)
    assert (again, again.stat().st_mtime_ns) == (first, packed_at)


def change_text(module):
    module.write_text("SIZE = 20\n")


def change_time(module):
    os.utime(module, (1, 1))


def add(module):
    module.with_name("new.py").touch()


@pytest.mark.parametrize("change", [change_text, change_time, add])
def test_changed_packages_are_packed_again_and_replace_the_former_zip(site_packages, cache, change):
    former = packaging.packages(site_packages, cache)
    change(site_packages / "cups" / "__init__.py")
    new = packaging.packages(site_packages, cache)
    assert new != former
    assert [*cache.iterdir()] == [new]
