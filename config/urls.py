"""The table of contents of everything that answers."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
]
