"""Completes the zip that Zappa has created of the project: adds the packages and bytecode, removes unused files.

The packages seldom change, so they are compiled and compressed once and not for each deploy.
"""

import compileall
import hashlib
import os
import py_compile
import re
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from deploy import PROJECT

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

UNUSED_FILES = re.compile(r".*\.(pyi|pyx|pxd|c|h|po|a|typed|tar\.gz)")
BOTO_SERVICES = ("dynamodb", "ssm")
"""The AWS services that the app calls."""
LANGUAGES = ("de", "en", "__init__.py", "__pycache__")

CACHE = PROJECT / ".local" / "deploy"
ON_LAMBDA = "/var/task"

Parts = dict[str, int]


def environment_without_packages() -> Path:
    """A virtual environment for Zappa, which would otherwise copy and compress all packages in each deploy."""
    folder = CACHE / "no-packages"
    (folder / "lib" / "python{}.{}".format(*sys.version_info) / "site-packages").mkdir(parents=True, exist_ok=True)
    return folder


def complete(package: Path) -> None:
    """Rewrite the zip of the project with the packages of this environment and bytecode, and without unused files."""
    with tempfile.TemporaryDirectory(prefix="ordersite-package-") as folder:
        root = Path(folder)
        with zipfile.ZipFile(package) as archive:
            archive.extractall(root)
        shutil.copyfile(packages(Path(sysconfig.get_path("purelib")), CACHE), package)
        _add(root, package)


def packages(site_packages: Path, cache: Path) -> Path:
    """The zip of the packages. Created again if one of their files, this file or the version of Python changes."""
    archive = cache / f"packages-{_fingerprint(site_packages)}.zip"
    if not archive.exists():
        for outdated in cache.glob("packages-*.zip"):
            outdated.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            root, packed = Path(folder) / "packages", Path(folder) / "packages.zip"
            shutil.copytree(site_packages, root, ignore=shutil.ignore_patterns("__pycache__"))
            _add(root, packed)
            # Complete before it gets its name, because a deploy may be interrupted and another may run.
            packed.replace(archive)
    return archive


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


def _fingerprint(site_packages: Path) -> str:
    """Changes with the path, size or time of any file, with this file and with the version of Python."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + sys.version.encode())
    for line in sorted(_files(site_packages)):
        digest.update(line.encode())
    return digest.hexdigest()[:16]


def _files(site_packages: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(site_packages):
        # Python adds bytecode when it imports a module.
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(folder, name)
            stat = path.stat()
            yield f"{path.relative_to(site_packages)} {stat.st_size} {stat.st_mtime_ns}\n"


def _add(root: Path, package: Path) -> None:
    """Add the files in `root` to the zip."""
    _remove_unused(root)
    _compile(root)
    _pack(root, package)


def _remove_unused(root: Path) -> None:
    services = (path for path in root.glob("botocore/data/*") if path.is_dir())
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
        root,
        quiet=2,
        workers=os.cpu_count() or 1,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        stripdir=str(root),
        prependdir=ON_LAMBDA,
    )


def _pack(root: Path, package: Path) -> None:
    # The highest level of compression takes three times as long and saves less than one percent.
    with zipfile.ZipFile(package, "a", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                # Without timestamps, which would make each zip different.
                entry = zipfile.ZipInfo(str(file.relative_to(root)))
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = (0o755 if file.suffix == ".so" else 0o644) << 16
                archive.writestr(entry, file.read_bytes())
