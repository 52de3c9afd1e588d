"""The addresses of people and units."""

from django.urls import path

from teams import views

app_name = "teams"

urlpatterns = [
    path("", views.people, name="people"),
    path("new/", views.person_new, name="person-new"),
    path("<int:pk>/", views.person_detail, name="person-detail"),
    path("<int:pk>/edit/", views.person_edit, name="person-edit"),
    path("<int:pk>/move/", views.person_move, name="person-move"),
    path("<int:pk>/deactivate/", views.person_deactivate, name="person-deactivate"),
    path("<int:pk>/reactivate/", views.person_reactivate, name="person-reactivate"),
    path("units/", views.units, name="units"),
    path("units/new/", views.unit_new, name="unit-new"),
    path("units/<int:pk>/edit/", views.unit_edit, name="unit-edit"),
    path("units/<int:pk>/manager/", views.unit_manager, name="unit-manager"),
    path("units/<int:pk>/capacity/", views.capacity_rule, name="capacity-rule"),
    path("capacity/", views.capacity, name="capacity"),
    path("capacity/presence/new/", views.presence_new, name="presence-new"),
    path("capacity/presence/<int:pk>/", views.presence_edit, name="presence-edit"),
    path("capacity/hires/new/", views.hire_new, name="hire-new"),
    path("capacity/hires/<int:pk>/", views.hire_edit, name="hire-edit"),
    path("profile/", views.profile, name="profile"),
    path("profile/appearance/", views.appearance, name="appearance"),
    path("profile/tokens/", views.tokens, name="tokens"),
    path("profile/tokens/<str:key>/revoke/", views.token_revoke, name="token-revoke"),
]
