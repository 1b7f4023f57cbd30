"""Run Varnish: `python3 -m edge.varnish`. Fills in the VCL from EDGE_* variables, then becomes varnishd."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import time
from importlib.resources import files
from pathlib import Path
from string import Template

from shopkit.settings import SettingError

from edge.adapters import settings
from edge.adapters.varnish import SOCKET, TOKEN, WORK


def main() -> int:
    """Become varnishd; returns only if that cannot be, with the exit status."""
    try:
        read = settings.Varnish.read(os.environ)
        for name, backend in (("EDGE_STOREFRONT", read.storefront), ("EDGE_SHOPAPI", read.shopapi)):
            resolved(name, backend.host, read.wait_seconds)
        arguments = prepare(read)
    except (SettingError, OSError) as error:
        print(f"edge: {error}", file=sys.stderr)
        return 2
    os.environ["TMPDIR"] = str(read.directory)  # the compiler's, where nothing else can be written
    try:
        os.execvp(arguments[0], arguments)  # noqa: S606 - no shell is wanted
    except FileNotFoundError:
        print("edge: varnishd is not installed: apt-get install varnish varnish-modules", file=sys.stderr)
        return 127


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
