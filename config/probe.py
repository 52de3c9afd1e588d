"""
Health probes of the containers, with the standard library only: an address that answers, or a file that is kept fresh.

    python config/probe.py http://127.0.0.1:8000/healthz
    python config/probe.py --fresh /app/var/beat 180
"""

import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def answers(url: str) -> bool:
    """Say whether the address answers with 200, by the name that this machine gives itself."""
    request = urllib.request.Request(url, headers={"Host": "localhost"})  # noqa: S310  # named by our compose file
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def is_fresh(folder: Path, seconds: float) -> bool:
    """Say whether some file of the folder was written in the last so many seconds."""
    return any(time.time() - file.stat().st_mtime < seconds for file in folder.glob("*"))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--fresh", folder, seconds]:
            sys.exit(not is_fresh(Path(folder), float(seconds)))
        case [url]:
            sys.exit(not answers(url))
        case _:
            sys.exit(2)
