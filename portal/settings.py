"""One settings file. What differs between machines comes from the environment (see portal/env.py)."""

import os
import secrets
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from governance.core.secret import once
from portal.env import (
    address,
    broker,
    hosts,
    issuer,
    items,
    level,
    pairs,
    passwords,
    period,
    read,
    sender,
    truth,
    wanted,
    zone,
)

BASE_DIR = Path(__file__).resolve().parent.parent
TESTING = "PYTEST_VERSION" in os.environ

# --- Where it lives and who may reach it ------------------------------------------------------

MANDATE_HOME = read(
    "MANDATE_HOME",
    BASE_DIR / "var",
    "Folder for the SQLite file, keys, checkpoints and collected static files.",
    lambda raw: Path(raw).expanduser().resolve(),
    shown="var",
)
ALLOWED_HOSTS = read(
    "ALLOWED_HOSTS",
    ["localhost", "127.0.0.1", "[::1]"],
    "Host names people use, separated by commas. Anything beyond loopback switches on production safety:"
    " HTTPS only, secure cookies, HSTS.",
    hosts,
    shown="localhost,127.0.0.1,[::1]",
)
LOOPBACK = all(host in {"localhost", "127.0.0.1", "[::1]"} for host in ALLOWED_HOSTS)
DEBUG = read("DEBUG", False, "Django's debug pages. Refused outside loopback.", truth, shown="no")
SITE_URL = read(
    "SITE_URL",
    "http://localhost:8000",
    "Address that links in e-mails start with; never taken from a request.",
    address,
).rstrip("/")
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL.startswith("https://") else []
TRUST_PROXY = read(
    "TRUST_PROXY",
    False,
    "Yes when a reverse proxy of yours sets X-Forwarded-Proto and nobody can reach Mandate around it.",
    truth,
    shown="no",
)

#: The secret of the sample files in portal/deploy. A system check refuses it.
SAMPLE_SECRET = "replace-this-sample-secret-before-you-start-mandate"


def _kept_secret() -> str:
    """Return the secret kept in MANDATE_HOME, made on first use."""
    fresh = secrets.token_urlsafe(64)
    try:
        return once(MANDATE_HOME / "secret_key", lambda: fresh) or fresh
    except OSError:
        return fresh  # An unwritable folder is reported by the command that needs it, in a sentence.


SECRET_KEY = read(
    "SECRET_KEY",
    "",
    "Signs sessions and links, and seals second factors, which are lost with it."
    " At least 50 random characters; the same for every process.",
    shown="made once and kept in MANDATE_HOME",
)
if not SECRET_KEY:
    SECRET_KEY = _kept_secret()

# --- What it is made of -----------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "guardian",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "portal",
    "governance",
]

MIDDLEWARE = [
    "portal.middleware.Headers",
    "portal.middleware.Methods",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.Moment",
    "portal.middleware.LoginRequired",
    "portal.middleware.SecondFactor",
    "portal.middleware.Answers",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "governance.core.forms.Renderer"

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
                "portal.context.page",
            ],
            "builtins": ["governance.templatetags.mandate"],
            **({"string_if_invalid": ""} if not TESTING else {}),
        },
    }
]

# --- Where the state is -----------------------------------------------------------------------

DATABASE_URL = read(
    "DATABASE_URL",
    "",
    "PostgreSQL, as postgres://user:password@host:5432/name. Empty means the SQLite file in MANDATE_HOME.",
)
if DATABASE_URL:
    try:
        DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
    except Exception as error:
        raise ImproperlyConfigured(
            "DATABASE_URL cannot be read. Expected postgres://user:password@host:5432/name."
        ) from error
    if DATABASES["default"].get("ENGINE") != "django.db.backends.postgresql" or not DATABASES["default"].get("NAME"):
        raise ImproperlyConfigured(
            "DATABASE_URL names no PostgreSQL database. Expected postgres://user:password@host:5432/name."
        )
    DATABASES["default"].update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": MANDATE_HOME / "mandate.sqlite3",
            "CONN_MAX_AGE": None,  # opening it costs 3 ms, most of it for reading the tables' definitions
            "OPTIONS": {
                # The write lock is taken when a transaction begins: writers queue instead of failing.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # WAL lets readers go on while one writes; NORMAL is safe with it.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                    " PRAGMA mmap_size=134217728; PRAGMA cache_size=-32000;"
                ),
            },
        }
    }

