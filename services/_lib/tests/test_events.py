"""The envelope: what is encoded is decoded, and whatever else comes is refused with its place."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkit.events import Event, SchemaError, check, schemas

ID = "0b8e8e9e-64a5-4d7c-8f1f-0d7a2f4a9c11"
MONEY = {"amount": 1290, "currency": "EUR"}
SAMPLES: dict[str, dict[str, Any]] = {
    "catalog.price-changed.v1": {"sku": "enamel-mug", "price": MONEY, "previous": MONEY},
    "catalog.product-changed.v1": {"sku": "enamel-mug"},
    "orders.order-placed.v1": {
        "order_id": ID,
        "customer_id": "c1",
        "email": "a@example.org",
        "lines": [{"sku": "enamel-mug", "quantity": 2, "unit_price": MONEY}],
        "total": MONEY,
        "payment_token": "tok_visa",
    },
    "orders.payment-requested.v1": {"order_id": ID, "customer_id": "c1", "amount": MONEY, "payment_token": "tok_visa"},
    "orders.order-confirmed.v1": {"order_id": ID, "customer_id": "c1", "email": "a@example.org", "total": MONEY},
    "orders.order-cancelled.v1": {"order_id": ID, "customer_id": "c1", "email": "a@example.org", "reason": "timeout"},
    "stock.reserved.v1": {"order_id": ID, "lines": [{"sku": "enamel-mug", "quantity": 2}]},
    "stock.rejected.v1": {
        "order_id": ID,
        "reason": "out of stock",
        "missing": [{"sku": "enamel-mug", "wanted": 2, "available": 0}],
    },
    "stock.committed.v1": {"order_id": ID},
    "stock.released.v1": {"order_id": ID, "reason": "cancelled"},
    "payments.charged.v1": {"order_id": ID, "charge_id": ID, "amount": MONEY},
    "payments.declined.v1": {"order_id": ID, "reason": "declined"},
    "payments.refunded.v1": {"order_id": ID, "charge_id": ID, "amount": MONEY, "reason": "cancelled"},
    "notifications.mail-sent.v1": {"order_id": ID, "kind": "order-confirmed", "recipient_hash": "0" * 64},
}


def test_every_schema_has_a_sample() -> None:
    assert SAMPLES.keys() | {"common"} == schemas().keys()


@pytest.mark.parametrize("type_", SAMPLES)
def test_samples_hold_and_every_field_is_needed(type_: str) -> None:
    sample = SAMPLES[type_]
    check(type_, sample)
    check(type_, {**sample, "later": "readers leave alone what they do not know"})
    for name in sample:
        with pytest.raises(SchemaError, match=name):
            check(type_, {key: value for key, value in sample.items() if key != name})


@pytest.mark.parametrize(
    ("type_", "data", "says"),
    [
        ("stock.committed.v1", {"order_id": "7"}, "stock.committed.v1: order_id: '7'"),
        ("stock.committed.v1", None, "stock.committed.v1: "),
        ("payments.charged.v1", SAMPLES["payments.charged.v1"] | {"amount": {"amount": 1.5, "currency": "EUR"}}, "1.5"),
        (
            "orders.order-placed.v1",
            SAMPLES["orders.order-placed.v1"] | {"payment_token": "4111111111111111"},
            "payment_token",
        ),
        ("stock.counted.v1", {}, "has no schema: add shopkit/schemas/stock.counted.v1.json"),
        ("common", {}, "has no schema"),
    ],
)
def test_refused_data(type_: str, data: Any, says: str) -> None:
    with pytest.raises(SchemaError, match=says.replace(".", r"\.")):
        Event.new("test", type_, "x", data)


samples = st.sampled_from(sorted(SAMPLES))
texts = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=50)
times = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC))


@given(samples, texts, texts, times, st.uuids(version=4), st.dictionaries(texts, st.integers() | texts, max_size=3))
def test_what_is_encoded_is_decoded(
    type_: str, source: str, subject: str, time: datetime, id_: Any, more: dict[str, Any]
) -> None:
    event = Event(
        str(id_), source, type_, subject, time, more | SAMPLES[type_], "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
    )
    assert Event.decode(event.encode()) == event
    envelope = json.loads(event.encode())
    assert envelope["specversion"] == "1.0"
    assert envelope["time"].endswith("Z")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_refused(body: bytes) -> None:
    with pytest.raises(SchemaError):
        Event.decode(body)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(st.sampled_from(["specversion", "id", "source", "type", "subject", "time", "data", "traceparent"]), json_values)
def test_a_spoilt_attribute_is_refused_or_read(name: str, value: Any) -> None:
    envelope = json.loads(Event.new("test", "stock.committed.v1", "x", SAMPLES["stock.committed.v1"]).encode())
    envelope[name] = value
    try:
        event = Event.decode(json.dumps(envelope).encode())
    except SchemaError:
        return
    assert isinstance(event.traceparent, str)
    assert event.time.tzinfo is not None
    check(event.type, event.data)


@pytest.mark.parametrize("time", ["yesterday", "2026-01-01T00:00:00"])
def test_times_have_an_offset(time: str) -> None:
    envelope = json.loads(Event.new("test", "stock.committed.v1", "x", {"order_id": str(uuid4())}).encode())
    with pytest.raises(SchemaError, match="attribute time is"):
        Event.decode(json.dumps(envelope | {"time": time}).encode())
