"""The profile shows which packages and functions use the CPU time of a request."""

import subprocess
import sys

from benchmarks.profile import SITE, STANDARD, package_of
from local import PROJECT


def test_a_sample_counts_for_the_innermost_package():
    stack = [f"{SITE}/urllib3/response.py", f"{SITE}/botocore/endpoint.py", f"{PROJECT}/orders/store.py"]
    assert package_of(stack) == "urllib3"
    assert package_of(stack[1:]) == "botocore"
    assert package_of(stack[2:]) == "orders"


def test_the_standard_library_counts_for_its_caller_except_for_some_modules():
    assert package_of([f"{STANDARD}/copy.py", f"{SITE}/pynamodb/models.py"]) == "pynamodb"
    assert package_of([f"{STANDARD}/http/client.py", f"{SITE}/urllib3/connection.py"]) == "http"
    assert package_of([f"{STANDARD}/copy.py"]) == "Python"


def test_the_profile_lists_packages_and_functions(engine):
    command = [sys.executable, "-m", "benchmarks.profile", "GET", "--requests", "100"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("100 requests, GET: ")
    assert "share  package" in done.stdout
    assert "share  function" in done.stdout
    assert "%  django" in done.stdout