CELERY_BROKER_URL = read(
    "CELERY_BROKER_URL",
    "memory://",
    "Redis or RabbitMQ, for example redis://localhost:6379/0. memory:// serves one process only, as quickstart does.",
    broker,
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(MANDATE_HOME / "beat")  # when it last ticked; losing it loses nothing
SWEEP_SECONDS = read("SWEEP_SECONDS", 60, "How often the clocks are looked at, in seconds.", period)
CELERY_BEAT_SCHEDULE = {
    # `expires` just under the period: ticks never pile up behind a slow worker.
    "sweep": {
        "task": "governance.reviews.tasks.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": max(SWEEP_SECONDS - 1, 1)},
    },
    "imports": {
        "task": "governance.registers.tasks.go_on",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": max(SWEEP_SECONDS - 1, 1)},
    },
}

# --- Who people are ---------------------------------------------------------------------------

AUTH_USER_MODEL = "governance.Person"
AUTHENTICATION_BACKENDS = [
    "governance.people.backend.Backend",
    "guardian.backends.ObjectPermissionBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "governance.people.passwords.NotSimilar", "OPTIONS": {"user_attributes": ("name", "email")}},
    {"NAME": "governance.people.passwords.Length", "OPTIONS": {"min_length": 12}},
    {"NAME": "governance.people.passwords.NotCommon"},
]
ANONYMOUS_USER_NAME = None  # guardian would otherwise make an account that nobody is
GUARDIAN_RAISE_403 = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "governance.people.adapter.Accounts"
ACCOUNT_FORMS = {
    "login": "governance.people.account_forms.SignIn",
    "reset_password": "governance.people.account_forms.ForgotPassword",
    "reset_password_from_key": "governance.people.account_forms.NewPassword",
    "change_password": "governance.people.account_forms.ChangePassword",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # nobody is invited to sign up
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password is told to whoever has it
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = None
PASSWORD_RESET_TIMEOUT = 3600
SECOND_FACTOR = read(
    "SECOND_FACTOR",
    "optional" if LOOPBACK else "required",
    "Whether people need a second factor, a code from an app: optional, or required, which leads everybody"
    " to set one up before they go on. Never in a demo.",
    wanted,
    shown="required; optional on loopback",
)
OIDC_ISSUER = read(
    "OIDC_ISSUER",
    "",
    "Issuer of the company's OpenID provider, for example https://login.example.org. Empty: people sign in with a"
    " password. Register SITE_URL/sign-in/company/back/ there as the address to come back to; it must send"
    " email_verified and auth_time.",
    issuer,
)
OIDC_CLIENT_ID = read("OIDC_CLIENT_ID", "", "What Mandate is called at the OpenID provider.")
OIDC_CLIENT_SECRET = read("OIDC_CLIENT_SECRET", "", "The secret that goes with it.")
OIDC_NAME = read(
    "OIDC_NAME", "your company account", "What people sign in with there, as the button says it: Sign in with …"
)
OIDC_SCOPES = read("OIDC_SCOPES", "openid email profile", "What is asked for there, separated by spaces.")
OIDC_GROUPS_CLAIM = read("OIDC_GROUPS_CLAIM", "groups", "The claim of the ID token that holds somebody's groups.")
OIDC_FUNCTIONS = read(
    "OIDC_FUNCTIONS",
    [],
    "Which group there gives which function here, for example grc=compliance,it-sec=security. Such a function"
    " comes and goes with the group, at each sign-in; one given here by hand stays.",
    pairs,
    shown="",
)
PASSWORD_SIGN_IN = read(
    "PASSWORD_SIGN_IN",
    "everybody",
    "Who may sign in with a password where OIDC_ISSUER is set: everybody, or administrators, the last resort"
    " for the day the provider is away.",
    passwords,
)
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_CLIENT_SECRET):
    raise ImproperlyConfigured("OIDC_ISSUER is set. Expected OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, too.")
