import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress

import pytest

from local import PROJECT, environment
from local.banner import banner
from local.errors import LocalError
from tests.curl import send
from tests.local.machine import (
    comes_true,
    free_port,
    obey_permissions,
    own_table,
    processes,
    processes_with,
    until_banner,
)


@contextmanager
def make_run(tmp_path, port, preexec_fn=None, **variables):
    """A started `python -m local` on this port. It is killed at the end if it still runs."""
    command = [sys.executable, "-m", "local", "--port", str(port), "--root", str(tmp_path / "local")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "preexec_fn": preexec_fn}
    with subprocess.Popen(command, cwd=PROJECT, env=_environment(tmp_path, variables), **pipes) as run:
        try:
            yield run
        finally:
            run.kill()


def _environment(tmp_path, variables):
    """The environment of a new terminal, without AWS variables and those of the test run."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "DJANGO_", "ORDERS_"))
    }
    # Empty values override the .env of a developer.
    no_engine = dict.fromkeys(environment.ENDPOINTS, "")
    home = {"HOME": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}"}
    return {**inherited, **no_engine, **home, **variables}


def servers_on(port):
    return processes_with(f"local.serve 127.0.0.1:{port}")


def test_a_run_ended_by_any_signal_leaves_no_process_and_keeps_the_orders(tmp_path):
    port = free_port()
    with make_run(tmp_path, port) as killed:
        output = until_banner(killed)
        order = place_order(output)
        killed.kill()
    assert "staff / staff" in output
    assert "DEBUG=true\nAWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:" in (tmp_path / "local" / "env").read_text()

    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        with make_run(tmp_path, port) as run:  # at once, on the same port
            output = until_banner(run)
            assert get(output, f"/orders/{order['order_id']}") == order
            assert len(get(output, "/orders?limit=100&status=PENDING")["results"]) > 1
            run.send_signal(number)
            rest = run.stdout.read()
        assert (run.returncode, "Stopped. The orders are kept" in rest) == (0, True)
        assert "Traceback" not in output + rest
        assert processes_with(tmp_path.resolve()) == servers_on(port) == []


def test_a_configured_engine_is_used_and_the_run_ends_with_its_web_server(tmp_path, engine):
    port = free_port()
    variables = {"AWS_ENDPOINT_URL_DYNAMODB": engine, "ORDERS_TABLE": "ConfiguredOrders"}
    with own_table(engine, "ConfiguredOrders") as client, make_run(tmp_path, port, **variables) as run:
        order_id = place_order(until_banner(run))["order_id"]
        assert client.get_item(TableName="ConfiguredOrders", Key={"order_id": {"S": order_id}})["Item"]
        assert not (tmp_path / "local" / "dynamodb").exists()
        for pid in servers_on(port):
            os.kill(pid, signal.SIGKILL)
        rest = run.stdout.read()

    assert (run.returncode, "The web server ended with code " in rest) == (1, True)
    assert "Traceback" not in rest


def test_the_message_about_a_taken_port_suggests_a_free_one(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with make_run(tmp_path, port) as run:
            output = until_banner(run)
            run.wait()

    assert run.returncode == 1
    advice = r"Port \d+ is taken by another program\. Stop it, or choose another: make run PORT=\d+\n"
    assert re.fullmatch(advice, output)
    assert not (tmp_path / "local" / "dynamodb").exists()


def test_a_second_run_is_refused_and_the_first_prints_its_banner_and_requests_but_no_health_checks(tmp_path):
    port = free_port()
    lock = tmp_path / "local" / "run.lock"
    with make_run(tmp_path, port) as first:
        assert comes_true(lambda: lock.exists() and lock.read_text(), within=60)
        refusals = [refused_run(tmp_path)]  # while the first starts
        output = until_banner(first)
        refusals.append(refused_run(tmp_path))  # while the first serves
        assert place_order(output)["status"] == "PENDING"  # the key that it printed is valid
        get(output, "/healthz")
        first.send_signal(signal.SIGINT)
        rest = first.stdout.read()

    refusal = (
        f"Ordersite is already running in this folder: http://127.0.0.1:{port} (process {first.pid}). "
        f"Stop it first: Ctrl-C in its terminal, or kill {first.pid}\n"
    )
    assert refusals == [refusal, refusal]
    assert output.startswith("\n  Ordersite is running\n\n  Open ")
    assert re.fullmatch(
        r'\n\[.*\] "POST /orders HTTP/1.1" 201 \d+\n\nStopped\. The orders are kept for the next run\.\n', rest
    )


def refused_run(tmp_path):
    """The output of a run that ends with a failure."""
    with make_run(tmp_path, free_port()) as run:
        output = run.stdout.read()
    assert run.returncode == 1
    return output


def test_a_killed_run_leaves_no_process_and_an_engine_that_survives_it_blocks_the_next_run_until_it_is_ended(tmp_path):
    folder = tmp_path / "local" / "dynamodb"
    with make_run(tmp_path, free_port()) as killed:
        order = place_order(until_banner(killed))
        [watcher] = [pid for pid, arguments in processes() if str(folder) in arguments and "child.py" in arguments]
        os.kill(watcher, signal.SIGSTOP)  # so that it cannot end the engine after the first kill
        killed.kill()
        os.kill(watcher, signal.SIGKILL)

    assert refused_run(tmp_path) == (
        f"The processes of an earlier run still use {tmp_path / 'local'}. End them: pkill -f {folder}\n"
    )

    for pid in processes_with(folder):  # what pkill ends; not every machine has it
        os.kill(pid, signal.SIGTERM)
    port = free_port()
    with make_run(tmp_path, port) as killed:
        assert get(until_banner(killed), f"/orders/{order['order_id']}") == order
        killed.kill()
    assert comes_true(lambda: processes_with(tmp_path.resolve()) == servers_on(port) == [], within=30)


def test_a_run_ends_if_its_engine_ends(tmp_path):
    with make_run(tmp_path, free_port()) as run:
        output = until_banner(run)
        for pid in processes_with(tmp_path / "local" / "dynamodb" / "data"):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        rest = run.stdout.read()

    assert "Ordersite is running" in output
    assert (run.returncode, "The DynamoDB engine ended. Its output is in " in rest) == (1, True)


@pytest.mark.parametrize("part", ["local", "local/dynamodb/data/shared-local-instance.db", "local/run.lock"])
def test_the_message_about_an_unwritable_file_contains_its_path_and_owner(tmp_path, part):
    path = tmp_path / part
    if path.suffix:
        path.parent.mkdir(parents=True)
        path.touch()
    else:
        path.mkdir(parents=True)
    path.chmod(0o500)

    with make_run(tmp_path, free_port(), preexec_fn=obey_permissions) as run:
        output = until_banner(run)
        run.wait()

    assert run.returncode == 1
    assert output == (
        f"{path} is not writable. It belongs to {path.owner()}. Change the owner: "
        f'sudo chown -R "$(id -un)" {tmp_path / "local"}\n'
    )


def test_the_message_about_a_folder_that_cannot_be_created_contains_its_path(tmp_path):
    (tmp_path / "local").touch()

    with make_run(tmp_path, free_port()) as run:
        output = until_banner(run)
        run.wait()

    assert (run.returncode, output) == (1, f"{tmp_path / 'local'} cannot be used: File exists.\n")


@pytest.mark.parametrize(
    ("exported", "command"),
    [({}, ".venv/bin/python manage.py"), ({"SECRET_KEY": "x"}, "env -u SECRET_KEY .venv/bin/python manage.py")],
)
def test_the_command_in_the_banner_works_in_this_terminal(monkeypatch, exported, command):
    monkeypatch.delenv("SECRET_KEY", raising=False)
    for name, value in exported.items():
        monkeypatch.setenv(name, value)
    text = banner(url="http://127.0.0.1:1", key="k", login=True, orders_at="a", accounts_at="b")

    assert f"  Expire old orders  {command} expire_orders --dry-run\n" in text


def test_an_engine_address_that_is_not_a_url_is_refused():
    with pytest.raises(LocalError, match="correct it, or unset AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL"):
        environment.own_endpoint({"AWS_ENDPOINT_URL": "localhost:8000"})


def test_amazons_own_endpoint_is_refused():
    with pytest.raises(LocalError, match="would add demo orders to it"):
        environment.own_endpoint({"AWS_ENDPOINT_URL": "https://dynamodb.ap-south-1.amazonaws.com"})


@pytest.mark.parametrize(
    "line",
    [
        "AWS_ENDPOINT_URL_DYNAMODB=http://127.0.0.1:1",
        "export AWS_ENDPOINT_URL='http://127.0.0.1:1'",
    ],
)
def test_the_env_file_can_name_an_engine(tmp_path, line):
    (tmp_path / ".env").write_text(f"# mine\n{line}\n")

    assert environment.own_endpoint({}, tmp_path / ".env") == "http://127.0.0.1:1"


def test_profiles_and_proxies_do_not_divert_the_app_from_the_engine():
    exported = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "t", "no_proxy": "intranet"}

    variables = environment.for_app("http://127.0.0.1:1", exported)

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN"} & variables.keys()
    assert variables["NO_PROXY"] == "intranet,127.0.0.1,localhost,::1"
    assert variables["AWS_ACCESS_KEY_ID"] == "local"


def place_order(output):
    status, order = send(printed_curl(output))
    assert status == 201
    return order


def get(output, path):
    url, key = re.search(r"curl -i (http://[\d.:]+)/orders -H '(Authorization: [^']+)'", output).groups()
    _, body = send(f"curl '{url}{path}' -H '{key}'")
    return body


def printed_curl(output):
    return re.search(r"^curl -i .*$", output, re.MULTILINE)[0]
