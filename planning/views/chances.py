"""What the forecast says about single deals: fragments that the board and the page of a deal load."""

from collections.abc import Mapping

from django.db.models import QuerySet
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_POST, require_safe

from core.pages import AuthedRequest, carried_out, page
from customers.models import Deal, Pipeline
from planning import services
from planning.forms import DealCallForm
from planning.queries import chances, plan_on
from planning.queries.calls import category_records, deal_calls
from planning.queries.chances import DealChance
from planning.queries.forecasts import shown_run

from .asking import is_key
from .forecasts import reasons

_NOTHING_TO_SAY = 204  # the page that asked stays as it is


@require_safe
def deal_forecast(request: AuthedRequest, pk: int) -> HttpResponse:
    """Show the chance of an open deal with its reasons; nothing for a closed one, and none before the first night."""
    return _deal_page(request, _visible_deal(request, pk))


@require_POST
def deal_call(request: AuthedRequest, pk: int) -> HttpResponse:
    """Keep the reader's own judgement of a deal beside its chance; without JavaScript back to the page of the deal."""
    deal = _visible_deal(request, pk)
    form = DealCallForm(request.POST, needs_reason=deal.owner_id != request.user.pk)
    called = form.is_valid() and carried_out(form, services.call_deal, deal=deal, actor=request.user, at=timezone.now())
    if called and not request.htmx:
        return redirect("customers:deal-detail", pk=pk)
    return _deal_page(request, deal, form=None if called else form, status=200 if called else 422)


def _visible_deal(request: AuthedRequest, pk: int) -> Deal:
    deals = Deal.objects.visible_to(request.user).select_related("stage", "owner", "product", "channel", "region")
    return get_object_or_404(deals, pk=pk)


def _deal_page(
    request: AuthedRequest, deal: Deal, *, form: DealCallForm | None = None, status: int = 200
) -> HttpResponse:
    plan = plan_on(request.user, timezone.localdate())
    run = shown_run(plan) if plan else None
    if plan is None or run is None or not deal.stage.is_open:
        return HttpResponse(status=_NOTHING_TO_SAY)
    found = chances.deal_chance(plan=plan, run=run, deal=deal)
    judged = deal_calls(deal, request.user)
    initial = {"category": judged.mine.category} if judged.mine else {}
    context = {
        "deal": deal,
        "run": run,
        "plan": plan,
        "currency": plan.currency,
        "found": found,
        "why": _why(found) if found else "",
        "steps": [(factor_name(step.key), _told(step.key, step.value), step) for step in found.steps] if found else [],
        "neutral": pgettext("between names", ", ").join(map(factor_name, found.neutral)) if found else "",
        "reasons": reasons(run) if found and found.evidence.is_thin else [],
        "judged": judged,
        "records": {record.category: record for record in category_records(request.user)},
        "form": form or DealCallForm(initial=initial, needs_reason=deal.owner_id != request.user.pk),
    }
    return page(request, "planning/_deal_forecast.html", context, status=status)


@require_safe
def deal_chance(request: AuthedRequest) -> HttpResponse:
    """Put chances on the cards of a board and weighted sums at the head of its columns (out-of-band swaps)."""
    key = request.GET.get("pipeline", "")
    pipeline = Pipeline.objects.filter(pk=int(key)).first() if is_key(key) else None
    if key and pipeline is None:
        raise Http404
    plan = plan_on(request.user, timezone.localdate())
    run = shown_run(plan) if plan else None
    if plan is None or run is None or pipeline is None:
        return HttpResponse(status=_NOTHING_TO_SAY)
    whole = request.GET.get("whole", "")
    found = chances.board_chances(
        run=run,
        pipeline=pipeline,
        deals=_narrowed(Deal.objects.visible_to(request.user), request.GET),
        whole=int(whole) if is_key(whole) else None,
    )
    return page(request, "planning/_deal_chance.html", {"found": found, "currency": plan.currency, "run": run})


def _narrowed(deals: QuerySet[Deal], asked: QueryDict) -> QuerySet[Deal]:
    """Narrow the deals as the board does, whose address this is."""
    for name in ("owner", "product", "region", "channel"):
        key = asked.get(name, "")
        if is_key(key):
            deals = deals.filter(**{f"{name}_id": int(key)})
    return Deal.objects.filter(pk__in=deals.values("pk")).matching(asked.get("q", "")[:100])


def factor_name(key: str) -> str:
    """Return what a factor of a chance is called."""
    names: Mapping[str, str] = {
        "owner": _("Owner"),
        "product": _("Product line"),
        "channel": _("Lead source"),
        "region": _("Market region"),
        "amount": _("Size"),
        "lead": _("Lead time"),
        chances.LATER: _("In the stages after this one"),
    }
    return names[key]


def _told(key: str, value: object) -> object:
    """The deal's own value of a factor as text; an amount stays a number, for the template to write as money."""
    if value is None:
        return _("not recorded")
    if key == "lead":
        days = int(str(value))
        return ngettext("%(count)s day from stage to close", "%(count)s days from stage to close", days) % {
            "count": days
        }
    return value


def _why(found: DealChance) -> str:
    """Say in a sentence what age or lateness does: quotes older than 30 days close half as often as fresh ones."""
    ratio = found.against_fresh
    stage = found.row.stage or found.deal.stage
    if ratio is None:
        return ""
    if found.days_to_close is None:
        days = found.days_in_stage
        text = ngettext(
            "Deals that have stood at %(stage)s for %(count)s day are won %(often)s those that have just come there.",
            "Deals that have stood at %(stage)s for %(count)s days are won %(often)s those that have just come there.",
            days,
        )
        return text % {"stage": stage, "count": days, "often": how_often(ratio)}
    late = -found.days_to_close
    if late > 0:
        text = ngettext(
            "Deals at %(stage)s that are %(count)s day past their expected close are won %(often)s those that have"
            " just come there.",
            "Deals at %(stage)s that are %(count)s days past their expected close are won %(often)s those that have"
            " just come there.",
            late,
        )
        return text % {"stage": stage, "count": late, "often": how_often(ratio)}
    text = ngettext(
        "Deals at %(stage)s with %(count)s day to go to their expected close are won %(often)s those that have just"
        " come there.",
        "Deals at %(stage)s with %(count)s days to go to their expected close are won %(often)s those that have just"
        " come there.",
        -late,
    )
    return text % {"stage": stage, "count": -late, "often": how_often(ratio)}


def how_often(ratio: float) -> str:
    """Return a ratio of rates in words: half as often as, about as often as, 1.4 times as often as."""
    if 0.9 <= ratio <= 1.1:
        return _("about as often as")
    for share, words in ((0.75, _("three quarters as often as")), (0.5, _("half as often as"))):
        if abs(ratio - share) <= 0.05:
            return words
    for share, words in (
        (1 / 3, _("a third as often as")),
        (0.25, _("a quarter as often as")),
        (2.0, _("twice as often as")),
    ):
        if abs(ratio - share) <= 0.04 * max(share, 1):
            return words
    if ratio < 0.05:
        return _("hardly ever compared with")
    return _("%(ratio)s times as often as") % {"ratio": f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"}
