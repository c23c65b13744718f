"""Every printed command exists and accepts its arguments. The examples with curl and the secrets are run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from django.core.management import CommandError, get_commands, load_command_class

from ordersite.secrets import parse_secrets
from tests.curl import send

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"(?<!`)`([^`]+)`")
COMMAND = re.compile(r"(?:[A-Z_]+=\S+ )*(?:make|manage\.py|zappa manage|python -m|\.[\w/]+/python) +\S")
HEREDOC = re.compile(r" <<(\w+)\n.*?^\1$", re.MULTILINE | re.DOTALL)
VARIABLE = re.compile(r"^[A-Z_][A-Z0-9_]*=")

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
MAKE_VARIABLES = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE)) | set(re.findall(r"\$\((T)\)", MAKEFILE))

# Commands of other programs, and the file that runs them with a text that proves it.
TESTED_ELSEWHERE = {
    r"\.local/deploy/venv/bin/gunicorn ordersite\.wsgi": ("tests/deploy/test_gunicorn.py", "gunicorn"),
    r"curl ": ("tests/docs/test_commands.py", "def test_printed_curl_commands_work"),
    r"(cat >|aws ssm put-parameter|rm) .*": (
        "tests/docs/test_commands.py",
        "def test_the_printed_secrets_are_complete",
    ),
}


class Printed(NamedTuple):
    page: Path
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.text[:60]}"


def commands_of_block(language, block):
    block = block.replace("\\\n", " ")
    if language == "console":
        return [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return [line for line in HEREDOC.sub("", block).splitlines() if line.strip()]


def printed_on(page):
    text = page.read_text()
    for language, block in FENCE.findall(text):
        if language in ("bash", "sh", "console"):
            for command in commands_of_block(language, block):
                yield Printed(page, command)
    for code in INLINE.findall(FENCE.sub("", text)):
        if COMMAND.match(code):
            yield Printed(page, code)


PRINTED = [printed for page in PAGES for printed in printed_on(page)]
CURLS = {
    page: [printed.text for printed in PRINTED if printed.page == page and printed.text.startswith("curl ")]
    for page in dict.fromkeys(printed.page for printed in PRINTED if printed.text.startswith("curl "))
}


def words(command):
    """The words of a command without variables in front; a choice in brackets counts as made."""
    found = shlex.split(re.sub(r"[\[\]]", "", command), comments=True)
    while VARIABLE.match(found[0]):
        found = found[1:]
    return found


def problem_of(command):
    """Why the command cannot work, or None."""
    match words(command):
        case ["make", *arguments]:
            return problem_of_make(arguments)
        case ["manage.py", *arguments] | [_, "manage.py", *arguments]:
            return problem_of_manage(arguments)
        case ["zappa", "manage", _, line, *_]:
            return problem_of_manage(line.split())
        case [_, "-m", module, *arguments]:
            return problem_of_module(module, arguments)
    for pattern, (file, proof) in TESTED_ELSEWHERE.items():
        if re.match(pattern, command):
            return None if proof in (ROOT / file).read_text() else f"{file} no longer runs it."
    return "No test runs it."


def problem_of_make(arguments):
    variables = {word.partition("=")[0] for word in arguments if VARIABLE.match(word)}
    targets = {word for word in arguments if not VARIABLE.match(word)}
    if not targets <= TARGETS:
        return f"No make target: {targets - TARGETS}"
    paths = [word for argument in arguments for word in re.split("[= ]", argument) if word.startswith("tests/")]
    if missing := [path for path in paths if not (ROOT / path).exists()]:
        return f"No such tests: {missing}"
    return f"No variable of the Makefile: {variables - MAKE_VARIABLES}" if variables - MAKE_VARIABLES else None


def problem_of_manage(arguments):
    name, *options = arguments
    if name.startswith("…") or name not in get_commands():
        return f"No command of manage.py: {name}"
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    examples = {"HOURS": "2", "N": "2", "D": "2", "S": "2"}
    try:
        command.create_parser("manage.py", name).parse_args([examples.get(option, option) for option in options])
    except (CommandError, SystemExit) as error:
        return f"manage.py {name}: {error}"
    return None


def problem_of_module(module, arguments):
    if module == "pytest":
        return None
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments, "--help"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    if done.returncode:
        return done.stderr
    options = [argument for argument in arguments if argument.startswith("--")]
    return next((f"No option {option}" for option in options if option not in done.stdout), None)


@pytest.mark.parametrize("printed", PRINTED, ids=str)
def test_printed_commands_exist_and_accept_their_arguments(printed):
    assert problem_of(printed.text) is None


@pytest.mark.parametrize(
    "command",
    [
        "make coffee",
        "make run COLOUR=blue",
        "make test T=tests/kitchen",
        'make test T="tests/unit tests/kitchen -k tea"',
        "manage.py brew",
        "manage.py expire_orders --sugar",
        ".venv/bin/python -m benchmarks --sugar",
        ".venv/bin/python -m no_such_module",
        'zappa manage prod "brew --now"',
        "brew install coffee",
    ],
)
def test_a_command_that_does_not_exist_is_found(command):
    assert problem_of(command)


def test_commands_are_found_in_fences_and_in_the_text():
    assert commands_of_block("console", "$ make run \\\n  PORT=1\noutput\n") == ["make run    PORT=1"]
    assert commands_of_block("sh", "cat > a <<END\nmake coffee\nEND\nrm a\n") == ["cat > a", "rm a"]
    assert {"make run", "make deploy STAGE=prod"} <= {printed.text for printed in PRINTED}
    assert CURLS.keys() == {ROOT / "README.md", ROOT / "docs" / "api.md"}


@pytest.mark.parametrize("page", CURLS, ids=lambda page: page.name)
def test_printed_curl_commands_work(page, live_server, table, read_write_key):
    order_id = None
    for command in CURLS[page]:
        ready = command.replace("http://127.0.0.1:8000", live_server.url).replace("<key>", read_write_key)
        status, body = send(ready.replace("<order_id>", order_id or "<order_id>"))
        assert status in (200, 201, 204)
        order_id = (body or {}).get("order_id", order_id)
    assert order_id


def test_the_printed_secrets_are_complete(tmp_path):
    page = (ROOT / "docs" / "operations.md").read_text()
    [block] = [block for _, block in FENCE.findall(page) if "put-parameter" in block]
    stored, arguments = tmp_path / "stored.json", tmp_path / "arguments"
    aws = f'aws() {{ printf "%s\\n" "$@" > {arguments}; cp {tmp_path}/ordersite.json {stored}; }}\n'

    subprocess.run(["bash", "-euc", aws + block.replace("/dev/shm", str(tmp_path))], check=True)  # noqa: S108, S607 (as a shell runs it)

    secrets = parse_secrets("/ordersite/prod", stored.read_text())
    assert len(secrets["SECRET_KEY"]) >= 50
    assert {"--name", "/ordersite/prod", "--type", "SecureString"} <= set(arguments.read_text().split())
    assert not (tmp_path / "ordersite.json").exists()
