"""The contents page of the REST API, version 1."""

from django.urls import path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from core.api.auth import SignedInWithScope
from customers import api as customers
from planning import api as planning
from teams import api as teams

app_name = "api"
router = SimpleRouter()
router.register("people", teams.PersonViewSet, basename="person")
router.register("units", teams.UnitViewSet, basename="unit")
router.register("capacity-rules", teams.CapacityRuleViewSet, basename="capacity-rule")
router.register("presences", teams.PresenceViewSet, basename="presence")
router.register("planned-hires", teams.PlannedHireViewSet, basename="planned-hire")
router.register("customers", customers.CustomerViewSet, basename="customer")
router.register("deals", customers.DealViewSet, basename="deal")
router.register("activities", customers.ActivityViewSet, basename="activity")
router.register("pipelines", customers.PipelineViewSet, basename="pipeline")
router.register("product-lines", customers.ProductLineViewSet, basename="product-line")
router.register("regions", customers.RegionViewSet, basename="region")
router.register("channels", customers.ChannelViewSet, basename="channel")
router.register("market-sizes", customers.MarketSizeViewSet, basename="market-size")
router.register("strategies", customers.StrategyViewSet, basename="strategy")
router.register("plans", planning.PlanViewSet, basename="plan")
router.register("plan-versions", planning.PlanVersionViewSet, basename="plan-version")
router.register("submissions", planning.SubmissionViewSet, basename="submission")
router.register("targets", planning.TargetViewSet, basename="target")
router.register("potentials", planning.PotentialViewSet, basename="potential")
router.register("commitments", planning.CommitmentViewSet, basename="commitment")
router.register("metrics", planning.MetricViewSet, basename="metric")
router.register("capacity", planning.CapacityViewSet, basename="capacity")
router.register("scenarios", planning.ScenarioViewSet, basename="scenario")
router.register("full-quotas", planning.FullQuotaViewSet, basename="full-quota")
router.register("stage-goals", planning.StageGoalViewSet, basename="stage-goal")
router.register("share-targets", planning.ShareTargetViewSet, basename="share-target")
router.register("nights", planning.NightViewSet, basename="night")
router.register("forecasts", planning.ForecastViewSet, basename="forecast")
router.register("deal-chances", planning.DealChanceViewSet, basename="deal-chance")
router.register("calls", planning.CallViewSet, basename="call")
router.register("conversions", planning.ConversionViewSet, basename="conversion")
router.register("track-record", planning.TrackRecordViewSet, basename="track-record")
router.register("warnings", planning.WarningViewSet, basename="warning")
router.register("workdays", planning.WorkdayViewSet, basename="workday")
router.register("levers", planning.LeverViewSet, basename="lever")

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(permission_classes=[SignedInWithScope]), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="api:schema", permission_classes=[SignedInWithScope]),
        name="docs",
    ),
    *router.urls,
]
