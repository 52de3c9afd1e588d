"""What every report of planning prints below its figures."""

from django import template

from planning.queries.metrics import definition_of, metric_of
from teams.models import Company

register = template.Library()


@register.simple_tag
def what_counts(currency: str = "") -> str:
    """
    Say what counts as achieved of revenue, made from the metric's own columns: `{% what_counts plan.currency %}`.

    :param currency: empty = the company's
    """
    return definition_of(metric_of(None), currency or Company.objects.the_one().currency)
