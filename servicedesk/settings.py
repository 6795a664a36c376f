"""Settings: everything that differs between installations comes from the environment.

Without DATABASE_URL the desk runs in its embedded mode: PostgreSQL inside the data directory, Celery over the same
database, plain http on this machine. With DATABASE_URL it is in production mode: a secret key, hosts and https are
demanded, and a missing one stops the start with a sentence.
"""

import copy
import secrets
from pathlib import Path

import environ
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.log import DEFAULT_LOGGING
from django.utils.translation import gettext_lazy as _
from PIL import Image

from servicedesk import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
env = environ.Env()

EMBEDDED = "DATABASE_URL" not in env
# Production speaks https behind a proxy of ours. A rehearsal against real servers on plain http says so itself.
PLAIN_HTTP = env.bool("PLAIN_HTTP", default=EMBEDDED)
DEBUG = env.bool("DEBUG", default=False)


def _embedded_secret(name):
    """Return a secret of the embedded mode, made on first use and kept, so that sessions survive a restart."""
    path = DATA_DIR / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_urlsafe(64))
        path.chmod(0o600)
    return path.read_text()


SECRET_KEY = env("SECRET_KEY", default="") or (_embedded_secret("secret_key") if EMBEDDED else "")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# What identity numbers are encrypted with, the newest first; the others still read what they wrote. Without a key no
# identity number is taken down. Keys lost are numbers lost: docs/register.md says how they are kept and changed.
ID_KEYS = env.list("ID_KEYS", default=[]) or ([_embedded_secret("id_key")] if EMBEDDED else [])
if any(len(key) < 32 for key in ID_KEYS):
    raise ImproperlyConfigured("Set each of ID_KEYS to at least 32 random characters.")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if PLAIN_HTTP else [])
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("Set ALLOWED_HOSTS to the names under which the desk is reached, separated by commas.")
SITE_URL = env("SITE_URL", default=f"http{'' if PLAIN_HTTP else 's'}://{ALLOWED_HOSTS[0]}").rstrip("/")

INSTALLED_APPS = [
    "servicedesk.core",
    "residents",
    "complaints",
    "billing",
    "servicedesk.desk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "template_partials",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "servicedesk.core.middleware.numbered",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "servicedesk.core.middleware.SignInRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "servicedesk.core.middleware.desk",
]

ROOT_URLCONF = "servicedesk.urls"
WSGI_APPLICATION = "servicedesk.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
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
                "servicedesk.core.context.desk",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    },
]

# Database ----------------------------------------------------------------------------------------------------------

_STATEMENT_SECONDS = env.int("STATEMENT_SECONDS", default=8)
DATABASES = {
    "default": {
        **env.db_url("DATABASE_URL", default=embedded.database_url()),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DATABASES["default"].setdefault("OPTIONS", {})["options"] = (
    f"-c statement_timeout={_STATEMENT_SECONDS * 1000} -c lock_timeout=3000"
    " -c idle_in_transaction_session_timeout=15000"
)
# Migrations run as the owner of the tables; the app itself may be given a role that cannot alter history.
if env("MIGRATE_DATABASE_URL", default=""):
    DATABASES["migrate"] = env.db_url("MIGRATE_DATABASE_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = env("REDIS_URL", default="")
# A Redis that accepts and never answers holds no page for longer than this.
_REDIS = {
    "BACKEND": "django.core.cache.backends.redis.RedisCache",
    "LOCATION": REDIS_URL,
    "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
}
_MEMORY = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 2_000}}
CACHES = {
    "default": (
        _REDIS
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "cache",
            # Past so many the oldest third goes, whatever it counts: with the default of 300 a flood would empty the
            # budgets and the tries that are meant to stop it.
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    ),
    # What pages show again and again (core/kept.py): small things in each process, dear ones for all of them.
    "process": {**_MEMORY, "LOCATION": "process"},
    "shared": _REDIS if REDIS_URL else {**_MEMORY, "LOCATION": "shared"},
}

# Celery ------------------------------------------------------------------------------------------------------------


def _sql_broker():
    """Return the broker of the embedded mode: kombu's SQL transport over the desk's own database."""
    url = env("DATABASE_URL", default=embedded.database_url())
    return "sqla+postgresql+psycopg" + url[url.index("://") :]


CELERY_BROKER_URL = REDIS_URL or _sql_broker()
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "Asia/Shanghai"
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# Only Redis knows these options; the SQL transport hands what it gets to its engine.
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "visibility_timeout": 600,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 1,
        "socket_timeout": 5,
    }
    if REDIS_URL
    else {}
)
# Beat only wakes the sweeps; what is due is found in the rows, so a tick that is lost or doubled changes nothing.
# What runs at night is woken five times: a beat that was down at one of them misses nothing.
CELERY_BEAT_SCHEDULE = {
    "escalate_overdue": {"task": "complaints.tasks.escalate_overdue", "schedule": 60, "options": {"expires": 55}},
    "resume_waiting": {"task": "complaints.tasks.resume_waiting", "schedule": 60, "options": {"expires": 55}},
    "remind_follow_ups": {"task": "complaints.tasks.remind_follow_ups", "schedule": 60, "options": {"expires": 55}},
    "recount_deadlines": {"task": "complaints.tasks.recount_deadlines", "schedule": 60, "options": {"expires": 55}},
    "release_left": {"task": "complaints.tasks.release_left", "schedule": 60, "options": {"expires": 55}},
    "archive_answered": {"task": "complaints.tasks.archive_answered", "schedule": 600, "options": {"expires": 590}},
    "remind_warranty": {"task": "complaints.tasks.remind_warranty", "schedule": 300, "options": {"expires": 290}},
    "remind_keys": {"task": "residents.tasks.remind_keys", "schedule": 300, "options": {"expires": 290}},
    "expire_credentials": {
        "task": "residents.tasks.expire_credentials",
        "schedule": 3600,
        "options": {"expires": 3500},
    },
    "forget_drafts": {"task": "complaints.tasks.forget_drafts", "schedule": 3600, "options": {"expires": 3500}},
    "file_ended": {"task": "complaints.tasks.file_ended", "schedule": 300, "options": {"expires": 290}},
    "advance_arrears": {"task": "billing.tasks.advance_arrears", "schedule": 3600, "options": {"expires": 3500}},
    "end_former_contacts": {"task": "residents.tasks.end_former_contacts", "schedule": crontab(10, "1-5")},
    "forget_identity_copies": {"task": "residents.tasks.forget_identity_copies", "schedule": crontab(20, "1-5")},
    "apply_retention": {"task": "complaints.tasks.apply_retention", "schedule": crontab(40, "1-5")},
    "check_books": {"task": "billing.tasks.check_books", "schedule": crontab(50, "1-5")},
    "expire_slips": {"task": "residents.tasks.expire_slips", "schedule": 3600, "options": {"expires": 3500}},
    "continue_imports": {"task": "residents.tasks.continue_imports", "schedule": 60, "options": {"expires": 55}},
    "forget_import_files": {"task": "residents.tasks.forget_import_files", "schedule": 3600},
    "forget_statement_files": {"task": "billing.tasks.forget_statement_files", "schedule": 3600},
    "continue_billing": {"task": "billing.tasks.continue_runs", "schedule": 60, "options": {"expires": 55}},
    "seal_events": {"task": "core.tasks.seal_events", "schedule": 60, "options": {"expires": 55}},
    "send_notifications": {"task": "core.tasks.send_notifications", "schedule": 10, "options": {"expires": 9}},
    "clear_sessions": {"task": "core.tasks.clear_sessions", "schedule": 86400},
}

