"""Django settings. Every value that differs between machines comes from the environment.

The README's table lists them. A missing or malformed one stops the process with one line.
"""

import importlib.util
import os

from django.templatetags.static import static

from config import embedded, environment
from config.environment import BASE_DIR
from webhooks.patience import ImpatientConnection

try:
    env = environment.load()
    DATA_DIR = environment.data_dir()
    DEMO = environment.flag(env, "DEMO", default=False)
    DEBUG = environment.flag(env, "DEBUG", default=False)
    HTTPS = environment.flag(env, "HTTPS", default=True)
    SECRET_KEY = environment.secret(env, "SECRET_KEY", min_length=50)
    ENCRYPTION_KEYS = environment.fernet_keys(env, "ENCRYPTION_KEYS")
    HASH_KEY = environment.secret(env, "HASH_KEY", min_length=32)
    ROLE = environment.choice(env, "ROLE", default="command", of=environment.ROLES)
    PUBLIC_URL = environment.http_url(env, "PUBLIC_URL", default="http://127.0.0.1:8000")
    CALLBACK_URL = environment.http_url(env, "CALLBACK_URL", default=PUBLIC_URL)
    PLACEMENT_DEADLINE_S = environment.number(
        env, "PLACEMENT_DEADLINE_S", default=20, low=1, high=120
    )
    ALLOW_PRIVATE_PROVIDERS = environment.flag(env, "ALLOW_PRIVATE_PROVIDERS", default=False)
    PROXY_COUNT = environment.number(env, "PROXY_COUNT", default=0, low=0, high=5)
    DB_POOL_SIZE = environment.number(env, "DB_POOL_SIZE", default=10, low=1, high=200)
    JOB_WORKERS = environment.number(env, "JOB_WORKERS", default=2, low=1, high=32)
    PORT = environment.number(env, "PORT", default=8000, low=1, high=65535)
    SANDBOX_PORT = environment.number(env, "SANDBOX_PORT", default=8001, low=1, high=65535)
    CALLBACK_PORT = environment.number(env, "CALLBACK_PORT", default=0, low=0, high=65535)
    SANDBOX_URL = environment.http_url(env, "SANDBOX_URL", default="")
    ALLOWED_HOSTS = environment.host_names(env, "ALLOWED_HOSTS")
    LOG_LEVEL = environment.choice(env, "LOG_LEVEL", default="INFO", of=environment.LOG_LEVELS)
    DATABASE_URL = environment.database_url(env, "DATABASE_URL") or embedded.database_url(DATA_DIR)
except (environment.SettingsError, embedded.EmbeddedServerError) as error:
    environment.refuse(str(error))

POOLED = ROLE in {"web", "callbacks"}

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "django_q",
    "pgtrigger",
    "config",
    "wallets",
    "providers",
    "bets",
    "webhooks",
]

MIDDLEWARE = [
    "config.health.Probes",
    "config.middleware.DatabaseAway",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# A pool that gives a lost server up soon tries again with the next request; one that goes on
# trying waits longer after each failure, and would still wait when the server is back. Nobody
# waits longer for a connection than a vendor waits for its answer: gr8 gives up after 2 s.
_POOL = {
    "min_size": min(2, DB_POOL_SIZE),
    "max_size": DB_POOL_SIZE,
    "timeout": 1.5,
    "reconnect_timeout": 2,
    # Requests of staff and partners may wait for long statements; vendors do not.
    **({"connection_class": ImpatientConnection} if ROLE == "callbacks" else {}),
}
_database = {
    **env.db_url_config(DATABASE_URL),
    "ENGINE": "django.db.backends.postgresql",
    "CONN_HEALTH_CHECKS": True,
    "CONN_MAX_AGE": 0 if POOLED else 60,
    "DISABLE_SERVER_SIDE_CURSORS": True,
}
_database["OPTIONS"] = {
    **_database.get("OPTIONS", {}),
    "connect_timeout": 3,
    "application_name": f"slipdesk-{ROLE}",
    **({"pool": _POOL} if POOLED else {}),
}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Each process finds the static files at its start, so there is no copy to be collected.
WHITENOISE_USE_FINDERS = True

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXY_COUNT else None
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "config.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}

# `retry` counts the wait in the cluster's own queue as well, so it is longer than
# timeout x (queue_limit / workers + 1); otherwise one task would run twice at once.
JOB_TIMEOUT_S = 60
Q_CLUSTER = {
    "name": "slipdesk",
    "label": "Jobs",
    "orm": "default",
    "workers": JOB_WORKERS,
    "queue_limit": JOB_WORKERS * 2,
    "timeout": JOB_TIMEOUT_S,
    "retry": JOB_TIMEOUT_S * 4,
    "max_attempts": 5,
    "ack_failures": True,
    "bulk": 1,
    "poll": 0.5,
    "scheduler": False,
    "catch_up": False,
    "save_limit": 0,
    "max_rss": 300_000,
    "recycle": 1_000,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "config.logs.LineFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
}

UNFOLD = {
    "SITE_TITLE": "Slipdesk",
    "SITE_HEADER": "Slipdesk",
    "SITE_SYMBOL": "receipt_long",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "config.navigation.environment",
    "DASHBOARD_CALLBACK": "config.navigation.dashboard",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("slipdesk/favicon.svg"),
        }
    ],
    "STYLES": [lambda request: static("slipdesk/admin.css")],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "config.navigation.sidebar",
    },
}

# django-zeal finds N+1 queries; it is installed with the tests only.
if os.environ.get("FIND_N_PLUS_ONE") and importlib.util.find_spec("zeal"):
    INSTALLED_APPS.append("zeal")
    MIDDLEWARE.append("zeal.middleware.zeal_middleware")
    # A placement reads its coupon again after each step, which is no loop over rows.
    ZEAL_NPLUSONE_THRESHOLD = 4