if PASSWORD_SIGN_IN != "everybody" and not OIDC_ISSUER:
    raise ImproperlyConfigured("PASSWORD_SIGN_IN is administrators, and without OIDC_ISSUER nobody else could sign in.")
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_FORMS = {"authenticate": "governance.people.account_forms.Code"}
MFA_TRUST_ENABLED = False  # the session is what a device is remembered by

# --- Safety -----------------------------------------------------------------------------------

# http://localhost cannot keep Secure cookies, so the prefixed, secure names start beyond loopback.
SESSION_COOKIE_NAME = "mandate_session" if LOOPBACK else "__Host-session"
SESSION_COOKIE_SECURE = not LOOPBACK
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 30
CSRF_COOKIE_NAME = "mandate_csrf" if LOOPBACK else "__Host-csrf"
CSRF_COOKIE_SECURE = not LOOPBACK
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.refusals.csrf"
LANGUAGE_COOKIE_SECURE = not LOOPBACK
LANGUAGE_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = not LOOPBACK and not TESTING
SECURE_REDIRECT_EXEMPT = [r"^healthz/"]  # asked from inside, where there is no certificate
SECURE_HSTS_SECONDS = 0 if LOOPBACK else 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOOPBACK
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
X_FRAME_OPTIONS = "DENY"
# W021 asks for HSTS preload: that binds every subdomain of the operator's, so it stays the operator's choice.
# auth.W004 asks for unique=True on the address: ours is unique without regard to case, by a constraint.
SILENCED_SYSTEM_CHECKS = ["security.W021", "auth.W004"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- Mail -------------------------------------------------------------------------------------

EMAIL_URL = read(
    "EMAIL_URL",
    "",
    "Mail server, for example smtp+tls://user:password@mail.example.org:587."
    " Empty: mail is kept in MANDATE_HOME/mail and sent to nobody.",
)
MAIL_FROM = read("MAIL_FROM", "Mandate <mandate@localhost>", "Sender of every e-mail.", sender)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
if EMAIL_URL:
    try:
        _mail = environ.Env.email_url_config(EMAIL_URL)
    except Exception as error:
        raise ImproperlyConfigured(
            "EMAIL_URL cannot be read. Expected smtp+tls://user:password@mail.example.org:587."
        ) from error
    EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = (
        _mail["EMAIL_BACKEND"],
        _mail["EMAIL_HOST"],
        _mail["EMAIL_PORT"] or 25,
    )
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"] or "", _mail["EMAIL_HOST_PASSWORD"] or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = MANDATE_HOME / "mail"
EMAIL_TIMEOUT = 20

# --- Language, time, files --------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "governance" / "locale"]
TIME_ZONE = read(
    "TIME_ZONE", "UTC", "Zone of the company until it is set in the portal. Times are stored in UTC.", zone
)
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = MANDATE_HOME / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.assets.Assets"},
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()  # a bare checkout serves the files as they are
WHITENOISE_MAX_AGE = 3600

MANDATE_CHECKPOINT_KEY = read(
    "MANDATE_CHECKPOINT_KEY",
    "",
    "Ed25519 private key (base64, 32 bytes) that signs ledger checkpoints.",
    shown="made once and kept in MANDATE_HOME",
)
MANDATE_CHECKPOINT_SINKS = read(
    "MANDATE_CHECKPOINT_SINKS",
    [MANDATE_HOME / "checkpoints.log"],
    "Files that checkpoints are appended to, separated by commas."
    " Put at least one where the database's owner cannot write.",
    lambda raw: [Path(item) for item in items(raw)],
    shown="checkpoints.log in MANDATE_HOME",
)

LOG_LEVEL = read("LOG_LEVEL", "WARNING", "How much is logged to standard error: DEBUG, INFO, WARNING or ERROR.", level)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "portal.logs.Line"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        "mandate": {"level": "INFO"},  # refusals are worth a line each, whatever the rest says
        "waitress.queue": {"level": "ERROR"},  # a full queue is the load balancer's business
        "kombu.connection": {"level": "ERROR"},  # it misses a host name in memory://
    },
}
