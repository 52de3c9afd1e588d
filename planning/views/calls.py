"""What people say a period will bring: submitted on the forecast's roll-up, beside the computed number."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.pages import AuthedRequest, carried_out
from planning import policies, services
from planning.forms import CallForm

from .asking import asked_for
from .forecasts import called_node, forecast_page, over_in


@require_POST
def forecast_call(request: AuthedRequest) -> HttpResponse:
    """Submit a call about the row that the address names (`call=person-12`), and go back to the roll-up."""
    asked = asked_for(request)
    node = called_node(request)
    if asked.plan is None or asked.run is None or node is None:
        return forecast_page(request, asked, status=422)
    is_own = policies.is_own_call(request.user, unit=node.unit, person=node.person)
    form = CallForm(request.POST, needs_reason=not is_own)
    period = over_in(request, asked)
    if form.is_valid():
        call = carried_out(
            form,
            services.submit_call,
            plan=asked.plan,
            actor=request.user,
            at=timezone.now(),
            period=period,
            unit=node.unit,
            person=node.person,
        )
        if call:
            messages.success(request, _("Your call about %(name)s stands beside the forecast.") % {"name": node.name})
            year = asked.plan.fiscal_year.year
            return redirect(f"{reverse('planning:forecast')}?year={year}&{asked.node.query}&over={period}#rollup")
    return forecast_page(request, asked, form=form, status=422)
