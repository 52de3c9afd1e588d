from django.contrib.postgres.fields import ArrayField
from django.db import models
from knox.models import AbstractAuthToken


class ApiToken(AbstractAuthToken):
    """A hashed, expiring API token: the rights of its person, narrowed to its scopes."""

    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=40), default=list)

    def __str__(self) -> str:
        return f"{self.name} ({self.token_key})"
