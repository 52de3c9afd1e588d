"""
Make .venv from the hash-locked requirements: `python3 config/bootstrap.py [--dev]`.

Runs under whatever Python a machine has, so it imports the standard library only and speaks plainly when that is too old.
Idempotent: a stamp in .venv names the locks that are installed.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent
VENV = BASE_DIR / ".venv"
OLDEST = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14")


def make(*, dev: bool, root: Path = BASE_DIR) -> bool:
    """Bring .venv to the locks. Returns whether there was anything to do."""
    wanted = [root / "requirements.txt"] if not dev else [root / "requirements-dev.txt"]
    if not _node_at_hand():
        wanted.append(root / "requirements-node.txt")
    stamps = [(VENV / f".{file.stem}", _digest(file)) for file in wanted]
    if (VENV / "bin" / "python").exists() and all(_is_stamped(stamp, digest) for stamp, digest in stamps):
        return False
    _say(f"Making .venv with Python {sys.version.split()[0]} ...")
    if not (VENV / "bin" / "python").exists():
        _make_venv()
    for file in wanted:
        _install(file, root)
    for stamp, digest in stamps:
        stamp.write_text(digest)
    if dev:
        # The development lock holds everything that the running lock holds.
        (VENV / ".requirements").write_text(_digest(root / "requirements.txt"))
    return True


def _make_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        import ensurepip  # noqa: F401, PLC0415  # Debian splits it off into python3-venv
    except ImportError:
        raise SystemExit(
            "This Python cannot make environments: its `ensurepip` is missing.\n"
            "On Debian and Ubuntu: apt-get install python3-venv. Or point to another Python: make PYTHON3=/path/to/python3 ..."
        ) from None
    venv.create(VENV, with_pip=True, symlinks=True)


def _install(lock: Path, root: Path) -> None:
    """Install a lock with uv, which is locked as well; with pip where uv does not get through (an own index in pip.conf)."""
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Compiled once here rather than by every process at its first start.
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--compile-bytecode"]
    quick = [*uv, "--require-hashes", "-r", str(lock)]
    uv_is_there = not subprocess.run(
        [*pip, "install", "--require-hashes", "-r", str(root / "requirements-installer.txt")],
        check=False,
        stderr=subprocess.DEVNULL,
    ).returncode
    if uv_is_there:
        environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
        if not subprocess.run(quick, check=False, env=environment).returncode:
            return
        _say("uv did not get through; trying pip ...")
    if subprocess.run([*pip, "install", "--require-hashes", "-r", str(lock)], check=False).returncode:
        raise SystemExit(f"Could not install {lock.name}; is the package index in reach?")


def _node_at_hand() -> bool:
    sys.path.insert(0, str(BASE_DIR / "config"))
    try:
        import assets  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415  # a neighbour: config may not be imported yet
    finally:
        sys.path.pop(0)
    return bool(assets.system_node())


def _is_stamped(stamp: Path, digest: str) -> bool:
    return stamp.exists() and stamp.read_text() == digest


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def _with_a_new_python() -> None:
    """Go on under a Python that is new enough, or say that there is none."""
    if sys.version_info >= OLDEST:
        return
    for name in CANDIDATES:
        found = shutil.which(name)
        if found and not subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode:
            os.execv(found, [found, *sys.argv])  # noqa: S606  # the same script, with the same arguments
    raise SystemExit("Yearline needs Python {}.{} or newer; this is {}.{}.".format(*OLDEST, *sys.version_info[:2]))


if __name__ == "__main__":
    _with_a_new_python()
    parser = argparse.ArgumentParser(description="Make .venv from the locked requirements.")
    parser.add_argument("--dev", action="store_true", help="with the tools for tests")
    make(dev=parser.parse_args().dev)
