"""The tables of packages, modules and tests are complete, and the functions that the page names exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def modules_of(package):
    """Its modules and packages, without those that Django requires under fixed names."""
    found = {path.stem for path in (ROOT / package).glob("*.py")} | {
        path.parent.name for path in (ROOT / package).glob("*/__init__.py")
    }
    return found - {"__init__", "apps", "converters", "migrations"}


def test_the_layers_contain_every_module_of_orders():
    layers = ARCHITECTURE.partition("| layer | modules |")[2].partition("\n\n")[0]
    assert modules_of("orders") - set(re.findall(r"`(\w+)`", layers)) == set()


def test_the_table_of_packages_lists_every_folder_with_code():
    listed = set(re.findall(r"`(\w+)/`", ARCHITECTURE.partition("| package |")[2].partition("\n\n")[0]))
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} | {"templates", "tests"} == listed


def test_the_table_of_tests_lists_every_folder():
    listed = set(re.findall(r"^\| `tests/(\w+)`", (ROOT / "docs" / "testing.md").read_text(), re.MULTILINE))
    assert {path.parent.name for path in ROOT.glob("tests/*/test_*.py")} == listed


NAMED = re.findall(r"`(\w+)`(?: or `(\w+)`)? in\s+`([\w/]+\.py)`", ARCHITECTURE)


@pytest.mark.parametrize(("name", "other", "file"), NAMED)
def test_functions_that_the_architecture_names_exist(name, other, file):
    code = (ROOT / file).read_text()
    assert all(
        re.search(rf"^ *(?:def|class) {function}\b", code, re.MULTILINE) for function in (name, other) if function
    )


def test_the_architecture_follows_a_request_a_bulk_action_and_a_sweep_to_the_store():
    assert {"create", "place", "preview", "change_status", "sweep", "due", "expire"} <= {name for name, *_ in NAMED}
