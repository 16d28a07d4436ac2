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
from django.conf import global_settings

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
# Custody of the keys that organisations sign with. All of it is for the signer process: what serves people is
# started without these secrets (supervisor.py), and reaches the signer through this socket.
SIGNER_SOCKET = env.text("SIGNER_SOCKET", str(DATA_DIR / "signer.sock"))
# Users beside its own that may ask the signer, named or numbered.
SIGNER_CLIENTS = env.names("SIGNER_CLIENTS")
# Who keeps the keys that are made from now on: sealed, pkcs11 or remote.
KEY_CUSTODY = env.text("KEY_CUSTODY", "sealed")
PKCS11_MODULE = env.text("PKCS11_MODULE", "")
PKCS11_TOKEN = env.text("PKCS11_TOKEN", "")
PKCS11_PIN = env.secret("PKCS11_PIN", "")
REMOTE_SIGNER_URL = env.text("REMOTE_SIGNER_URL", "")
REMOTE_SIGNER_TOKEN = env.secret("REMOTE_SIGNER_TOKEN", "")
REMOTE_SIGNER_CA = env.text("REMOTE_SIGNER_CA", "")
# The certificate that this server shows, and its key: two files in PEM.
REMOTE_SIGNER_CERT = env.text("REMOTE_SIGNER_CERT", "")
REMOTE_SIGNER_KEY = env.text("REMOTE_SIGNER_KEY", "")
REMOTE_SIGNER_SECONDS = env.number("REMOTE_SIGNER_SECONDS", 10, least=1, most=50)
KEY_CRYPTOPERIOD_DAYS = env.number("KEY_CRYPTOPERIOD_DAYS", 730, least=30, most=1095)
KEY_DESTROYED_AFTER_DAYS = env.number("KEY_DESTROYED_AFTER_DAYS", 30, least=1, most=3650)
# Of one key, beside batches, which were checked and approved as a whole; 0 counts nothing.
SIGNATURES_PER_MINUTE = env.number("SIGNATURES_PER_MINUTE", 60_000)
# Where it is on record what shall be signed: purpose → function(reference)
SIGNING_INTENTS = {
    "credential": "cairn_server.issuing.intents.of_credential",
    "token": "cairn_server.issuing.intents.of_token",
    "status-list": "cairn_server.issuing.intents.of_status_list",
    "chunk": "cairn_server.issuing.intents.of_chunk",
    "bound-copy": "cairn_server.issuing.intents.of_bound_copy",
}
# Apart from the database and not in its backups; another disk is better still.
WATERMARK_URL = env.secret("WATERMARK_URL", "")
WATERMARK_PATH = Path(env.text("WATERMARK_PATH", str(DATA_DIR / "watermark.sqlite3")))

# Applications

