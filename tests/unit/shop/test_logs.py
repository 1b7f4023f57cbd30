"""Lines of logs: what fits the schema, and what must not stand in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.shop.logs import judged

LINE: dict[str, Any] = {
    "time": "2026-11-25T00:30:09.123456Z",
    "level": "info",
    "service": "orders",
    "version": "0.1.0",
    "environment": "local",
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
    "span_id": "b7ad6b7169203331",
    "message": "request",
    "fields": {"status": 200},
}


def line(**changed: Any) -> str:
    return json.dumps({key: value for key, value in {**LINE, **changed}.items() if value is not None})


def test_lines_that_fit() -> None:
    fitting = [line(), line(trace_id=None, span_id=None), line(trace_id="", span_id=""), line(message="**** 1111")]
    assert judged("\n".join(fitting) + "\n").wrong == ()
    assert judged("\n".join(fitting)).lines == 4


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("INFO: started", "is no JSON: INFO: started"),
        ("[1]", "is no JSON object"),
        (line(service=None), "service is None"),
        (line(fields="x"), "fields is 'x'"),
        (line(level="INFO"), "level is 'INFO'"),
        (line(time="yesterday"), "time is 'yesterday'"),
        (line(time="2026-11-25T00:30:09"), "has no zone"),
        (line(trace_id="xyz"), "trace_id is 'xyz'"),
        (line(trace_id=None), "a span_id without a trace_id"),
        (line(status=200), "status beside the schema's keys"),
        (line(message="paid with 4111 1111 1111 1111"), "a card number"),
        (line(fields={"number": 4111111111111111}), "a card number"),
        (line(message="Authorization: Bearer abcdefghijkl"), "a token or a password"),
        (line(message="postgresql://orders:hunter22@postgres:5432/orders"), "a token or a password"),
        (line(message="my-own-secret"), "a secret of the environment"),
    ],
)
def test_what_does_not_fit_is_named(text: str, says: str) -> None:
    [wrong] = judged(text, ["my-own-secret"]).wrong
    assert says in wrong
    assert "my-own-secret" not in wrong


def test_numbers_that_are_no_cards() -> None:
    assert judged(line(fields={"bytes": 4111111111111112, "id": "0190b1f0-4111-7111-8111-111111111111"})).wrong == ()
    assert judged(line(span_id="4111111111111111")).wrong == ()
