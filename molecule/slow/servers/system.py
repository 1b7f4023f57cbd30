"""Makes a plain Debian system, as a provider of servers would: SSH, apt and little else.

Usage: system.py SUITE DIRECTORY PACKAGE…
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "collections"))

from ansible_collections.gantry.platform.plugins.module_utils.bundle.apt import host_sources

BASE = ("apt", "ca-certificates", "dbus", "iproute2", "kmod", "openssh-server", "systemd", "systemd-sysv")
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale")

# From 256 on, systemd starts on a host of legacy control groups only where its command line says so.
WRAPPER = """\
#!/bin/sh
[ $$ != 1 ] || exec /usr/lib/systemd/systemd.real SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 "$@"
exec /usr/lib/systemd/systemd.real "$@"
"""


def main(suite: str, into: Path, packages: Sequence[str]) -> int:
    """Make the system at `into` from the host's own mirror, whole or not at all."""
    beside = into.with_name(f"{into.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    excluded = [f"--dpkgopt=path-exclude=/{path}/*" for path in LEFT_OUT]
    include = f"--include={','.join((*BASE, *packages))}"
    options = ["--mode=root", "--variant=essential", "--skip=check/empty", "--format=directory", include, *excluded]
    subprocess.run(
        ["mmdebstrap", *options, suite, str(beside), "-"],
        input="\n".join(source.text(suite) for source in host_sources()),
        text=True,
        check=True,
    )
    for key in beside.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    (beside / "etc/machine-id").write_text("", encoding="ascii")
    (beside / "etc/resolv.conf").unlink(missing_ok=True)
    program = beside / "usr/lib/systemd/systemd"
    program.rename(program.with_name("systemd.real"))
    program.write_text(WRAPPER, encoding="ascii")
    program.chmod(0o755)
    beside.rename(into)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