# People and sessions -----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "servicedesk.core.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# Five wrong passwords for one name from one address in fifteen minutes; never the name alone: anyone could lock the
# cashier out. A whole office sits behind one address, so its own limit is no guard of passwords: it is far above what
# people type, and only keeps one machine from having the desk hash passwords all day.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "5/15m/key"}
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
ALLAUTH_TRUSTED_PROXY_COUNT = 0 if PLAIN_HTTP else env.int("TRUSTED_PROXY_COUNT", default=1)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Servicedesk"
# Administrators, deputy general managers and cashiers need a second factor outside the embedded mode.
SECOND_FACTOR = env.bool("SECOND_FACTOR", default=not EMBEDDED)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "core:home"
LOGOUT_REDIRECT_URL = "account_login"
PASSWORD_HASHERS = [
    "servicedesk.core.accounts.OfficeArgon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "servicedesk.core.accounts.LocalWordsValidator"},
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# The longest a session lives, used or not: the middleware counts it from the sign-in.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "sid" if PLAIN_HTTP else "__Host-sid"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
IDLE_MINUTES = 30
IDLE_MINUTES_MONEY = 15
CSRF_COOKIE_NAME = "csrf" if PLAIN_HTTP else "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = []
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

# Browser and transport ---------------------------------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
USE_X_FORWARDED_HOST = False
USE_X_FORWARDED_PORT = False
if not PLAIN_HTTP:
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    LANGUAGE_COOKIE_SECURE = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

# Files -------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 300
DATA_UPLOAD_MAX_NUMBER_FILES = 8
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
FILE_UPLOAD_PERMISSIONS = 0o600
PHOTO_MAX_BYTES = 10 * 1024 * 1024
Image.MAX_IMAGE_PIXELS = 50_000_000

# Words and times ---------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# Mail, notices and logs --------------------------------------------------------------------------------------------

EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://" if EMBEDDED else "smtp://localhost:25")
vars().update(EMAIL_CONFIG)
EMAIL_TIMEOUT = 5
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="desk@localhost")
# Work notices leave only for these services, for the messengers of `core.notifications` and by e-mail; an address typed
# by a person never becomes a request to any host.
NOTICE_HOSTS = env.list(
    "NOTICE_HOSTS", default=["qyapi.weixin.qq.com", "oapi.dingtalk.com", "open.feishu.cn", "open.larksuite.com"]
)

LOGGING = copy.deepcopy(DEFAULT_LOGGING)
LOGGING["formatters"]["json"] = {
    "()": "servicedesk.core.logs.SafeJson",
    "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
}
LOGGING["handlers"]["stderr"] = {
    "class": "logging.StreamHandler",
    "formatter": "json",
}
LOGGING["loggers"] = {"django.server": LOGGING["loggers"]["django.server"]}
LOGGING["root"] = {"handlers": ["stderr"], "level": "INFO"}

# The demo's clock may be moved, so that a deadline can be watched passing. Only the embedded mode has it.
CLOCK_CAN_MOVE = EMBEDDED
