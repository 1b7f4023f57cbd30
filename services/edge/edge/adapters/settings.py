"""What the environment says: variables EDGE_*, for Varnish and for the purger beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shopkit import settings
from shopkit.settings import Common, Nats, Reader, SettingError

from edge.application import DEAF_SECONDS

_ADDRESS = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?):([0-9]{1,5})")
_MEMORY = re.compile(r"[1-9][0-9]*[kmg]")


@dataclass(frozen=True, slots=True)
class Backend:
    """Where a backend is; the mesh knows it by its host's name."""

    host: str
    port: int


@dataclass(frozen=True)
class Varnish:
    """How varnishd runs, in a directory that it shares with the purger.

    `spare_seconds` is stale-if-error where none is said; `wait_seconds` how long backends may take to have an address.
    """

    listen: str
    directory: Path
    storefront: Backend
    shopapi: Backend
    memory: str
    probe_seconds: int
    spare_seconds: int
    wait_seconds: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Varnish:
        """Settings from the environment. Raises SettingError, which names the variable, its value and the remedy."""
        read = Reader(environ, "EDGE_")
        memory = read.text("MEMORY", "64m")
        if not _MEMORY.fullmatch(memory):
            raise SettingError("EDGE_MEMORY", memory, "give a size such as 64m")
        return cls(
            listen=read.text("LISTEN", ":8080"),
            directory=_directory(read),
            storefront=_backend(read, "STOREFRONT", "storefront:8080"),
            shopapi=_backend(read, "SHOPAPI", "shopapi:8080"),
            memory=memory,
            probe_seconds=read.integer("PROBE_SECONDS", 2, 1, 60),
            spare_seconds=read.integer("SPARE_SECONDS", 300, 0, 86400),
            wait_seconds=read.integer("WAIT_SECONDS", 60, 0, 3600),
        )


@dataclass(frozen=True)
class Settings:
    """How the purger runs.

    A purge is done once more after `again_seconds`; events may go missing for `deaf_seconds` after the broker is back.
    """

    common: Common
    directory: Path
    nats: Nats
    again_seconds: float
    deaf_seconds: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises SettingError, which names the variable, its value and the remedy."""
        read = Reader(environ, "EDGE_")
        return cls(
            common=settings.common(environ, "edge"),
            directory=_directory(read),
            nats=settings.nats(environ),
            again_seconds=read.number("AGAIN_SECONDS", 1, 0, 60),
            deaf_seconds=read.number("DEAF_SECONDS", DEAF_SECONDS, 0, 300),
        )


def _directory(read: Reader) -> Path:
    text = read.text("DIRECTORY", "/run/edge")
    # A socket's path has 107 characters at most, unix(7).
    if text.startswith("/") and len(text) < 90 and re.fullmatch(r"[\w./-]+", text):
        return Path(text)
    raise SettingError("EDGE_DIRECTORY", text, "give an absolute path of less than 90 letters, digits, dots and dashes")


def _backend(read: Reader, name: str, default: str) -> Backend:
    text = read.text(name, default)
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise SettingError(f"EDGE_{name}", text, f"give host:port, such as {default}")
    return Backend(match[1], int(match[2]))
