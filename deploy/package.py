"""The zip that Zappa makes, with what the function never reads taken out and bytecode put in."""

import compileall
import os
import py_compile
import re
import shutil
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

NOT_SHIPPED = (
    # The project's own, for machines other than Lambda.
    "benchmarks",
    "deploy",
    "docs",
    "local",
    "tests",
    "Makefile",
    "gunicorn.conf.py",
    "pyproject.toml",
    "*.md",
    "LICENSE",
    "requirements*.txt",
    "ordersite/management",
    "package_info.json",
    # What serves and deploys, where Lambda and its runtime do.
    "gunicorn*",
    "troposphere*",
    "cfn_flip*",
    "cfn_clean",
    "cfn_tools",
    "setuptools*",
    "pkg_resources",
    "_distutils_hack",
    "distutils-precedence.pth",
    "pip*",
    "wheel*",
    "placebo*",
    "hjson*",
    "toml*",
    "tqdm*",
    "argcomplete*",
    "python_slugify*",
    "slugify",
    "text_unidecode*",
    "requests*",
    "charset_normalizer*",
    "certifi*",
    # Optional for REST framework and rich, which colour source code with it.
    "pygments*",
    "click*",
    "markdown_it*",
    "mdurl*",
    # libyaml; the same in Python is enough for what never runs in a request.
    "_yaml",
    "yaml/_yaml*",
    "django/contrib/flatpages",
    "django/contrib/postgres",
    "django/contrib/redirects",
    "django/contrib/sitemaps",
    "django/contrib/syndication",
    "django/db/backends/mysql",
    "django/db/backends/oracle",
    "zappa/cli.py",
    "zappa/core.py",
    "zappa/letsencrypt.py",
    # Descriptions of services that nothing here calls.
    "boto3/data/*",
    "boto3/examples",
    "botocore/.changes",
    # Gathered into staticfiles/.
    "*/static",
    "django/contrib/*/static",
    # The sources of minified scripts, for the developer tools of a browser.
    "staticfiles/**/*.map*",
    # The gateway compresses responses, so the large script is not needed twice.
    "staticfiles/drf_spectacular_sidecar/**/*.gz",
    "*/tests",
    "django/contrib/gis",
    "bin",
    "*.libs/*.la",
    # Some more services and languages than the few that are kept begin with these letters; the hook knows them apart.
    "botocore/data/[!ds]*/*",
    "**/locale/[!e_]*",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)
UNUSED_STATIC = (
    # REST framework's own pages are not served.
    "rest_framework",
    # /docs needs only Swagger UI's bundle and style sheet.
    "redoc",
    "swagger-ui-standalone-preset*",
    "oauth2-redirect*",
    "favicon-32x32.png",
    # The admin uses the minified files.
    "xregexp.js",
    "jquery.js",
)
"""Patterns of static files that `collectstatic` leaves out of the package."""

USELESS = re.compile(r".*\.(pyi|pyx|pxd|c|h|po|a|typed)")
BOTO_SERVICES = ("dynamodb", "ssm")
"""The services that the app calls: the store of orders and the one parameter."""
LANGUAGES = ("en", "__init__.py", "__pycache__")

Parts = dict[str, int]


def trim(package: Path) -> Parts:
    """Rewrite the zip, smaller and with bytecode for the running Python; returns the zipped bytes of each part."""
    with tempfile.TemporaryDirectory(prefix="ordersite-package-") as folder:
        root = Path(folder)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(root)
        _take_out(root)
        _compile(root)
        _pack(root, package)
    return parts(package)


def parts(package: Path) -> Parts:
    """The zipped bytes of each top-level part, largest first."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            sizes[entry.filename.partition("/")[0]] += entry.compress_size
    return dict(sizes.most_common())


def report(package: Path, *, least: int = 100_000) -> str:
    """The parts of at least so many bytes, as a table."""
    sizes = parts(package)
    lines = [f"{size / 1e6:8.2f} MB  {name}" for name, size in sizes.items() if size >= least]
    others = [size for size in sizes.values() if size < least]
    return "\n".join(
        [*lines, f"{sum(others) / 1e6:8.2f} MB  {len(others)} more", f"{package.stat().st_size / 1e6:8.2f} MB  in all"]
    )


def _take_out(root: Path) -> None:
    services = (path for path in (root / "botocore" / "data").iterdir() if path.is_dir())
    languages = (language for locale in root.rglob("locale") for language in locale.iterdir())
    useless = [
        *(found for pattern in NOT_SHIPPED for found in root.glob(pattern)),
        *(service for service in services if service.name not in BOTO_SERVICES),
        *(language for language in languages if language.name not in LANGUAGES),
        *root.rglob("__pycache__"),
        *(file for file in root.rglob("*") if USELESS.fullmatch(file.name)),
    ]
    for path in useless:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        # It may have gone with its folder.
        path.unlink(missing_ok=True)


def _compile(root: Path) -> None:
    # Unchecked: a file's time in a zip says nothing, and a checked hash would read each source again at every start.
    compileall.compile_dir(
        root, quiet=2, workers=os.cpu_count() or 1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


def _pack(root: Path, package: Path) -> None:
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                # The same content makes the same zip, whenever it is made.
                entry = zipfile.ZipInfo(str(file.relative_to(root)))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if file.suffix == ".so" else 0o644) << 16
                archive.writestr(entry, file.read_bytes(), compresslevel=9)
