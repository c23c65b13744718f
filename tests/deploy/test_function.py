"""The packaged Lambda function: timeouts, malformed requests, and SnapStart."""

import json
from datetime import datetime
from uuid import UUID

import pytest

# As on Lambda: one process loads the package and handles requests with this much time left.
TIMEOUT_SCRIPT = """
import json, signal, sys, time
sys.path.insert(0, sys.argv[1])
from ordersite.function import handler
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from ordersite import urls
@csrf_exempt
def slow(request):
    # As if the request had used up its time.
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0.001)
    assert 0 < left <= 58.5
    # Short sleeps, because Python handles a signal that arrives just before a sleep only after it.
    while True:
        time.sleep(0.1)
urls.urlpatterns.insert(0, path("slow", slow))
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 60_000
def respond(event):
    responses = [handler({**event, "path": path}, Context()) for path in ("/slow", "/lifecycle")]
    print("END", file=sys.stderr, flush=True)
    return responses
print("RESPONSES", json.dumps([respond(event) for event in json.loads(sys.argv[2])]))
"""
EVENT = {"requestContext": {"stage": "prod"}, "queryStringParameters": None, "body": None}
HOST = "x.execute-api.ap-south-1.amazonaws.com"


JSON, HTML = "application/json", "text/html,*/*"
ADDRESSES = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}
TIMEOUTS = {
    ("GET", JSON, "en"): ADDRESSES,
    ("GET", HTML, "en"): {},
    ("POST", HTML, "en"): {},
    ("GET", HTML, "de"): {},
    ("GET", JSON, "de"): {},
}
"""The requests that exceed their time, by method, Accept and Accept-Language, with other headers."""


@pytest.fixture(scope="module")
def timed_out(in_package):
    """For each of TIMEOUTS the responses to it and to the next request, and the log of both."""
    context = {"stage": "prod", "identity": {"sourceIp": "203.0.113.9"}}
    events = [
        {
            **EVENT,
            "httpMethod": method,
            "headers": {"Host": HOST, "accept": accept, "accept-language": language, **others},
            "requestContext": context,
        }
        for (method, accept, language), others in TIMEOUTS.items()
    ]
    done = in_package(TIMEOUT_SCRIPT, json.dumps(events))
    assert done.returncode == 0, done.stderr
    (responses,) = [line for line in done.stdout.splitlines() if line.startswith("RESPONSES ")]
    *logs, _ = done.stderr.split("END\n")
    parts = zip(json.loads(responses.removeprefix("RESPONSES ")), logs, strict=True)
    return {request: (*pair, log) for request, (pair, log) in zip(TIMEOUTS, parts, strict=True)}


def test_an_api_client_gets_a_problem_document_if_the_request_times_out(timed_out):
    slow, after, log = timed_out["GET", JSON, "en"]
    assert (slow["statusCode"], slow["headers"]["Content-Type"]) == (503, "application/problem+json")
    assert int(slow["headers"]["Retry-After"]) > 0
    document = json.loads(slow["body"])
    assert (document["status"], document["code"]) == (503, "timed_out")
    assert "repeat a POST with its Idempotency-Key" in document["detail"]
    assert after["statusCode"] == 200
    assert slow["headers"]["X-Request-Id"] != after["headers"]["X-Request-Id"]
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["message"].startswith("Timed out")]
    assert (line["message"], line["level"]) == ("Timed out after 58.5 s: GET /slow", "ERROR")
    assert line["request_id"] == slow["headers"]["X-Request-Id"]
    assert "in slow\n" in line["exc_info"]


@pytest.mark.parametrize(
    ("method", "message"),
    [("GET", "Try again in a moment."), ("POST", "your change may or may not have been saved")],
)
def test_a_browser_gets_a_page_if_the_request_times_out(timed_out, method, message):
    slow, _, _ = timed_out[method, HTML, "en"]
    assert (slow["statusCode"], slow["headers"]["Content-Type"]) == (503, "text/html; charset=utf-8")
    assert message in slow["body"]
    assert 'href="/prod/dashboard/"' in slow["body"]


