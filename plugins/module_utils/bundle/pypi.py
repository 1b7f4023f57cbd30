"""Wheels, fetched by pip with the hashes of their lock; nothing of them is run."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from packaging.markers import Marker

PYTHON = "3.11"
"""The Python of the Debian suite that services run on."""
_TARGET = (
    *("--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"),
    *("--abi=cp311", "--abi=abi3", "--abi=none"),
    *(f"--platform=manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)),
    *(f"--platform={name}_x86_64" for name in ("manylinux2014", "manylinux2010", "manylinux1", "linux")),
)
"""Wheels for that Python and its C library, glibc 2.36, whatever Python runs here."""


def unpack(block: str, into: Path, work: Path, runner: Runner) -> None:
    """Unpack the one wheel that the lock lines `block` name into `into`."""
    found = _download(block + "\n", work, runner)
    if len(found) != 1:
        raise BundleError(f"{block.split()[0]}: pip brought {len(found)} wheels, one was locked; log {runner.log}")
    _extract(found[0], into)


def install(requirements: str, into: Path, work: Path, runner: Runner, python: str = "") -> None:
    """Put the modules of all that the lock file's text names, for the services' Python, into the directory `into`.

    `python` is that Python's full version, by which the lock's markers are judged; without it pip goes by its own.
    Commands are left out: an installer would write this host's Python into them, and services run modules.
    """
    for wheel in _download(applicable(requirements, python) if python else requirements, work, runner):
        _extract(wheel, into)
        for data in into.glob("*.data"):
            for part in ("purelib", "platlib"):
                if (data / part).is_dir():
                    shutil.copytree(data / part, into, dirs_exist_ok=True)
            shutil.rmtree(data)


def _download(requirements: str, work: Path, runner: Runner) -> list[Path]:
    """The wheels that a lock names, by name."""
    path, wheels = work / "requirements.txt", work / "wheels"
    path.write_text(requirements, encoding="utf-8")
    runner.run(
        *(sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", *_TARGET),
        *("--dest", wheels, "--requirement", path),
    )
    return sorted(wheels.glob("*.whl"))


def _extract(path: Path, into: Path) -> None:
    with zipfile.ZipFile(path) as wheel:
        for member in wheel.infolist():
            target = Path(wheel.extract(member, into))
            if not member.is_dir():
                target.chmod(0o755 if member.external_attr >> 16 & 0o111 else 0o644)


def applicable(requirements: str, python: str) -> str:
    """The lock's text for that Python on Linux: pip would hold markers against the Python that runs it.

    `python` is a full version, such as 3.11.2.
    """
    target = {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
    }
    kept = []
    for block in re.sub(r"\\\n", " ", requirements).splitlines():
        name, semicolon, rest = block.partition(" #")[0].partition(";")
        marker, *hashes = re.split(r"\s+(?=--hash=)", rest.strip())
        if not semicolon or block.startswith("#"):
            kept.append(block)
        elif Marker(marker).evaluate(dict(target)):
            kept.append(" ".join((name.strip(), *hashes)))
    return "\n".join(kept) + "\n"
