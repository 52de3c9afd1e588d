"""The table of contents of everything that answers."""

from django.urls import include, path

from config import views

urlpatterns = [
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("accounts/", include("config.accounts")),
    path("people/", include("teams.urls")),
]
