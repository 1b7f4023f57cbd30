"""Run Varnish: `python3 -m edge.varnish`. Fills in the VCL from EDGE_* variables; logs what varnishd says."""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template

from shopkit import logs
from shopkit.settings import SettingError, common

from edge import __version__
from edge.adapters import settings
from edge.adapters.varnish import SOCKET, TOKEN, WORK

_SAID = re.compile(r"(?:(Debug|Info|Warning|Error): )?(.*)")


def main() -> int:
    """Run varnishd until SIGTERM or SIGINT. Returns the exit status."""
    try:
        read, process = settings.Varnish.read(os.environ), common(os.environ, "edge")
        for name, backend in (("EDGE_STOREFRONT", read.storefront), ("EDGE_SHOPAPI", read.shopapi)):
            resolved(name, backend.host, read.wait_seconds)
        arguments = prepare(read)
    except (SettingError, OSError) as error:
        print(f"edge: {error}", file=sys.stderr)
        return 2
    os.environ["TMPDIR"] = str(read.directory)  # the compiler's, where nothing else can be written
    logs.configure("edge", __version__, process.environment, process.log_level)
    try:
        return watched(arguments)
    except FileNotFoundError:
        print("edge: varnishd is not installed: apt-get install varnish varnish-modules", file=sys.stderr)
        return 127


def watched(arguments: Sequence[str]) -> int:
    """Run the command; log its lines as the service's own, pass on SIGTERM and SIGINT. Returns its exit status."""
    log = logging.getLogger("edge.varnish")
    with subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda passed, _frame: child.send_signal(passed))
        for line in child.stdout or ():
            if said := _SAID.fullmatch(line.strip()):
                log.log(logging.getLevelNamesMapping()[(said[1] or "info").upper()], said[2])
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def resolved(name: str, host: str, seconds: float) -> None:
    """Wait until the host has an address: varnishd asks once. Raises SettingError."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.getaddrinfo(host, None)
            return
        except socket.gaierror as error:
            if time.monotonic() > deadline:
                remedy = f"it has no address ({error.strerror}): make the service, or name another"
                raise SettingError(name, host, remedy) from error
            time.sleep(0.5)


def vcl(read: settings.Varnish, token: str) -> str:
    """The configuration with everything filled in."""
    package = files("edge")
    return Template(package.joinpath("edge.vcl").read_text("utf-8")).substitute(
        storefront_host=read.storefront.host,
        storefront_port=read.storefront.port,
        shopapi_host=read.shopapi.host,
        shopapi_port=read.shopapi.port,
        probe_seconds=read.probe_seconds,
        spare_seconds=read.spare_seconds,
        token=token,
        degraded=package.joinpath("degraded.html").read_text("utf-8"),
    )


def prepare(read: settings.Varnish) -> list[str]:
    """Write the configuration and a token of this start's own, for their owner alone; the command that uses them."""
    read.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = secrets.token_urlsafe(32)
    configuration = read.directory / "edge.vcl"
    _write(configuration, vcl(read, token))
    _write(read.directory / TOKEN, token)
    (read.directory / SOCKET).unlink(missing_ok=True)
    # varnishd's files of a run before: nobody else runs in this directory.
    shutil.rmtree(read.directory / WORK, ignore_errors=True)
    return [
        "varnishd",
        "-F",
        *("-n", str(read.directory / WORK)),
        *("-j", "none"),  # it has no rights to give away
        *("-f", str(configuration)),
        *("-a", f"http={read.listen},HTTP"),
        *("-a", f"purge={read.directory / SOCKET},HTTP,mode=600"),
        *("-T", "none"),
        *("-s", f"malloc,{read.memory}"),
        # What does not say how long it holds is not kept.
        *("-p", "default_ttl=0", "-p", "default_grace=0"),
        *("-p", "thread_pools=1", "-p", "thread_pool_min=20", "-p", "vsl_space=4m"),
    ]


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main())
