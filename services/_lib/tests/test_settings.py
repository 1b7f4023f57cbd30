"""Settings: each refusal names the variable, its value and the remedy; no password is repeated."""

from collections.abc import Callable
from typing import Any

import pytest

from shopkit import settings
from shopkit.settings import Reader, SettingError

READS: list[tuple[Callable[[Reader], Any], str, Any]] = [
    (lambda r: r.text("X"), "a", "a"),
    (lambda r: r.text("X", "d"), "", ""),
    (lambda r: r.secret("X"), "s", "s"),
    (lambda r: r.integer("X", None, -5, 5), "-3", -3),
    (lambda r: r.number("X", 1.0, 0, 2), "1.5", 1.5),
    (lambda r: r.url("X", ""), "", ""),
    (lambda r: r.url("X"), "http://a:80/b", "http://a:80/b"),
    (lambda r: r.one_of("X", None, ("a", "b")), "b", "b"),
    (lambda r: r.flag("X", None), "True", True),
    (lambda r: r.flag("X", None), "0", False),
]


@pytest.mark.parametrize(("read", "value", "expected"), READS)
def test_values(read: Callable[[Reader], Any], value: str, expected: object) -> None:
    assert read(Reader({"A_X": value}, "A_")) == expected


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (lambda r: r.text("X"), None, "A_X is not set: set it"),
        (lambda r: r.text("X"), "", "A_X is '': set it to something"),
        (lambda r: r.secret("X"), None, "A_X is not set: set it from a secret"),
        (lambda r: r.integer("X", 1, 1, 9), "ten", "A_X is 'ten': give a whole number from 1 to 9"),
        (lambda r: r.integer("X", 1, 1, 9), "10", "A_X is '10'"),
        (lambda r: r.integer("X", 1, 1, 9), "²", "A_X is '²'"),
        (lambda r: r.number("X", 1.0, 0, 1), "nan", "A_X is 'nan': give a number from 0 to 1"),
        (lambda r: r.number("X", 1.0, 0, 1), "x", "A_X is 'x'"),
        (lambda r: r.url("X", ""), "host:80", "A_X is 'host:80': give a URL such as http://host:port, or leave it out"),
        (lambda r: r.url("X"), "http://host:port", "A_X is 'http://host:port': give a URL"),
        (lambda r: r.url("X"), "ftp://host", "A_X is 'ftp://host': give a URL"),
        (lambda r: r.one_of("X", "a", ("a", "b")), "c", "A_X is 'c': give one of a, b"),
        (lambda r: r.flag("X", True), "perhaps", "A_X is 'perhaps': give true or false"),
    ],
)
def test_refusals(read: Callable[[Reader], Any], value: str | None, says: str) -> None:
    with pytest.raises(SettingError) as refused:
        read(Reader({} if value is None else {"A_X": value}, "A_"))
    assert str(refused.value).startswith(says)
    assert refused.value.name == "A_X"


def test_common() -> None:
    read = settings.common({"MAIL_SINK_PORT": "81", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, "mail-sink")
    assert (read.port, read.host, read.log_level, read.traces_endpoint) == (81, "0.0.0.0", "info", "http://c:4318")


def test_stores_never_show_a_password() -> None:
    environ = {
        "DATABASE_URL": "postgresql://orders@db:5432/orders",
        "DATABASE_PASSWORD": "hunter2",
        "NATS_URL": "nats://nats:4222",
        "NATS_USER": "orders",
        "NATS_PASSWORD": "hunter2",
        "REDIS_URL": "redis://redis:6379/1",
        "REDIS_PASSWORD": "hunter2",
    }
    for store in (settings.database(environ), settings.nats(environ), settings.redis(environ)):
        assert store.password == "hunter2"
        assert "hunter2" not in repr(store)
    assert settings.nats(environ).ack_wait_seconds == 30
    with pytest.raises(SettingError, match=r"^NATS_ACK_WAIT_SECONDS is '0': give a number from 1 to 600"):
        settings.nats(environ | {"NATS_ACK_WAIT_SECONDS": "0"})
    with pytest.raises(SettingError, match=r"^DATABASE_URL is '\*\*\*': leave the password out") as refused:
        settings.database({"DATABASE_URL": "postgresql://orders:hunter2@db/orders"})
    assert "hunter2" not in str(refused.value)
