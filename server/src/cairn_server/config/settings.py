# SPDX-License-Identifier: Apache-2.0
"""Every setting, read top to bottom. Defaults are safe for production; ``cairn-server run`` sets DEVELOPMENT.

Values come through ``config.env`` alone and are documented in docs/reference/settings.md. Reading this
module touches no file but those that ``NAME_FILE`` variables name.
"""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlsplit

import dj_database_url
from django.utils.translation import gettext_lazy as _

from cairn_server.config import env, first_start
from cairn_server.config.sqlite import use_safe_sqlite

use_safe_sqlite()

# Where and who

DEVELOPMENT = env.flag("DEVELOPMENT")
DEBUG = False  # never on: our own error pages say enough, a traceback in a browser says too much
DATA_DIR = first_start.data_dir()
PORT = env.number("PORT", 8000, least=1, most=65535)
BIND = env.text("BIND", "127.0.0.1")
# With both, this server speaks TLS itself. Usually a proxy does, which also renews the certificate.
TLS_CERT = env.text("TLS_CERT", "")
TLS_KEY = env.text("TLS_KEY", "")
# A did:web has a host name in it, never an address in numbers.
_here = f"https://localhost:{PORT}" if TLS_CERT else f"http://127.0.0.1:{PORT}"
# The one address people and verifiers reach us at, without a slash at the end. It is inside every credential.
PUBLIC_URL = env.text("PUBLIC_URL", _here if DEVELOPMENT else "").rstrip("/")
# Issuers and verifiers for the conformance suites of the W3C, with rules that nothing else here relaxes.
VC_API = env.flag("CAIRN_VC_API")
_address = urlsplit(PUBLIC_URL)
_https = _address.scheme == "https"
# Lists of issuers that this installation recognises: files, or folders of them.
TRUST_LISTS = env.names("CAIRN_TRUST_LISTS")
# JSON Schemas that are applied to what names them: a folder.
SCHEMAS = env.text("CAIRN_SCHEMAS", "")
OPERATOR_NAME = env.text("OPERATOR_NAME", "")
SECURITY_CONTACT = env.text("SECURITY_CONTACT", f"{PUBLIC_URL}/imprint")

# Host headers that are not ours are refused (B152); a load balancer's probe may add its own.
ALLOWED_HOSTS = [
    *([_address.hostname] if _address.hostname else []),
    *(["127.0.0.1", "localhost"] if DEVELOPMENT else []),
    *env.names("ALLOWED_HOSTS"),
]
# How many proxies of ours add to X-Forwarded-For. With none, the header is a stranger's claim (B149).
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0, most=10)

# Secrets

_secret_key_file = DATA_DIR / "keys" / "secret-key"
# A process that was not started through cairn-server (a test, a type checker) signs with a passing key.
SECRET_KEY = env.secret("SECRET_KEY", "") or (
    first_start.read(_secret_key_file) if _secret_key_file.exists() else secrets.token_urlsafe(48)
)
SECRET_KEY_FALLBACKS = env.names("SECRET_KEY_FALLBACKS")
KEY_ENCRYPTION_KEY = env.secret("KEY_ENCRYPTION_KEY", "")
KEY_ENCRYPTION_KEY_PATH = DATA_DIR / "keys" / "kek"
# Apart from the database and not in its backups; another disk is better still.
WATERMARK_PATH = Path(env.text("WATERMARK_PATH", str(DATA_DIR / "watermark.sqlite3")))

# Applications

INSTALLED_APPS = [
    "cairn_server.config",
    "cairn_server.web",
    "cairn_server.api",
    "cairn_server.issuing",
    "cairn_server.achievements",
    "cairn_server.wallets",
    "cairn_server.tlog",
    "cairn_server.organisations",
    "cairn_server.accounts",
    "cairn_server.journal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "cairn_server.config.middleware.NoBodyForHead",
    "cairn_server.config.middleware.PublicAddress",
    "cairn_server.config.middleware.SecurityHeaders",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "cairn_server.config.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "cairn_server.config.middleware.RateLimits",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "cairn_server.config.middleware.Refusals",
]
ROOT_URLCONF = "cairn_server.config.urls"
WSGI_APPLICATION = "cairn_server.config.wsgi.application"
APPEND_SLASH = False  # one address per page (B142); config/addresses.py shows people the way
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Parts that stand above others are named here, so that what is below need not import them.

SOURCES = "cairn_server.config.sources.build"
# What /verify and the API ask of a credential: function(lists=…, holder=…).
CHECKS = "cairn_server.config.trust.checks"
# The trust lists that they can choose from.
TRUST_CHOICES = "cairn_server.config.trust.choices"
# Signs a receipt with the key of this installation, for a verifier that may not know of any key.
SIGN_RECEIPT = "cairn_server.organisations.receipts.sign_receipt"
# function(at=…), and the seconds between two runs
PERIODIC_TASKS = (
    ("cairn_server.issuing.batches.run_waiting_batches", 1),
    ("cairn_server.issuing.delivery.deliver_due", 2),
    ("cairn_server.issuing.status_lists.renew_status_lists", 60),
    ("cairn_server.accounts.limits.forget_full", 3600),
    ("cairn_server.accounts.services.forget_old_sessions", 3600),
    ("cairn_server.organisations.services.forget_old_invitations", 3600),
)