INSTALLED_APPS = [
    "cairn_server.config",
    "cairn_server.web",
    "cairn_server.api",
    "cairn_server.portability",
    "cairn_server.presenting",
    "cairn_server.earning",
    "cairn_server.issuing",
    "cairn_server.achievements",
    "cairn_server.assessments",
    "cairn_server.projects",
    "cairn_server.wallets",
    "cairn_server.tlog",
    "cairn_server.webhooks",
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
    "oauth2_provider",
]
MIDDLEWARE = [
    "cairn_server.config.metrics.Measured",
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
# Counts that somebody looked at the credential of an address of ours: function(id, at=…). A number, no more.
COUNT_CHECK = "cairn_server.config.counting.count_check"
# Signs a receipt with the key of this installation, for a verifier that may not know of any key.
SIGN_RECEIPT = "cairn_server.organisations.receipts.sign_receipt"
# The one way to another machine's webhooks.
WEBHOOK_POSTER = "cairn_server.config.outbox.poster"
# The one way to other hosts of credentials that learners connect.
HOST_ASKER = "cairn_server.config.outbox.asker"
# The one way on which a wallet here answers somebody's request.
ANSWER_POSTER = "cairn_server.config.sources.poster"
# Where background work is done: in the process that serves, or in workers alone (``cairn-server worker``).
BACKGROUND_WORK = env.choice("BACKGROUND_WORK", "here", of=("here", "workers"))
# function(at=…), and the seconds between two runs
PERIODIC_TASKS = (
    ("cairn_server.issuing.batches.run_waiting_batches", 1),
    ("cairn_server.issuing.batches.release_due", 2),
    ("cairn_server.issuing.receiving.check_waiting", 1),
    ("cairn_server.issuing.receiving.forget_old_lists", 3600),
    ("cairn_server.issuing.standing.work_off", 1),
    ("cairn_server.issuing.standing.end_suspensions", 30),
    ("cairn_server.issuing.replacing.finish_replacing", 60),
    ("cairn_server.issuing.services.finish_awards", 5),
    ("cairn_server.issuing.as_token.finish_tokens", 5),
    ("cairn_server.earning.services.award_due", 30),
    ("cairn_server.earning.decisions.follow", 5),
    ("cairn_server.earning.duties.look", 600),
    ("cairn_server.earning.notices.forget_old", 3600),
    ("cairn_server.issuing.copies.finish_copies", 60),
    ("cairn_server.issuing.offering.forget_offers", 3600),
    ("cairn_server.issuing.reissue.revoke_replaced", 5),
    ("cairn_server.issuing.status_lists.publish_waiting", 5),
    ("cairn_server.issuing.status_lists.renew_status_lists", 60),
    ("cairn_server.config.overdue.close_overdue", 15),
    ("cairn_server.config.key_care.care_for_keys", 3600),
    ("cairn_server.issuing.reminders.remind_holders", 3600),
    ("cairn_server.issuing.reminders.remind_of_awards", 600),
    ("cairn_server.issuing.reminders.write_digests", 3600),
    ("cairn_server.issuing.analytics.flush", 60),
    ("cairn_server.achievements.catalogue.catch_up", 60),
    ("cairn_server.wallets.looks.flush", 60),
    ("cairn_server.config.keeping.forget_old_looks", 3600),
    ("cairn_server.accounts.limits.forget_full", 3600),
    ("cairn_server.accounts.proving.forget_old", 3600),
    ("cairn_server.accounts.services.forget_old_sessions", 3600),
    ("cairn_server.organisations.services.forget_old_invitations", 3600),
    ("cairn_server.webhooks.sending.forget_old", 3600),
    ("cairn_server.presenting.services.forget_old", 3600),
    ("cairn_server.portability.services.forget_old", 3600),
)
# The same for what waits for machines of others; each group on a thread of its own, so that a mail server or
# a webhook that does not answer holds up nothing but itself.
OUTSIDE_TASKS = (
    (
        ("cairn_server.config.outbox.send_letters", 1),
        ("cairn_server.issuing.reminders.send_digests", 60),
        ("cairn_server.webhooks.letters.tell_owners", 60),
    ),
    (("cairn_server.config.outbox.send_webhooks", 1),),
    (("cairn_server.config.looking_again.check_what_is_shown", 60),),
)
# What is moved with care when two accounts of one person become one: function(into=…, other=…, at=…)
JOINS = (
    "cairn_server.wallets.joining.move",
    "cairn_server.organisations.services.move_memberships",
    "cairn_server.issuing.choices.move",
    "cairn_server.earning.joining.move",
    "cairn_server.assessments.joining.move",
    "cairn_server.projects.joining.move",
    "cairn_server.portability.services.move",
)
# Webhooks go to public https addresses. These origins are in a network of ours, and right all the same.
WEBHOOK_ORIGINS = env.names("WEBHOOK_ORIGINS")

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
    # One pool per process; persistent connections and a pool exclude each other. Four more than there
    # are threads, for the background work (OUTSIDE_TASKS too) and for a probe.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    _options = DATABASES["default"].get("OPTIONS", {})
    DATABASES["default"]["OPTIONS"] = {
        **_options,
        "pool": {"min_size": 2, "max_size": WEB_THREADS + 4},
        # Whoever stops in the middle of a transaction (a frozen process, a machine that is cut off) holds its
        # locks no longer than a chunk's lease. What the URL says comes later, and wins.
        "options": f"-c idle_in_transaction_session_timeout=120s {_options.get('options', '')}".rstrip(),
    }
    # The queue of the workers (config/work.py). Its tables are PostgreSQL's alone.
    INSTALLED_APPS += ["procrastinate.contrib.django"]
    PROCRASTINATE_IMPORT_PATHS = ["cairn_server.config.work"]
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

# Other sites that learners let into their wallets (django-oauth-toolkit)

OAUTH2_PROVIDER_APPLICATION_MODEL = "portability.Client"
# Of secrets that are random already; people's passwords go by the first, which is Django's own.
PASSWORD_HASHERS = [
    *global_settings.PASSWORD_HASHERS,
    "cairn_server.portability.oauth.RandomSecretHasher",
]
OAUTH2_PROVIDER = {
    "OAUTH2_SERVER_CLASS": "cairn_server.portability.oauth.Server",
    "OAUTH2_VALIDATOR_CLASS": "cairn_server.portability.oauth.Validator",
    "SCOPES_BACKEND_CLASS": "cairn_server.portability.scopes.Scopes",
    "CLIENT_SECRET_HASHER": "pbkdf2_sha256_random",
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,  # the issuer's name in answers (RFC 9207); there is no OpenID here
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"] if DEVELOPMENT else ["https"],
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 300,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    # Half a year without a visit, and the site asks again.
    "REFRESH_TOKEN_EXPIRE_SECONDS": 180 * 24 * 3600,
    # A refresh token that comes twice was stolen from one of the two: all of that visit are over.
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    # Digests alone: whoever reads the table can use none of them (B153).
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}

# Limits against guessing and flooding: at most `burst` at once, refilled at `per_minute` (B149).

RATE_LIMITS = {
    "sign-in": {"burst": 20, "per_minute": 10},
    "sign-in-address": {"burst": 10, "per_minute": 2},
    # What is posted to the links of letters: a class behind one address accepts together.
    "claim": {"burst": 120, "per_minute": 60},
    # Each thing that is brought counts, so twice as many as may be brought at once.
    "verify": {"burst": 120, "per_minute": 60},
    # Of one request with a thousand credentials each counts here, beside the request itself in "api".
    "verify-many": {"burst": 5000, "per_minute": 1000},
    # Codes from a room, tried by a whole class behind one address; each person has a limit of their own.
    "codes": {"burst": 120, "per_minute": 60},
    # Requests of wallets, of a whole hall behind one address: some for each credential.
    "wallets": {"burst": 600, "per_minute": 600},
    # Sites that introduce themselves: of one network, and of all together, because each leaves a row.
    "register": {"burst": 10, "per_minute": 1},
    "register-all": {"burst": 200, "per_minute": 10},
    "api": {"burst": 200, "per_minute": 300},
    "api-network": {"burst": 2000, "per_minute": 3000},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
# Lists of recipients: the largest file, which is also the largest body of any request, and the most rows.
LIST_MAX_MB = env.number("LIST_MAX_MB", 200, least=1, most=2000)
LIST_MAX_ROWS = env.number("LIST_MAX_ROWS", 1_048_576, least=1, most=10_000_000)
# Files that people hand over as evidence: how large each may be, and the program that looks at it first.
ATTACHMENT_MAX_MB = env.number("ATTACHMENT_MAX_MB", 20, least=1, most=100)
ATTACHMENT_SCANNER = env.text("ATTACHMENT_SCANNER", "")
ATTACHMENT_SCANNER_SECONDS = env.number("ATTACHMENT_SCANNER_SECONDS", 30, least=1, most=50)
FILE_UPLOAD_HANDLERS = [
    "cairn_server.config.uploads.Bounded",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
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
# Each by its own name, for whoever looks for it. The pages are written in English, the others stand in
# LOCALE_PATHS (docs/how-to/translate.md).
LANGUAGES = [
    ("ar", "العربية"),
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "Español"),
    ("fr", "Français"),
    ("nl", "Nederlands"),
]
LOCALE_PATHS = [Path(__file__).resolve().parents[1] / "locale"]
# How days and moments are written, where Django's own way is none of ours.
FORMAT_MODULE_PATH = "cairn_server.config.formats"

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
# For how long learners see when what they show was looked at.
LOOKS_KEPT_DAYS = env.number("LOOKS_KEPT_DAYS", 731, least=1, most=3650)

# How fast the mail server may be given messages, 0: as fast as it takes them; and over how many connections.
MAIL_PER_MINUTE = env.number("MAIL_PER_MINUTE", 0)
MAIL_PER_MINUTE_PER_DOMAIN = env.number("MAIL_PER_MINUTE_PER_DOMAIN", 0)
MAIL_CONNECTIONS = env.number("MAIL_CONNECTIONS", 4, least=1, most=32)
# Where what cannot be delivered goes back to, as bounces+TOKEN@…, and whose word about it counts.
BOUNCE_ADDRESS = env.text("BOUNCE_ADDRESS", "")
MAIL_REPORTS_TOKEN = env.secret("MAIL_REPORTS_TOKEN", "")

# Figures for Prometheus, for whoever has this token.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")

# Log: one line an event, to standard error

LOG_FORMAT = env.choice("LOG_FORMAT", "line", of=("line", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "cairn_server.config.logs.LineFormatter"},
        "json": {"()": "cairn_server.config.logs.JsonFormatter"},
    },
    "filters": {"no-addresses": {"()": "cairn_server.config.logs.WithoutAddresses"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["no-addresses"]}
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
        # A line for each job would be a line for each chunk of a list; what became of it is in its row.
        "procrastinate": {"level": "WARNING"},
    },
}
