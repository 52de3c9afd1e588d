from typing import Any

from rest_framework.serializers import CharField, EmailField

from core.api.serializers import ModelOut
from teams.models import OrgUnit, User


class PersonOut(ModelOut):
    """
    A person by name; nothing of HR.

    E-mail, id elsewhere and dates are null where the caller knows the person's name but does not see the person's work.
    """

    email = EmailField(allow_null=True)
    external_id = CharField(allow_null=True)

    class Meta:
        model = User
        fields = [
            "id",
            "name",
            "email",
            "external_id",
            "capabilities",
            "is_active",
            "hired_date",
            "left_date",
            "version",
        ]

    def to_representation(self, instance: Any) -> Any:
        """Show a person whom the view has annotated with `sees_work`."""
        shown = super().to_representation(instance)
        if not instance.sees_work:
            shown.update(dict.fromkeys(("email", "external_id", "hired_date", "left_date")))
        return shown


class UnitOut(ModelOut):
    """A unit and where it hangs."""

    class Meta:
        model = OrgUnit
        fields = ["id", "name", "kind", "parent", "position", "version"]