def test_the_page_after_a_timeout_is_in_the_language_of_the_browser(timed_out):
    slow, after, _ = timed_out["GET", HTML, "de"]
    assert '<html lang="de">' in slow["body"]
    assert "Versuchen Sie es" in slow["body"]
    assert after["statusCode"] == 200


def test_the_problem_after_a_timeout_is_in_english(timed_out):
    slow, _, _ = timed_out["GET", JSON, "de"]
    assert json.loads(slow["body"])["detail"].startswith("The request timed out")


def test_the_access_log_has_the_address_from_the_gateway(timed_out):
    _, _, log = timed_out["GET", JSON, "en"]
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    (line,) = [line["message"] for line in lines if line["logger"] == "zappa.wsgi"]
    assert line.startswith("203.0.113.9 ")
    assert "198.51.100.7" not in log


# --- Malformed requests -----------------------------------------------------------------------------------------------

SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from ordersite.function import handler
class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 20_000
print("RESPONSES", json.dumps([handler(event, Context()) for event in json.loads(sys.argv[2])]))
"""


@pytest.fixture(scope="module")
def handle(in_package):
    """Returns the function's responses to these requests, which are GET /lifecycle by default."""

    def handle(*requests):
        headers = [{"Host": HOST, **request.pop("headers", {})} for request in requests]
        event = {**EVENT, "httpMethod": "GET", "path": "/lifecycle"}
        events = [{**event, "headers": sent, **request} for sent, request in zip(headers, requests, strict=True)]
        done = in_package(SCRIPT, json.dumps(events))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.rpartition("RESPONSES ")[2])

    return handle


def test_no_charset_causes_a_failure(handle):
    named = [f"text/plain; charset={charset}" for charset in ("rot13", "unicode_escape", "hex", "nonsense", "a\0b")]
    query = {"multiValueQueryStringParameters": {"x": ["%5Cud800"]}}
    requests = [{"headers": {"Content-Type": content_type}, "path": "/nothing", **query} for content_type in named]
    for reply in handle(*requests):
        assert (reply["statusCode"], json.loads(reply["body"])["code"]) == (404, "not_found")
        assert UUID(reply["headers"]["X-Request-Id"])


def test_a_lone_surrogate_causes_no_failure(handle):
    parameter = {"multiValueQueryStringParameters": {"\ud800": ["\udfff"]}}
    path, query, header = handle({"path": "/\ud800"}, parameter, {"headers": {"Cookie": "x=\ud800; y=€"}})
    assert (path["statusCode"], query["statusCode"], header["statusCode"]) == (404, 400, 200)
    assert json.loads(query["body"])["errors"][0]["code"] == "unknown_parameter"


