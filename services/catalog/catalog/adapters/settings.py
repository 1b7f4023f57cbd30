"""What the environment says: variables CATALOG_*, each with a default that serves a developer, and where spans go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True)
class Settings:
    """How one process runs.

    `root_path` is the path at which a gateway serves the API, without trailing slash; the service itself serves from /.
    `traces_endpoint` is the base URL of OTLP over HTTP; without it no spans are made.
    `shutdown_seconds` is how long requests in flight may take after SIGTERM.
    """

    host: str = "0.0.0.0"  # noqa: S104 - in a pod, the mesh and the network policy decide who reaches it
    port: int = 8080
    root_path: str = ""
    environment: str = "development"
    log_level: str = "info"
    traces_endpoint: str = ""
    shutdown_seconds: int = 10

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from the environment. Raises ValueError, which names the variable, its value and the remedy."""
        return cls(
            host=environ.get("CATALOG_HOST", cls.host),
            port=_integer(environ, "CATALOG_PORT", cls.port, 1, 65535),
            root_path=environ.get("CATALOG_ROOT_PATH", cls.root_path).rstrip("/"),
            environment=environ.get("CATALOG_ENVIRONMENT", cls.environment),
            traces_endpoint=_url(environ, "OTEL_EXPORTER_OTLP_ENDPOINT"),
            log_level=_one_of(environ, "CATALOG_LOG_LEVEL", cls.log_level, LOG_LEVELS),
            shutdown_seconds=_integer(environ, "CATALOG_SHUTDOWN_SECONDS", cls.shutdown_seconds, 0, 300),
        )


def _integer(environ: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environ.get(name, str(default))
    if text.isascii() and text.isdigit() and low <= int(text) <= high:
        return int(text)
    raise ValueError(f"{name} is {text!r}: give a whole number from {low} to {high}")


def _url(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "")
    parts = urlsplit(text)
    if not text or (parts.scheme in ("http", "https") and parts.hostname):
        return text
    raise ValueError(f"{name} is {text!r}: give a base URL such as http://collector:4318, or leave it out")


def _one_of(environ: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    text = environ.get(name, default)
    if text in allowed:
        return text
    raise ValueError(f"{name} is {text!r}: give one of {', '.join(allowed)}")
