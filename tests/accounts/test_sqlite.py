"""SQLite in a file, as on a developer's machine, with many concurrent users on separate threads."""

import json
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2]
# axes reads its records of a name and address and then writes one, in one transaction. Every attempt uses another name
# and another address, so that no limit refuses it earlier.
WRONG_LOGINS = """
import json, threading
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
from django.test import Client

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a slow hash would spread the writes
call_command("migrate", verbosity=0)
barrier, statuses = threading.Barrier(8), []

def guess(lane):
    barrier.wait()
    for number in range(8):
        browser = Client(raise_request_exception=False, REMOTE_ADDR=f"10.0.{lane}.{number}")
        data = {"username": f"anna-{lane}-{number}", "password": "wrong"}
        statuses.append(browser.post("/admin/login/", data, secure=True).status_code)

threads = [threading.Thread(target=guess, args=(lane,)) for lane in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(statuses))
"""


def test_64_wrong_logins_on_8_threads_all_get_a_response(tmp_path):
    variables = {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'db.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "ordersite.settings",
        "SECRET_KEY": "only-for-tests",
        "ALLOWED_HOSTS": "testserver",
    }
    done = subprocess.run(
        [sys.executable, "-c", WRONG_LOGINS], cwd=PROJECT, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200] * 64, done.stderr