def test_a_request_that_zappa_cannot_parse_gets_an_error_response(handle):
    program, browser = handle(
        {"httpMethod": "POST", "body": "x", "isBase64Encoded": True},
        {"httpMethod": "POST", "body": "x", "isBase64Encoded": True, "headers": {"Accept": "text/html"}},
    )
    assert (program["statusCode"], json.loads(program["body"])["code"]) == (500, "internal_error")
    assert (browser["statusCode"], browser["headers"]["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert UUID(program["headers"]["X-Request-Id"])
    assert "Traceback" not in program["body"]


# --- SnapStart --------------------------------------------------------------------------------------------------------

# SnapStart saves the memory of a process that has loaded the package, and each start continues from there. The test
# simulates this with a fork. Python reseeds its random numbers in a child process, so the script restores the state of
# the snapshot. os.urandom and the clock come from the kernel and are fresh in both cases.
# https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
SNAPSHOT = """
import json, os, random, sys, threading, time
sys.path.insert(0, sys.argv[1])
from ordersite.function import handler
key, host = sys.argv[2:]
descriptors = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
sockets = [one for one in descriptors if os.path.exists(one) and os.readlink(one).startswith("socket:")]
resources = {"sockets": len(sockets), "threads": threading.active_count()}
numbers, taken_at = random.getstate(), time.time()
time.sleep(1.5)

class Context:
    aws_request_id, function_name = "id", "ordersite-prod"
    get_remaining_time_in_millis = lambda self: 20_000

def send(method, path, body=None):
    headers = {"Host": host, "Authorization": f"Api-Key {key}", "Content-Type": "application/json"}
    event = {"httpMethod": method, "path": path, "headers": headers, "multiValueHeaders": {}, "body": body,
             "requestContext": {"stage": "prod"}, "queryStringParameters": None}
    return handler(event, Context())

def use():
    random.setstate(numbers)
    login, placed = send("GET", "/admin/login/"), send("POST", "/orders", '{"item": "Teapot", "quantity": 1}')
    from django.contrib.sessions.backends.db import SessionStore
    from accounts.models import ApiKey
    session = SessionStore()
    session.create()
    order = json.loads(placed["body"])
    return {
        "status": placed["statusCode"],
        "created_at": order["created_at"],
        "unique": [order["order_id"], placed["headers"]["X-Request-Id"], login["headers"]["X-Request-Id"],
                   login["headers"]["Set-Cookie"].partition(";")[0], session.session_key, random.random(),
                   ApiKey.objects.create_key(name="copy")[1]],
    }

def start():
    read, write = os.pipe()
    if not os.fork():
        os.write(write, json.dumps(use()).encode())
        os._exit(0)
    os.close(write)
    with open(read) as output:
        return json.loads(output.read())

print("STARTS", json.dumps({"resources": resources, "taken_at": taken_at, "starts": [start() for _ in range(3)]}))
"""


@pytest.fixture(scope="module")
def starts(in_package, shop):
    done = in_package(SNAPSHOT, shop.key, HOST)
    assert "STARTS " in done.stdout, done.stderr
    return json.loads(done.stdout.rpartition("STARTS ")[2])


def test_starts_from_the_same_snapshot_have_different_unique_values(starts):
    assert [start["status"] for start in starts["starts"]] == [201, 201, 201]
    for values in zip(*(start["unique"] for start in starts["starts"]), strict=True):
        assert len(set(values)) == 3, values


def test_a_start_from_a_snapshot_uses_the_current_time(starts):
    for start in starts["starts"]:
        assert datetime.fromisoformat(start["created_at"]).timestamp() > starts["taken_at"] + 1


def test_a_snapshot_contains_no_connection_and_no_thread(starts):
    assert starts["resources"] == {"sockets": 0, "threads": 1}


# Finds calls of functions that return a different value each time.
IMPORT_SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
root, found = sys.argv[1], []
ours = tuple(f"{root}/{name}/" for name in ("accounts", "orders", "ordersite"))
import datetime, os, random, time, uuid
fresh = {time.time, time.time_ns, time.monotonic, os.urandom, datetime.datetime.now, random.random, random.getrandbits}
fresh_code = {uuid.uuid4.__code__, uuid.uuid1.__code__}

def calling_file(frame):
    # A call during the import of another module belongs to that module.
    while frame and "importlib" not in frame.f_code.co_filename:
        if frame.f_code.co_filename.startswith(root):
            return frame.f_code.co_filename
        frame = frame.f_back

def watch(frame, event, argument):
    called = (event == "c_call" and argument in fresh) or (event == "call" and frame.f_code in fresh_code)
    if called and (calling_file(frame) or "").startswith(ours):
        found.append(f"{frame.f_code.co_filename}:{frame.f_lineno}")

sys.setprofile(watch)
import ordersite.function
sys.setprofile(None)

def is_fresh(value):
    # A constant, such as the first day that a form accepts, is far from today.
    if isinstance(value, datetime.date):
        return abs(value.toordinal() - datetime.date.today().toordinal()) < 400
    return isinstance(value, uuid.UUID)

for name, module in list(sys.modules.items()):
    if name.partition(".")[0] in ("accounts", "orders", "ordersite"):
        found += [f"{name}.{key}" for key, value in vars(module).items() if is_fresh(value)]
print("FOUND", json.dumps(found))
"""


def test_no_module_reads_the_time_or_random_numbers_on_import(in_package):
    done = in_package(IMPORT_SCRIPT)
    assert "FOUND []" in done.stdout, done.stdout + done.stderr
