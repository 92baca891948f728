from django.urls import include, path, re_path

from vqflow import quick_unlock, views

kernel = [
    path("", views.home, name="home"),
    path("lock/", views.lock, name="lock"),
    path("unlock/", views.unlock, name="unlock"),
    path("account/quick-unlock/", quick_unlock.quick_unlock, name="quick-unlock"),
    path("account/passkey/", views.passkey, name="passkey"),
    path("keepalive/", views.keepalive, name="keepalive"),
    path("theme/", views.theme, name="theme"),
    path("density/", views.density, name="density"),
    path("healthz", views.healthz, name="healthz"),
    path("audit/", views.audit_trail, name="audit"),
    path("system/", views.status, name="status"),
]

handler404, handler500 = "vqflow.faults.missing", "vqflow.faults.broken"

# What has a beginning of its own stands before what has none: there every page would be tried first.
urlpatterns = [
    path("api/v1/", include("scheduling.api.urls")),
    path("api/v1/", include("reporting.api_urls")),
    path("api/v1/", include("vqflow.api_urls")),
    path("", include((kernel, "vqflow"))),
    # Accounts are made and reset by the administrator: these pages of the library do not exist here.
    re_path(r"^account/(?:email|confirm-email|password/reset|password/set)\b", views.nowhere, name="nowhere"),
    path("account/", include("allauth.urls")),
    path("", include("scheduling.urls")),
    path("", include("reporting.urls")),
]
