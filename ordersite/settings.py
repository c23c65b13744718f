"""All settings, read once from the environment. A missing or invalid one stops the start with a message that names it.

`docs/configuration.md` lists the variables. `.env`, and `.local/env` that `make run` writes, are for
development only: a process with SECRET_KEY or SSM_PARAMETER in its environment reads neither file.
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from ordersite import __version__, development, logs
from ordersite.environment import Environment
from ordersite.secrets import read_secrets

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment()


def read_file(path: Path) -> None:
    """Set the variables that the environment lacks. An existing file that cannot be read is an error."""
    try:
        with path.open(encoding="utf-8") as file:
            env.read_env(file)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path} cannot be read: {error}.") from None


if development.is_development(os.environ):
    read_file(BASE_DIR / ".env")
    if not os.environ.get("SSM_PARAMETER"):
        development.resolve_engine(os.environ)
        read_file(BASE_DIR / ".local" / "env")
        development.enforce_engine(os.environ)

# botocore reads them itself.
for name in development.ENDPOINTS:
    env.engine(name)

DEBUG = env.flag("DEBUG")
AWS_REGION = env.region("AWS_REGION", default="ap-south-1")

SSM_PARAMETER = env.ssm_parameter("SSM_PARAMETER")
if SSM_PARAMETER:
    # These override the environment, where an older value of a secret may still be set.
    env.ENVIRON = {**os.environ, **read_secrets(SSM_PARAMETER, region=AWS_REGION)}

SECRET_KEY = env.text("SECRET_KEY", default="only-for-development" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random string; on a developer's machine set DEBUG=true instead, "
        "or let `make run` set everything up."
    )
SECRET_KEY_FALLBACKS = env.texts("SECRET_KEY_FALLBACKS")

ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")
# The proxies whose X-Forwarded-For names the client; see accounts/client_address.py.
TRUSTED_PROXIES = env.proxies("TRUSTED_PROXIES")

# --- Orders -----------------------------------------------------------------------------------------------------------

ORDERS_TABLE = env.table("ORDERS_TABLE", default="Orders")
# At most ten years, so that the cutoff is always a valid datetime.
ORDERS_EXPIRY_HOURS = env.whole_number("ORDERS_EXPIRY_HOURS", default=60, at_most=87_600)
# What sends the calls to DynamoDB; docs/configuration.md compares them.
ORDERS_DYNAMODB_CLIENT = env.choice("ORDERS_DYNAMODB_CLIENT", ["lean", "botocore"], default="lean")
# Limited, because a page of a list queries each shard once.
ORDERS_INDEX_SHARDS = env.whole_number("ORDERS_INDEX_SHARDS", default=1, at_most=100)
# Per caller and process. A limit for the whole system belongs in API Gateway or a proxy.
ORDERS_API_RATE = env.rate("ORDERS_API_RATE", default="1200/min")
# Per address and process: wrong keys, unknown sessions, wrong passwords.
ORDERS_AUTH_FAILURE_RATE = env.rate("ORDERS_AUTH_FAILURE_RATE", default="60/min")

# --- Django -----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "ordersite",
    "accounts",
    "orders",
    # Before the admin, whose site and templates it replaces.
    "unfold",
    # Without its search for registered models, which the first page does; see ordersite/admin_urls.py.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_guid",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

# Each one costs time on every API request. Their purposes, in order: request id, caches, HTTPS and headers, content
# security policy, language, unreadable requests, staff sessions, the admin's URLs, CSRF, messages, clickjacking, the
# user's time zone, password guessing.
MIDDLEWARE = [
    "ordersite.middleware.RequestIdMiddleware",
    "ordersite.middleware.ResponseDefaultsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "ordersite.middleware.ContentSecurityPolicyMiddleware",
    "ordersite.language.LanguageMiddleware",
    "ordersite.middleware.RequestShapeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ordersite.middleware.UserTimeZoneMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "ordersite.urls"
WSGI_APPLICATION = "ordersite.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Has a tag that replaces {% extends %}, before which a template cannot load anything.
            "builtins": ["orders.templatetags.chrome"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
# By engine; the query string of the URL takes precedence.
DATABASE_OPTIONS: dict[str, dict[str, object]] = {
    "django.db.backends.sqlite3": {
        # A transaction that begins by reading and then writes fails at once while another thread writes, whatever the
        # timeout: https://docs.djangoproject.com/en/5.2/ref/databases/#database-is-locked-errors
        "transaction_mode": "IMMEDIATE",
        # Seconds for which a writing thread waits for others.
        "timeout": 20,
    },
    "django.db.backends.postgresql": {
        # Seconds. psycopg itself waits for more than two minutes, longer than any request may take.
        "connect_timeout": 3,
        # A lost network connection is noticed after about 11 s, and not after minutes.
        "tcp_user_timeout": 10_000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    },
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASE_OPTIONS.get(DATABASES["default"]["ENGINE"], {}),
    **DATABASES["default"].get("OPTIONS", {}),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
# The page after a login whose `next` is missing or leads to another site.
LOGIN_REDIRECT_URL = "dashboard:list"
CSRF_FAILURE_VIEW = "orders.dashboard.responses.csrf_failure"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]

# Five wrong passwords lock one name for one address, fifty lock the address for every name; for an hour, which further
# attempts do not extend. An office behind one address shares the fifty.
AXES_HANDLER = "accounts.login.LoginLimits"
AXES_FAILURE_LIMIT = 5
LOGIN_FAILURES_PER_ADDRESS = 50
AXES_COOLOFF_TIME = 1
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "accounts.client_address.limited_address"
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.login.locked_out"
# Its log lines name the address but not the user name: people sometimes type their password there.
AXES_SENSITIVE_PARAMETERS = ["username"]
# axes would log a line at each start that operators do not need.
AXES_VERBOSE = False

# A message may contain a new API key, which must not be stored in the table of sessions.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"

LOCAL_MEMORY = "django.core.cache.backends.locmem.LocMemCache"
CACHES = {
    # The counts of the dashboard.
    "default": {"BACKEND": LOCAL_MEMORY},
    # About 300 bytes an entry. A separate location, because many callers would evict the counts.
    "throttle": {"BACKEND": LOCAL_MEMORY, "LOCATION": "throttle", "OPTIONS": {"MAX_ENTRIES": 20_000}},
}

# Pages are in the browser's language; see ordersite/language.py. The API, commands and logs are always in English.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "ordersite.formats"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

# --- Static files -----------------------------------------------------------------------------------------------------

# Under a stage of API Gateway, the URL begins with the stage, which the app does not see.
STATIC_URL = env.static_address("STATIC_URL", default="static/")
STATIC_ROOT = BASE_DIR / "staticfiles"

# Serve the files of `collectstatic` from the package, under names with a hash that browsers cache permanently.
COLLECTED_STATIC = env.flag("COLLECTED_STATIC")
if COLLECTED_STATIC:
    MIDDLEWARE.insert(
        MIDDLEWARE.index("django.middleware.security.SecurityMiddleware") + 1,
        "whitenoise.middleware.WhiteNoiseMiddleware",
    )
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    WHITENOISE_STATIC_PREFIX = "/static/"
    WHITENOISE_KEEP_ONLY_HASHED_FILES = True

# --- Logs -------------------------------------------------------------------------------------------------------------

LOG_LEVEL = env.log_level("LOG_LEVEL", default="INFO")
LOG_JSON = env.flag("LOG_JSON")
if LOG_JSON:
    LOGGING = logs.configuration(level=LOG_LEVEL)

# --- Staff pages ------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        # Unfold's Alpine evaluates the expressions in its templates; no page has inline scripts.
        "script-src": [SELF, UNSAFE_EVAL],
        # htmx and Unfold's theme colours are style elements.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

UNFOLD = {
    "SITE_TITLE": _("Orders"),
    "SITE_HEADER": _("Orders"),
    "SITE_SYMBOL": "package_2",
    "SITE_URL": "orders.dashboard.navigation.site_url",
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["orders.dashboard.navigation.stylesheet"],
    "SCRIPTS": ["orders.dashboard.navigation.script"],
    "COMMAND": {"search_callback": "orders.dashboard.navigation.command_results"},
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "orders.dashboard.navigation.sidebar",
    },
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.604)",
            "100": "oklch(93.2% .032 255.585)",
            "200": "oklch(88.2% .059 254.128)",
            "300": "oklch(80.9% .105 251.813)",
            "400": "oklch(70.7% .165 254.624)",
            "500": "oklch(62.3% .214 259.815)",
            "600": "oklch(54.6% .245 262.881)",
            "700": "oklch(48.8% .243 264.376)",
            "800": "oklch(42.4% .199 265.638)",
            "900": "oklch(37.9% .146 265.522)",
            "950": "oklch(28.2% .091 267.935)",
        },
    },
}

# --- HTTPS ------------------------------------------------------------------------------------------------------------

if not DEBUG:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

# For a site that is reachable by HTTPS only. Lambda marks its requests as HTTPS; for gunicorn, the trusted proxy does.
if env.flag("HTTPS_ONLY"):
    SECURE_SSL_REDIRECT = True
    # A load balancer's health checks do not use HTTPS.
    SECURE_REDIRECT_EXEMPT = [r"^healthz/?$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Whether to join the browsers' preload lists is the decision of the domain's owner, and leaving takes months.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]

# --- The first administrator ------------------------------------------------------------------------------------------

ADMIN_USERNAME = env.username("ADMIN_USERNAME", default="admin")
ADMIN_EMAIL = env.email("ADMIN_EMAIL")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")

# --- API --------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    # The first class defines WWW-Authenticate, which makes an anonymous request a 401 and not a 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiKeyAuthentication",
        "accounts.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.permissions.OrderPermissions"],
    "DEFAULT_PARSER_CLASSES": ["orders.api.encoding.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["orders.api.encoding.FastJSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "orders.api.encoding.JSONFirstNegotiation",
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.CallerThrottle"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "orders.api.problems.exception_handler",
    # Otherwise every endpoint would accept an undocumented query parameter `format`.
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Orders",
    "VERSION": __version__,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["accounts.permissions.OrderPermissions"],
    "ENUM_NAME_OVERRIDES": {"Status": "orders.lifecycle.Status", "HealthState": "orders.api.schema.HEALTH_STATES"},
    "PREPROCESSING_HOOKS": ["orders.api.schema.without_trailing_slashes"],
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums", "orders.api.schema.complete"],
}

# Every response has the request id that the logs contain. A UUID that the caller sends is used.
DJANGO_GUID = {"GUID_HEADER_NAME": "X-Request-Id", "EXPOSE_HEADER": False, "UUID_FORMAT": "string"}
