"""The plan's pages."""

from django.urls import path

from planning import exchange, views

app_name = "planning"
_ROW = "targets/<int:version>/"
urlpatterns = [
    path("overview/", views.overview, name="overview"),
    path("forecast/", views.forecast, name="forecast"),
    path("forecast/calls/", views.forecast_call, name="forecast-call"),
    path("forecast/units/<int:unit>/review/", views.forecast_review, name="forecast-review"),
    path("funnel/", views.funnel, name="funnel"),
    path("chances/", views.deal_chance, name="deal-chance"),
    path("chances/<int:pk>/", views.deal_forecast, name="deal-forecast"),
    path("chances/<int:pk>/call/", views.deal_call, name="deal-call"),
    path("track-record/", views.track_record, name="track-record"),
    path("conversion/", views.conversion, name="conversion"),
    path("conversion/limits/", views.conversion_settings, name="conversion-limits"),
    path("conversion/rates.<str:kind>", exchange.conversion_rates, name="conversion-export"),
    path("warnings/", views.warnings, name="warnings"),
    path("warnings/top/", views.warnings_top, name="warnings-top"),
    path("warnings/levers/", views.levers, name="levers"),
    path("warnings/<int:pk>/", views.warning_detail, name="warning-detail"),
    path("warnings/<int:pk>/acknowledge/", views.warning_acknowledge, name="warning-acknowledge"),
    path("warnings/<int:pk>/assign/", views.warning_assign, name="warning-assign"),
    path("warnings/<int:pk>/snooze/", views.warning_snooze, name="warning-snooze"),
    path("warnings/<int:pk>/close/", views.warning_close, name="warning-close"),
    path("warnings/<int:pk>/reopen/", views.warning_reopen, name="warning-reopen"),
    path("targets/", views.targets, name="targets"),
    path("targets/my-pace/", views.my_pace, name="my-pace"),
    path(f"{_ROW}people/<int:person>/", views.target_edit, name="target-edit"),
    path(f"{_ROW}units/<int:unit>/", views.target_edit, name="target-edit"),
    path(f"{_ROW}people/<int:person>/split/", views.target_split, name="target-split"),
    path(f"{_ROW}units/<int:unit>/split/", views.target_split, name="target-split"),
    path(f"{_ROW}people/<int:person>/ladder/", views.target_ladder, name="target-ladder"),
    path(f"{_ROW}units/<int:unit>/ladder/", views.target_ladder, name="target-ladder"),
    path(f"{_ROW}units/<int:unit>/cascade/", views.target_cascade, name="target-cascade"),
    path(f"{_ROW}people/<int:person>/levels/", views.target_levels, name="target-levels"),
    path(f"{_ROW}units/<int:unit>/levels/", views.target_levels, name="target-levels"),
    path(f"{_ROW}smart/", views.targets_smart, name="targets-smart"),
    path("plans/calendar/", views.work_calendar, name="work-calendar"),
    path("plans/calendar/new/", views.workday_new, name="workday-new"),
    path("plans/calendar/<int:pk>/drop/", views.workday_drop, name="workday-drop"),
    path("plans/new/", views.plan_new, name="plan-new"),
    path("plans/versions/<int:pk>/activate/", views.plan_activate, name="plan-activate"),
    path("plans/<int:pk>/versions/", views.versions_compare, name="versions-compare"),
    path("plans/<int:pk>/assignment/", views.plan_assignment, name="plan-assignment"),
    path("plans/<int:pk>/revise/", views.plan_revise, name="plan-revise"),
]
