"""What a caller may link a deal, a customer or an activity to."""

from typing import Any

from core.api.serializers import Linked
from customers.models import Channel, Customer, Deal, Pipeline, ProductLine, Region, Stage
from teams.models import User


def owner(**kwargs: Any) -> Linked:
    return Linked(lambda user: User.objects.visible_to(user).active(), **kwargs)


def customer(**kwargs: Any) -> Linked:
    return Linked(lambda user: Customer.objects.visible_to(user).order_by("pk"), **kwargs)


def deal(**kwargs: Any) -> Linked:
    return Linked(lambda user: Deal.objects.visible_to(user).select_related("stage"), **kwargs)


def pipeline(**kwargs: Any) -> Linked:
    return Linked(lambda _user: Pipeline.objects.filter(is_active=True), **kwargs)


def stage(**kwargs: Any) -> Linked:
    return Linked(lambda _user: Stage.objects.all(), **kwargs)


def product(**kwargs: Any) -> Linked:
    return Linked(lambda _user: ProductLine.objects.all(), **kwargs)


def region(**kwargs: Any) -> Linked:
    return Linked(lambda _user: Region.objects.all(), **kwargs)


def channel(**kwargs: Any) -> Linked:
    return Linked(lambda _user: Channel.objects.all(), **kwargs)
