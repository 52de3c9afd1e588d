"""
Postgres and Redis without a server: the programs come in Python wheels, the data lies in var/.

    with embedded.parts():      # fills DATABASE_URL, REDIS_URL and SECRET_KEY where they are not set
        ...                     # whoever starts a part may be joined by others; the last one out stops it

Postgres answers on a socket in a folder that only its user (and root) may enter; it listens on no port. Redis answers on a
loopback port with a random password. Imports no Django: this runs before there are settings.
"""

from .parts import BASE_DIR, VAR, parts, secret_key
from .postgres import Postgres
from .programs import CannotStart, Part, tail
from .redis_server import Redis

__all__ = ["BASE_DIR", "VAR", "CannotStart", "Part", "Postgres", "Redis", "parts", "secret_key", "tail"]
