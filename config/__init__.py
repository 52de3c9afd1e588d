import os

# Before numpy is loaded: every process has a core's worth of work, and threads over small matrices only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from .celery import app as celery_app

__all__ = ["celery_app"]
