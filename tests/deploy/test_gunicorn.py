"""The app on another server, as in docs/operations.md: gunicorn and a cron job for the sweep."""

import http.client
import json
import signal

import pytest

from tests.deploy.deployment import PARAMETER, TABLE
from tests.deploy.servers import free_port, gunicorn

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
        "WEB_CONCURRENCY": "1",
    }


@pytest.fixture(scope="module")
def server(deployed, checkout, tmp_path_factory):
    """The port of gunicorn. At the end, SIGTERM must stop it with exit status 0, as systemd expects."""
    port, log = free_port(), tmp_path_factory.mktemp("gunicorn") / "log"
    command = [checkout.python.with_name("gunicorn")]
    variables = environment(checkout, port)
    with gunicorn(variables, log, is_up=lambda: is_up(port), command=command, folder=checkout.folder) as process:
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()


def is_up(port):
    try:
        return get(port, "/lifecycle").status == 301
    except OSError:
        return False


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    sent = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("GET", path, headers=sent)
    reply = connection.getresponse()
    reply.body = reply.read()
    connection.close()
    return reply


def test_plain_http_is_redirected_except_for_healthz(server):
    redirect = get(server, "/lifecycle")
    assert (redirect.status, redirect.headers["Location"]) == (301, f"https://{HOST}/lifecycle")
    assert json.loads(get(server, "/healthz").body)["checks"] == {"dynamodb": "ok", "database": "ok"}


def test_pages_and_static_files_are_served_behind_a_tls_proxy(server, checkout):
    login = get(server, "/admin/login/", X_Forwarded_Proto="https")
    assert login.status == 200
    assert b'href="/static/' in login.body
    names = json.loads((checkout.folder / "staticfiles" / "staticfiles.json").read_text())["paths"]
    style = get(server, f"/static/{names['orders/dashboard.css']}", X_Forwarded_Proto="https")
    assert style.body == (checkout.folder / "staticfiles" / names["orders/dashboard.css"]).read_bytes()
    assert "immutable" in style.headers["Cache-Control"]


def test_an_unknown_host_is_refused(server):
    reply = get(server, "/lifecycle", X_Forwarded_Proto="https", Host="evil.example")
    assert (reply.status, json.loads(reply.body)["code"]) == (400, "bad_request")


def test_the_sweep_can_print_its_summary_as_json_for_cron(deployed, checkout):
    command = checkout.python, "manage.py", "expire_orders", "--json", "--dry-run"
    done = checkout.run(*command, **environment(checkout, 0))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["dry_run"] is True
