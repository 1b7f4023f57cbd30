"""What the environment says. A service's settings are a frozen dataclass, filled by a `Reader`.

@dataclass(frozen=True)
class Settings:
    common: Common
    deadline_seconds: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        read = Reader(environ, "ORDERS_")
        return cls(common(environ, "orders"), read.integer("DEADLINE_SECONDS", 300, 1, 86400))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class SettingError(ValueError):
    """A variable whose value cannot be used: names the variable, the value and the remedy."""

    def __init__(self, name: str, value: str | None, remedy: str) -> None:
        said = "not set" if value is None else repr(value)
        super().__init__(f"{name} is {said}: {remedy}")
        self.name = name


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads variables `<prefix><NAME>`. Every method raises SettingError; without a default a variable must be set."""

    environ: Mapping[str, str]
    prefix: str = ""

    def _value(self, name: str, default: object, remedy: str) -> str:
        text = self.environ.get(self.prefix + name)
        if text is not None:
            return text
        if default is None:
            raise SettingError(self.prefix + name, None, remedy)
        return str(default)

    def text(self, name: str, default: str | None = None) -> str:
        """Any text; without a default it must not be empty."""
        text = self._value(name, default, "set it")
        if not text and default is None:
            raise SettingError(self.prefix + name, text, "set it to something")
        return text

    def secret(self, name: str, default: str | None = None) -> str:
        """Text that no message repeats."""
        return self._value(name, default, "set it from a secret")

    def integer(self, name: str, default: int | None, low: int, high: int) -> int:
        """A whole number of `low` to `high`."""
        remedy = f"give a whole number from {low} to {high}"
        text = self._value(name, default, remedy)
        digits = text.removeprefix("-")
        if digits.isascii() and digits.isdigit() and low <= int(text) <= high:
            return int(text)
        raise SettingError(self.prefix + name, text, remedy)

    def number(self, name: str, default: float | None, low: float, high: float) -> float:
        """A number of `low` to `high`."""
        remedy = f"give a number from {low:g} to {high:g}"
        text = self._value(name, default, remedy)
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if isfinite(value) and low <= value <= high:
            return value
        raise SettingError(self.prefix + name, text, remedy)

    def url(self, name: str, default: str | None = None, schemes: tuple[str, ...] = ("http", "https")) -> str:
        """A URL with a host and no password in it; an empty default leaves it out."""
        example = f"give a URL such as {schemes[0]}://host:port"
        remedy = f"{example}, or leave it out" if default == "" else example
        text = self._value(name, default, remedy)
        if not text and default == "":
            return text
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            raise SettingError(self.prefix + name, text, remedy) from None
        if parts.password is not None:
            raise SettingError(
                self.prefix + name, "***", "leave the password out of the URL, it has a variable of its own"
            )
        if parts.scheme in schemes and parts.hostname:
            return text
        raise SettingError(self.prefix + name, text, remedy)

    def one_of(self, name: str, default: str | None, allowed: tuple[str, ...]) -> str:
        """One of the allowed words."""
        remedy = f"give one of {', '.join(allowed)}"
        text = self._value(name, default, remedy)
        if text in allowed:
            return text
        raise SettingError(self.prefix + name, text, remedy)

    def flag(self, name: str, default: bool | None) -> bool:
        """true or false."""
        remedy = "give true or false"
        text = self._value(name, None if default is None else str(default), remedy)
        if text.lower() in _FLAGS:
            return _FLAGS[text.lower()]
        raise SettingError(self.prefix + name, text, remedy)


@dataclass(frozen=True, slots=True)
class Common:
    """What every process reads.

    `traces_endpoint` is the base URL of OTLP over HTTP; without it no spans are sent.
    `shutdown_seconds` is how long requests in flight may take after SIGTERM.
    """

    host: str
    port: int
    environment: str
    log_level: str
    traces_endpoint: str
    shutdown_seconds: int


def common(environ: Mapping[str, str], service: str) -> Common:
    """The settings `<SERVICE>_HOST` and so on. Raises SettingError."""
    read = Reader(environ, f"{service.upper().replace('-', '_')}_")
    return Common(
        host=read.text("HOST", "0.0.0.0"),  # noqa: S104 - in a pod, the mesh and the network policy decide who reaches it
        port=read.integer("PORT", 8080, 1, 65535),
        environment=read.text("ENVIRONMENT", "development"),
        log_level=read.one_of("LOG_LEVEL", "info", LOG_LEVELS),
        traces_endpoint=Reader(environ).url("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
        shutdown_seconds=read.integer("SHUTDOWN_SECONDS", 10, 0, 300),
    )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a store is and who asks. `password` never shows in a repr."""

    url: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(url={self.url!r}, user={self.user!r})"


def database(environ: Mapping[str, str], default: str | None = None) -> Endpoint:
    """DATABASE_URL (postgresql://user@host:5432/db) and DATABASE_PASSWORD. Raises SettingError."""
    read = Reader(environ)
    return Endpoint(read.url("DATABASE_URL", default, ("postgresql",)), password=read.secret("DATABASE_PASSWORD", ""))


ACK_WAIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True, repr=False)
class Nats(Endpoint):
    """The broker. What was taken and neither acknowledged nor given back comes again after `ack_wait_seconds`.

    A handler must be done by then; a consumer that was killed is missed as long.
    """

    ack_wait_seconds: float = ACK_WAIT_SECONDS


def nats(environ: Mapping[str, str], default: str | None = None) -> Nats:
    """NATS_URL (nats://host:4222), NATS_USER, NATS_PASSWORD and NATS_ACK_WAIT_SECONDS. Raises SettingError."""
    read = Reader(environ)
    return Nats(
        read.url("NATS_URL", default, ("nats", "tls")),
        read.text("NATS_USER", ""),
        read.secret("NATS_PASSWORD", ""),
        read.number("NATS_ACK_WAIT_SECONDS", ACK_WAIT_SECONDS, 1, 600),
    )


def redis(environ: Mapping[str, str], default: str | None = None) -> Endpoint:
    """REDIS_URL (redis://host:6379/1) and REDIS_PASSWORD. Raises SettingError."""
    read = Reader(environ)
    return Endpoint(read.url("REDIS_URL", default, ("redis", "rediss")), password=read.secret("REDIS_PASSWORD", ""))
