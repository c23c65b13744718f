import json
import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

from local import PROJECT, engine, environment, processes
from local.banner import Facts, banner
from local.errors import LocalEngineError
from tests.local.machine import comes_true, free_port, obey_permissions, running_for, until_banner


@contextmanager
def make_run(tmp_path, port, preexec_fn=None, **variables):
    """`python -m local` on this port, just started. It is killed at the end, if it still runs."""
    command = [sys.executable, "-m", "local", "--port", str(port), "--root", str(tmp_path / "local")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "preexec_fn": preexec_fn}
    with subprocess.Popen(command, cwd=PROJECT, env=_environment(tmp_path, variables), **pipes) as run:
        try:
            yield run
        finally:
            run.kill()


def _environment(tmp_path, variables):
    """Of a newcomer's shell: nothing of AWS, and nothing that the test run itself was given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DJANGO_", "ORDERS_"))}
    # Named and empty, so that a developer's own .env does not count either.
    no_engine = dict.fromkeys(environment.ENDPOINTS, "")
    home = {"HOME": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"}
    return {**kept, **no_engine, **home, **variables}


def everything_on(port):
    """The processes of the web server on this port."""
    return [pid for pid, line in processes.command_lines() if f"runserver 127.0.0.1:{port}" in line]


def test_two_runs_share_the_orders_and_neither_a_kill_nor_ctrl_c_leaves_a_process(tmp_path):
    ports = free_port(), free_port()
    with make_run(tmp_path, ports[0]) as killed, make_run(tmp_path, ports[1]) as ended:
        said, said_by_other = until_banner(killed), until_banner(ended)
        order = place_order(said)
        killed.kill()
        assert comes_true(lambda: everything_on(ports[0]) == [])
        assert get(said_by_other, f"/orders/{order['order_id']}") == order
        assert len(get(said_by_other, "/orders?limit=100&status=PENDING")["results"]) > 1
        ended.send_signal(signal.SIGINT)
        rest = ended.stdout.read()

    assert "staff / staff" in said
    assert (ended.returncode, "Traceback" in said_by_other + rest) == (0, False)
    assert running_for(tmp_path.resolve()) == everything_on(ports[1]) == []
    assert "DEBUG=true\nAWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:" in (tmp_path / "local" / "env").read_text()


def test_a_named_engine_is_used_and_a_server_that_ends_by_itself_ends_the_run(tmp_path):
    port = free_port()
    with engine.in_memory() as endpoint, make_run(tmp_path, port, AWS_ENDPOINT_URL_DYNAMODB=endpoint) as run:
        assert place_order(until_banner(run))["status"] == "PENDING"
        assert not (tmp_path / "local" / "dynamodb").exists()
        for pid in everything_on(port):
            os.kill(pid, signal.SIGKILL)
        rest = run.stdout.read()

    assert (run.returncode, "The web server ended by itself" in rest) == (1, True)
    assert "Traceback" not in rest


def test_a_taken_port_is_refused_with_a_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with make_run(tmp_path, port) as run:
            said = until_banner(run)
            run.wait()

    assert run.returncode == 1
    advice = r"Port \d+ is taken by another program\. Stop it, or choose another: make run PORT=\d+\n"
    assert re.fullmatch(advice, said)
    assert not (tmp_path / "local").exists()


def test_a_second_run_on_a_port_is_refused_while_the_first_one_starts_and_takes_nothing_from_it(tmp_path):
    port = free_port()
    with make_run(tmp_path, port) as first:
        assert first.stdout.readline() == "Starting the DynamoDB engine\n"
        with make_run(tmp_path, port) as second:
            refusal = until_banner(second)
            second.wait()
        said = until_banner(first)
        assert place_order(said)["status"] == "PENDING"  # so the key that it printed is valid

    advice = (
        r"Port \d+ is taken by another `make run` that is starting\. Stop it, or choose another: make run PORT=\d+\n"
    )
    assert (second.returncode, bool(re.fullmatch(advice, refusal))) == (1, True)


def test_a_port_is_free_again_when_its_run_was_killed(tmp_path):
    port = free_port()
    with make_run(tmp_path, port) as killed:
        killed.stdout.readline()
        killed.kill()
    with make_run(tmp_path, port) as run:
        assert f"http://127.0.0.1:{port}/" in until_banner(run)


@pytest.mark.parametrize("part", ["local", "local/dynamodb/data/shared-local-instance.db", "local/start.lock"])
def test_a_file_of_another_user_is_named_in_a_sentence(tmp_path, part):
    path = tmp_path / part
    if path.suffix:
        path.parent.mkdir(parents=True)
        path.touch()
    else:
        path.mkdir(parents=True)
    path.chmod(0o500)

    with make_run(tmp_path, free_port(), preexec_fn=obey_permissions) as run:
        said = until_banner(run)
        run.wait()

    assert run.returncode == 1
    assert said == (
        f"{path} cannot be written to; it belongs to {path.owner()}. Change the owner: "
        f'sudo chown -R "$(id -un)" {tmp_path / "local"}\n'
    )


def test_a_folder_that_cannot_be_made_is_named_in_a_sentence(tmp_path):
    (tmp_path / "local").touch()

    with make_run(tmp_path, free_port()) as run:
        said = until_banner(run)
        run.wait()

    assert (run.returncode, said) == (1, f"{tmp_path / 'local'} cannot be used: File exists.\n")


@pytest.mark.parametrize(
    ("exported", "command"),
    [({}, ".venv/bin/python manage.py"), ({"SECRET_KEY": "x"}, "env -u SECRET_KEY .venv/bin/python manage.py")],
)
def test_the_command_that_is_shown_works_in_this_terminal(monkeypatch, exported, command):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    facts = Facts(url="http://127.0.0.1:1", key="k", login=True, orders_at="a", accounts_at="b")

    assert f"  Expire old orders  {command} expire_orders --dry-run\n" in banner(facts)


def test_an_engine_that_is_no_url_is_refused_with_what_to_do():
    with pytest.raises(LocalEngineError, match="correct it, or unset AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL"):
        environment.own_endpoint({"AWS_ENDPOINT_URL": "localhost:8000"})


def test_amazons_own_endpoint_is_refused():
    with pytest.raises(LocalEngineError, match="would fill it with demo orders"):
        environment.own_endpoint({"AWS_ENDPOINT_URL": "https://dynamodb.ap-south-1.amazonaws.com"})


@pytest.mark.parametrize(
    "line",
    [
        "AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1",
        "export AWS_ENDPOINT_URL='http://127.0.0.1:1'",
    ],
)
def test_an_engine_may_be_named_in_the_env_file(tmp_path, line):
    (tmp_path / ".env").write_text(f"# mine\n{line}\n")

    assert environment.own_endpoint({}, tmp_path / ".env") == "http://127.0.0.1:1"


def test_profiles_and_proxies_do_not_come_between_the_app_and_the_engine():
    strange = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "no_proxy": "intranet"}

    variables = environment.for_app("http://127.0.0.1:1", strange)

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & variables.keys()
    assert variables["NO_PROXY"] == "intranet,127.0.0.1,localhost,::1"
    assert variables["AWS_ACCESS_KEY_ID"] == "local"


def place_order(said):
    command = re.search(r"^curl -i .*$", said, re.MULTILINE)[0].replace("curl -i", "curl -s", 1)
    done = subprocess.run(command, shell=True, check=True, capture_output=True)  # noqa: S602 - as a person pastes it
    return json.loads(done.stdout)


def get(said, path):
    url, key = re.search(r"curl -i (http://[\d.:]+)/orders -H '(Authorization: [^']+)'", said).groups()
    command = ["curl", "-s", "-H", key, f"{url}{path}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
