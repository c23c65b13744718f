"""Removes unused files from the zip that Zappa has created, and adds bytecode."""

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
    # Files of this project that Lambda does not use.
    "benchmarks",
    "deploy",
    "docs",
    "local",
    "soak",
    "tests",
    "Makefile",
    "gunicorn.conf.py",
    "pyproject.toml",
    "*.md",
    "LICENSE",
    "requirements*.txt",
    "package_info.json",
    # Packages for other servers and for deploying.
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
    # Used on terminals only.
    "rich*",
    "markdown_it*",
    "mdurl*",
    "pygments*",
    "click*",
    # The C parser of yaml; no request uses yaml.
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
    # boto3's data; only botocore's is used.
    "boto3/data/*",
    "boto3/examples",
    "botocore/.changes",
    # Collected into staticfiles/.
    "*/static",
    "django/contrib/*/static",
    # Source maps are only for the developer tools of browsers.
    "staticfiles/**/*.map*",
    # The gateway compresses responses.
    "staticfiles/drf_spectacular_sidecar/**/*.gz",
    "*/tests",
    "django/contrib/gis",
    "bin",
    "*.libs/*.la",
    # Zappa's patterns can only match first letters; _remove_unused removes the other services and languages.
    "botocore/data/[!ds]*/*",
    "**/locale/[!de_]*",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
)
UNUSED_STATIC = (
    # The browsable API is off.
    "rest_framework",
    # /docs uses only the bundle and the style sheet of Swagger UI.
    "redoc",
    "swagger-ui-standalone-preset*",
    "oauth2-redirect*",
    "favicon-32x32.png",
    # The admin uses the minified files.
    "xregexp.js",
    "jquery.js",
)
"""Patterns of static files that `collectstatic` ignores for the package."""

UNUSED_FILES = re.compile(r".*\.(pyi|pyx|pxd|c|h|po|a|typed)")
BOTO_SERVICES = ("dynamodb", "ssm")
"""The AWS services that the app calls."""
LANGUAGES = ("de", "en", "__init__.py", "__pycache__")

Parts = dict[str, int]


def trim(package: Path) -> Parts:
    """Rewrite the zip without unused files and with bytecode for the running Python. Returns the sizes of its parts."""
    with tempfile.TemporaryDirectory(prefix="ordersite-package-") as folder:
        root = Path(folder)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(root)
        _remove_unused(root)
        _compile(root)
        _pack(root, package)
    return parts(package)


def parts(package: Path) -> Parts:
    """The compressed size in bytes of each top-level entry, largest first."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            sizes[entry.filename.partition("/")[0]] += entry.compress_size
    return dict(sizes.most_common())


def report(package: Path, *, min_size: int = 100_000) -> str:
    """A table of the entries of at least `min_size` bytes, with the totals."""
    sizes = parts(package)
    lines = [f"{size / 1e6:8.2f} MB  {name}" for name, size in sizes.items() if size >= min_size]
    others = [size for size in sizes.values() if size < min_size]
    return "\n".join(
        [*lines, f"{sum(others) / 1e6:8.2f} MB  {len(others)} more", f"{package.stat().st_size / 1e6:8.2f} MB  total"]
    )


def _remove_unused(root: Path) -> None:
    services = (path for path in (root / "botocore" / "data").iterdir() if path.is_dir())
    languages = (language for locale in root.rglob("locale") for language in locale.iterdir())
    unused = [
        *(found for pattern in NOT_SHIPPED for found in root.glob(pattern)),
        *(service for service in services if service.name not in BOTO_SERVICES),
        *(language for language in languages if language.name not in LANGUAGES),
        *root.rglob("__pycache__"),
        *(file for file in root.rglob("*") if UNUSED_FILES.fullmatch(file.name)),
    ]
    for path in unused:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        # It may already have been removed with its folder.
        path.unlink(missing_ok=True)


def _compile(root: Path) -> None:
    # Unchecked, because with a checked hash Python would read every source file at every start.
    compileall.compile_dir(
        root, quiet=2, workers=os.cpu_count() or 1, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


def _pack(root: Path, package: Path) -> None:
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                # Without timestamps, the same content always produces the same zip.
                entry = zipfile.ZipInfo(str(file.relative_to(root)))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if file.suffix == ".so" else 0o644) << 16
                archive.writestr(entry, file.read_bytes(), compresslevel=9)
