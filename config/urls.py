"""The table of contents of everything that answers."""

from django.urls import include, path

from config import views

handler400 = "core.api.errors.handler400"
handler403 = "core.api.errors.handler403"
handler404 = "core.api.errors.handler404"
handler500 = "core.api.errors.handler500"

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("config.accounts")),
    path("setup/audit/", views.audit, name="audit"),
    path("people/", include("teams.urls")),
    path("api/v1/", include("config.api")),
    path("", include("customers.urls")),
    path("", include("planning.urls")),
]
