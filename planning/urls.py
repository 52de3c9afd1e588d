"""The plan's pages."""

from django.urls import path

from planning import views

app_name = "planning"
urlpatterns = [
    path("overview/", views.overview, name="overview"),
    path("forecast/", views.forecast, name="forecast"),
    path("funnel/", views.funnel, name="funnel"),
]
