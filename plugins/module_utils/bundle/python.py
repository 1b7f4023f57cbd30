"""The bytecode of Python that an artifact holds: made by its own Python, whatever runs on this host."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle import bytecode, oci
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import remove

INSTALLED = ("usr/lib/python3*", "usr/share/python3")
"""Where Debian's packages put modules whose bytecode they make when they are installed."""


def compile_with_own(root: Path, directories: Sequence[str], runner: Runner) -> None:
    """Compile the modules in ``directories`` (absolute paths inside ``root``) with the Python at ``root``. Needs root.

    Nothing of this host reaches it: equal sources and an equal Python give equal bytes.
    """
    if not directories:
        return
    program = root / ".bytecode.py"
    program.write_text(inspect.getsource(bytecode), encoding="utf-8")
    try:
        runner.run(
            *("env", "-i", f"PATH={oci.PATH}", "LC_ALL=C.UTF-8", "PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1"),
            *("chroot", str(root), "/usr/bin/python3", "/.bytecode.py", *directories),
        )
    finally:
        program.unlink()


def compile_installed(root: Path, runner: Runner) -> None:
    """Put bytecode of the source alone in the place of what the packages' scripts made, which holds times."""
    for stale in [path for pattern in ("usr", "etc", "opt") for path in (root / pattern).rglob("__pycache__")]:
        remove(stale)
    found = sorted(path for pattern in INSTALLED for path in root.glob(pattern) if path.is_dir())
    compile_with_own(root, [f"/{path.relative_to(root)}" for path in found], runner)
