"""Secrets and card numbers do not reach the logs; what only looks like them does."""

import json
import logging
from typing import Any
from uuid import UUID

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shopkit import logs, masking, tracing

CARDS = ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "6011000990139424"]


@pytest.mark.parametrize("card", CARDS)
@pytest.mark.parametrize("around", ["{}", "paid with {}.", "card={}", '{{"n":"{}"}}', "({})", "x {} y"])
def test_card_numbers_keep_four_digits(card: str, around: str) -> None:
    shown = masking.text(around.format(card))
    assert card not in shown
    assert f"****{card[-4:]}" in shown


@given(st.integers(10**14, 10**15 - 1), st.sampled_from("23456"))
def test_every_number_that_passes_luhn_is_masked(middle: int, first: str) -> None:
    digits = next(
        f"{first}{middle}"[:15] + last for last in "0123456789" if masking.luhn(f"{first}{middle}"[:15] + last)
    )
    assert masking.masked({"note": [digits, int(digits)]}) == {"note": [f"****{digits[-4:]}"] * 2}


@pytest.mark.parametrize(
    "text", ["4111111111111112", "1732492800000", "order 12", "0" * 16, "2026-11-25T00:00:00.123456Z"]
)
def test_other_numbers_stay(text: str) -> None:
    assert masking.text(text) == text


@given(st.uuids())
def test_ids_stay(id_: UUID) -> None:
    assert masking.text(f"order {id_} of {id_.hex[:16]}a") == f"order {id_} of {id_.hex[:16]}a"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abc.def-123", "Authorization: Bearer ***"),
        ("authorization=Basic dXNlcjpwYXNz", "authorization=Basic ***"),
        ("postgresql://orders:s3cret@host:5432/orders", "postgresql://orders:***@host:5432/orders"),
        ("password=hunter2 user=x", "password=*** user=x"),
        ('{"api_key": "abc", "a": 1}', '{"api_key": "***", "a": 1}'),
        ("DATABASE_PASSWORD='abc'", "DATABASE_PASSWORD='***'"),
        ("payment_token=tok_visa", "payment_token=***"),
        ("eyJhbGciOiJub25l.eyJzdWIiOiJh.sig", "***"),
        ("https://host/path?token=abc&x=1", "https://host/path?token=***&x=1"),
    ],
)
def test_secrets_in_text(text: str, shown: str) -> None:
    assert masking.text(text) == shown


@pytest.mark.parametrize(
    "key",
    ["Authorization", "password", "db_password", "token", "payment_token", "Set-Cookie", "X-Api-Key", "cvc", "secret"],
)
def test_secrets_by_key(key: str) -> None:
    assert masking.masked({"a": [{key: {"deep": 1}}], key: ""}) == {"a": [{key: "***"}], key: ""}


def test_plain_data_stays() -> None:
    plain = {"tokens": 3, "pan_size": "big", "n": None, "f": 1.5, "t": True, "l": [1, "x"]}
    assert masking.masked(plain) == plain
    assert masking.masked({"s": {1}, "o": ValueError("password=x")}) == {"s": [1], "o": "password=***"}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_lines_of_one_schema(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("orders", "1.2.3", "test", "info")
    tracing.provider("orders", "1.2.3", "test")
    log = structlog.stdlib.get_logger("x")
    with tracing.span("work"):
        log.info("paid with 4111 1111 1111 1111", order="o1", password="hunter2", headers={"Authorization": "Bearer x"})
    logging.getLogger("library").warning("password=%s", "hunter2", extra={"card": "378282246310005"})
    try:
        raise ValueError("token=abc")
    except ValueError:
        log.exception("failed")
    log.debug("not at this level")
    first, second, third = lines(capsys)
    assert list(first) == [
        "time",
        "level",
        "service",
        "version",
        "environment",
        "trace_id",
        "span_id",
        "message",
        "fields",
    ]
    assert first["message"] == "paid with ****1111"
    assert first["fields"] == {"order": "o1", "password": "***", "headers": {"Authorization": "***"}}
    assert (first["service"], first["version"], first["environment"], first["level"]) == (
        "orders",
        "1.2.3",
        "test",
        "info",
    )
    assert (second["message"], second["fields"]["card"]) == ("password=***", "****0005")
    assert "ValueError: token=***" in third["fields"]["exception"]
    assert "hunter2" not in json.dumps([first, second, third])
