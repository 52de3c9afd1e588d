"""The product's settings with one page more: a view that does nothing, to compare with."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
