"""The same app on a machine that is not Lambda, as docs/operations.md has it: gunicorn, and the sweep by cron."""

import http.client
import json
import signal
import subprocess

import pytest

from tests.deploy.deployment import PARAMETER, TABLE
from tests.deploy.servers import end, free_port, wait_until

HOST = "orders.example.com"


def environment(checkout, port):
    return {
        **checkout.aws.environment,
        "BIND": f"127.0.0.1:{port}",
        "SSM_PARAMETER": PARAMETER,
        "ORDERS_TABLE": TABLE,
        "ALLOWED_HOSTS": HOST,
        "COLLECTED_STATIC": "true",
        "HTTPS_ONLY": "true",
        "LOG_JSON": "true",
    }


@pytest.fixture(scope="module")
def server(deployed, checkout, tmp_path_factory):
    """Its port; stopped as systemd stops a service, and then asked whether it went in order."""
    port, log = free_port(), tmp_path_factory.mktemp("gunicorn") / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [checkout.python.with_name("gunicorn"), "ordersite.wsgi"],
            cwd=checkout.folder,
            env=environment(checkout, port),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(port), what="gunicorn's start")
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()
    finally:
        end(process)


def answers(port):
    try:
        return ask(port, "/lifecycle").status == 301
    except OSError:
        return False


def ask(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("GET", path, headers=sent)
    reply = connection.getresponse()
    reply.body = reply.read()
    connection.close()
    return reply


def test_plain_http_is_sent_to_https_and_the_health_is_told_all_the_same(server):
    redirect = ask(server, "/lifecycle")
    assert (redirect.status, redirect.headers["Location"]) == (301, f"https://{HOST}/lifecycle")
    assert json.loads(ask(server, "/healthz").body)["checks"] == {"dynamodb": "ok", "database": "ok"}


def test_behind_a_proxy_that_ends_tls_the_pages_and_their_files_are_there(server, checkout):
    login = ask(server, "/admin/login/", X_Forwarded_Proto="https")
    assert login.status == 200
    assert b'href="/static/' in login.body
    names = json.loads((checkout.folder / "staticfiles" / "staticfiles.json").read_text())["paths"]
    style = ask(server, f"/static/{names['orders/dashboard.css']}", X_Forwarded_Proto="https")
    assert style.body == (checkout.folder / "staticfiles" / names["orders/dashboard.css"]).read_bytes()
    assert "immutable" in style.headers["Cache-Control"]


def test_a_host_that_is_not_ours_is_refused(server):
    reply = ask(server, "/lifecycle", X_Forwarded_Proto="https", Host="evil.example")
    assert (reply.status, json.loads(reply.body)["code"]) == (400, "bad_request")


def test_cron_gets_the_sweeps_summary_as_one_line(deployed, checkout):
    command = checkout.python, "manage.py", "expire_orders", "--json", "--dry-run"
    done = checkout.run(*command, **environment(checkout, 0))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dry_run"] is True
