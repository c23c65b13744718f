"""The tables of settings, error codes and libraries list what the code has."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
READ = re.compile(r'\benv\.\w+\(\s*"([A-Z_]+)"(?:, default=(?:"([^"]+)"|(\d+)))?')

CODE = re.compile(r"^ +(?:default_)?code(?:: [^=]+)? = \"(\w+)\"$", re.MULTILINE)


def rows(page):
    """The first two cells of each row of its tables."""
    return [re.split(r" \| ", line[2:])[:2] for line in page.read_text().splitlines() if line.startswith("| ")]


def test_configuration_lists_every_setting_with_its_default():
    cells = rows(ROOT / "docs" / "configuration.md")
    listed = {name: default for names, default in cells for name in re.findall(r"`([A-Z_]+)`", names)}
    files = ("ordersite/settings.py", "gunicorn.conf.py")
    read = {name: text or number for file in files for name, text, number in READ.findall((ROOT / file).read_text())}
    engines = {"AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"}
    assert listed.keys() == read.keys() | engines
    # The default of SECRET_KEY depends on DEBUG, and one row has three variables.
    defaults = {name: read[name] for name in read.keys() - {"SECRET_KEY", "ADMIN_USERNAME"} if read[name]}
    assert {name: listed[name].strip("`") for name in defaults} == defaults


def test_the_api_page_lists_every_error_code():
    text = (ROOT / "docs" / "api.md").read_text()
    files = [*(ROOT / "orders").rglob("*.py"), *(ROOT / "accounts").rglob("*.py"), *(ROOT / "ordersite").rglob("*.py")]
    codes = {code for file in files for code in CODE.findall(file.read_text())}
    assert {"order_not_found", "api_key_expired", "precondition_failed"} <= codes
    assert [code for code in sorted(codes) if f"`{code}`" not in text] == []


def test_the_decision_about_libraries_names_every_dependency():
    text = (ROOT / "docs" / "decisions" / "0005-libraries.md").read_text()
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists = [pyproject["project"]["dependencies"], *pyproject["dependency-groups"].values()]
    names = {re.match(r"[\w-]+", requirement)[0] for requirements in lists for requirement in requirements}
    assert {"django", "uv"} <= names
    assert [name for name in sorted(names) if not re.search(rf"(?<![\w-]){name}(?![\w-])", text)] == []