# Database

DATABASE_URL = env.secret("DATABASE_URL", f"sqlite:///{DATA_DIR / 'cairn.sqlite3'}")
WEB_THREADS = env.number("WEB_THREADS", 8, least=1, most=200)
DATABASES = {"default": dj_database_url.parse(DATABASE_URL)}
_sqlite = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if _sqlite:
    # Opening costs three times what a page costs (functions, pragmas), and a file does not go away.
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        # A transaction that will write takes its lock at the start, and cannot lose its snapshot halfway.
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
else:
    # One pool per process; persistent connections and a pool exclude each other. Two more than there
    # are threads, for the background work and for a probe.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "pool": {"min_size": 2, "max_size": WEB_THREADS + 2},
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People and how they sign in (django-allauth)

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    # NIST 800-63-4: length and a block-list, no rules of composition.
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 15},
    },
    {"NAME": "cairn_server.accounts.passwords.BlockListValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "name"]},
    },
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_FORMS = {"login": "cairn_server.web.sign_in.LoginForm"}
ACCOUNT_ADAPTER = "cairn_server.web.sign_in.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 900
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_MAX_EMAIL_ADDRESSES = 10
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "cairn_server.accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = OPERATOR_NAME or "Cairn"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT
# Off in `make run`, so that a newcomer awards a credential two minutes after the first command.
SECOND_FACTOR_BY_DEFAULT = not DEVELOPMENT
# Whoever founds an organisation awards under our address. Strangers may only where the operator says so.
OPEN_FOUNDING = env.flag("OPEN_FOUNDING", default=DEVELOPMENT)

# Limits against guessing and flooding: at most `burst` at once, refilled at `per_minute` (B149).

RATE_LIMITS = {
    "sign-in": {"burst": 20, "per_minute": 10},
    "sign-in-address": {"burst": 10, "per_minute": 2},
    # Each thing that is brought counts, so twice as many as may be brought at once.
    "verify": {"burst": 120, "per_minute": 60},
    # Of one request with a thousand credentials each counts here, beside the request itself in "api".
    "verify-many": {"burst": 5000, "per_minute": 1000},
    "api": {"burst": 200, "per_minute": 300},
    "api-network": {"burst": 2000, "per_minute": 3000},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# /verify takes 50, and says in its own words that 51 are too many.
DATA_UPLOAD_MAX_NUMBER_FILES = 60

# Browser

# `__Host-` binds a cookie to this very host over TLS, so no sibling domain can plant one (B143).
SESSION_COOKIE_NAME = "__Host-session" if _https else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "__Host-csrf" if _https else "csrf"
CSRF_TRUSTED_ORIGINS = [f"{_address.scheme}://{_address.netloc}"] if _address.netloc else []
CSRF_FAILURE_VIEW = "cairn_server.config.middleware.csrf_failure"
LANGUAGE_COOKIE_NAME = "language"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# The names are those of Django 6.
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
SECURE_HSTS_SECONDS = 63_072_000
# Django's own middleware for headers and frames is missing because ours sets all of them, on every answer.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002"]
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# Languages and time

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
# A language is offered when its catalogue is in LOCALE_PATHS; the pages are written in English.
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [Path(__file__).resolve().parents[1] / "locale"]

# Static files

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# `serve` collects compressed copies with the digest in the name; everything else serves from the source tree.
HASHED_STATIC_FILES = env.flag("HASHED_STATIC_FILES")
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not HASHED_STATIC_FILES
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if HASHED_STATIC_FILES
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Mail

EMAIL_HOST = env.text("EMAIL_HOST", "")
# Without a mail server, messages are files; `serve` refuses to start like that.
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_PORT = env.number("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_USE_SSL = env.flag("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"Cairn <no-reply@{_address.hostname or 'localhost'}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# Log: one line an event, to standard error

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "cairn_server.config.logs.LineFormatter"}},
    "filters": {"no-addresses": {"()": "cairn_server.config.logs.WithoutAddresses"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no-addresses"]}
    },
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "WARNING" if DEVELOPMENT else "INFO")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        # A 4xx is an answer and no warning. There is no access log on purpose: addresses of credentials and
        # of invitations are secrets. Whoever wants one lets the proxy write it (docs/operators-guide.md).
        "django.request": {"level": "ERROR"},
        # Nor is a foreign Host a mistake of ours: with a traceback each, strangers would fill the disk.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        # Nor a form that was open for too long; its record would name the address and the page before.
        "django.security.csrf": {"level": "CRITICAL"},
        "gunicorn.error": {"filters": ["no-addresses"]},
    },
}
