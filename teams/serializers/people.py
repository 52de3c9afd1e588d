from core.api.serializers import ModelOut
from teams.models import OrgUnit, User


class PersonOut(ModelOut):
    """A person by name; nothing of HR."""

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


class UnitOut(ModelOut):
    """A unit and where it hangs."""

    class Meta:
        model = OrgUnit
        fields = ["id", "name", "kind", "parent", "position", "version"]
