"""Settings of VQFlow. Everything that differs between machines comes from the environment (.env.example)."""

from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from environs import Env

from vqflow import logs

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(BASE_DIR / ".env"), recurse=False)

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [])
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000")
BANNER = env.str("BANNER", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "rest_framework.authtoken",
    "vqflow",
    "scheduling",
    "reporting",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "vqflow.middleware.RequestLog",
    "vqflow.middleware.DatabaseAway",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "vqflow.middleware.MailedLinks",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "vqflow.middleware.IdleLock",
    "vqflow.middleware.SecondFactor",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "vqflow.middleware.HistoryContext",
    "vqflow.middleware.Refusals",
    "vqflow.middleware.PrivateResponses",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "vqflow.urls"
WSGI_APPLICATION = "vqflow.wsgi.application"
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
                "vqflow.shell.shell",
            ]
        },
    },
    {
        # The day's list: drawn at each change, for every open list (docs/adr/0016-the-days-list-is-drawn-by-jinja.md).
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates" / "jinja2"],
        "OPTIONS": {"environment": "vqflow.jinja.environment"},
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# PostgreSQL is the only database. A statement or an idle transaction may not outlive the seal of the
# audit trail (vqflow/audit.py), and a hung client may not hold a booking's locks.
DATABASES = {"default": env.dj_db_url("DATABASE_URL")}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"].setdefault("connect_timeout", 5)
# Statements of vqflow/statements.py that come a third time on a connection are prepared.
DATABASES["default"]["OPTIONS"].setdefault("prepare_threshold", 3)
DATABASES["default"]["OPTIONS"]["options"] = (
    "-c statement_timeout=60000 -c idle_in_transaction_session_timeout=60000"
)
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The cache is the database: with Redis dead, signing in must still work (its rate limits live in the cache).
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "vqflow_cache"}}

REDIS_URL = env.str("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 120
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,  # longer than any task; there are no tasks with a countdown
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 15,
    "retry_on_timeout": True,
    "global_keyprefix": "vqflow:",
}
# Each of these asks the database what is due; running twice or late does no harm.
CELERY_BEAT_SCHEDULE = {
    "send-due-messages": {
        "task": "scheduling.send_due_messages",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "release-expired-holds": {
        "task": "scheduling.release_expired_holds",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "fill-from-waitlist": {
        "task": "scheduling.fill_from_waitlist",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "release-expired-doses": {
        "task": "scheduling.release_expired_doses",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "forget-changes": {
        "task": "scheduling.forget_changes",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "lay-out-tracers": {
        "task": "scheduling.lay_out_tracers",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
    "solve-replans": {
        "task": "scheduling.solve_replans",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "apply-planned-changes": {
        "task": "scheduling.apply_planned_changes",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "write-downtime-lists": {
        "task": "scheduling.write_downtime_lists",
        "schedule": 600.0,
        "options": {"expires": 590},
    },
    "escalate-critical-results": {
        "task": "reporting.escalate_critical_results",
        "schedule": 15.0,
        "options": {"expires": 14},
    },
    "keep-numbers": {
        "task": "reporting.keep_numbers",
        "schedule": 60.0,
        "options": {"expires": 55},
    },
    "note-beat": {"task": "vqflow.note_beat", "schedule": 15.0, "options": {"expires": 14}},
    "seal-audit": {"task": "vqflow.seal_audit", "schedule": 300.0, "options": {"expires": 290}},
    "forget-old-requests": {
        "task": "vqflow.forget_old_requests",
        "schedule": 3600.0,
        "options": {"expires": 3500},
    },
}

# The lists for the day the network fails; names of patients: nobody but the process's owner reads it.
DOWNTIME_FOLDER = Path(
    env.str("DOWNTIME_FOLDER", str(Path(env.str("VQFLOW_VAR", str(BASE_DIR / "var"))) / "downtime"))
)

email = env.dj_email_url("EMAIL_URL")
EMAIL_BACKEND = email["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = email["EMAIL_HOST"], email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = email["EMAIL_HOST_USER"], email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = email.get("EMAIL_USE_TLS", False), email.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 15
# Text messages are off until a gateway is named (vqflow/sms.py says what it is sent).
SMS_URL = env.str("SMS_URL", "")
SMS_TOKEN = env.str("SMS_TOKEN", "")
SMS_SENDER = env.str("SMS_SENDER", "")
SMS_TIMEOUT = 10
# The worklist for cameras (`manage.py dicom`); what each variable is for: docs/operations.md.
DICOM_AE_TITLE = env.str("DICOM_AE_TITLE", "VQFLOW")
DICOM_BIND = env.str("DICOM_BIND", "")
DICOM_MOST, DICOM_MOST_OF_ONE = env.int("DICOM_MOST", 20), env.int("DICOM_MOST_OF_ONE", 8)
DICOM_WEB_ADDRESSES = env.list("DICOM_WEB_ADDRESSES", ["127.0.0.0/8", "::1"])
DICOM_TLS_CERTIFICATE = env.str("DICOM_TLS_CERTIFICATE", "")
DICOM_TLS_KEY = env.str("DICOM_TLS_KEY", "")
DICOM_TLS_AUTHORITIES = env.str("DICOM_TLS_AUTHORITIES", "")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "appointments@clinic.example")

LANGUAGE_CODE = "en"
# Of these a browser may ask for one (scheduling/locale; the patient's own is Patient.language).
LANGUAGES = [
    ("en", "English"),
    ("es", "Spanish"),
    ("de", "German"),
    ("fr", "French"),
    ("ar", "Arabic"),
    ("zh-hans", "Simplified Chinese"),
]
USE_I18N = True
# Before the catalogues of other applications: what patients read is what ours says (docs/languages.md).
LOCALE_PATHS = [BASE_DIR / "scheduling" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"  # shown times use the site's zone: scheduling/templatetags/clock.py

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATICFILES", "whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}

AUTH_USER_MODEL = "vqflow.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "vqflow:home"
ACCOUNT_ADAPTER = "vqflow.accounts.Adapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = False
# A clinic behind one address must not lock itself out: only the limit per user name is tight, and it heals.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "60/m/ip,5/300s/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A passkey that only needs a touch would sign for whoever sits where it is plugged in: finger, face or PIN as well.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_TOTP_ISSUER = "VQFlow"
REQUIRE_MFA_ROLES = env.list("REQUIRE_MFA_ROLES", ["reader", "lead", "privacy_officer", "administrator"])

IDLE_LOCK = timedelta(minutes=15)
SESSION_ABSOLUTE = timedelta(hours=12)
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = int(SESSION_ABSOLUTE.total_seconds())
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# Without HTTPS only a demonstration on the loopback address is meant.
HTTPS = env.bool("HTTPS", True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-vqflow_session" if HTTPS else "vqflow_session"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
CSRF_FAILURE_VIEW = "vqflow.faults.forged"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Not "no-referrer": browsers then send "Origin: null" with forms, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
if env.bool("BEHIND_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "vqflow.api.access.TokenAuthentication",
        "vqflow.api.access.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["vqflow.api.access.Permitted"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "vqflow.api.pages.Pages",
    "DEFAULT_SCHEMA_CLASS": "vqflow.api.schema.Schema",
    "EXCEPTION_HANDLER": "vqflow.api.problems.problem",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VQFlow",
    "DESCRIPTION": "Orders, itineraries, appointments, worklist and reports of V/Q lung scans.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [],  # choices stay where they are used: names made up for them would change
}

LOGGING = logs.configure(level=env.str("LOG_LEVEL", "INFO"))
