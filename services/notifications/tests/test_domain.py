"""What a mail says."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.domain.mails import Kind, Money, Notice, address, compose, recipient_hash

EUR = Money(1905, "EUR")


@pytest.mark.parametrize(
    ("notice", "subject", "says"),
    [
        (Notice("o1", Kind.CONFIRMED, EUR), "Your order is confirmed", "thank you: we received 19.05 EUR"),
        (Notice("o1", Kind.CANCELLED, None, "out of\nstock"), "Your order is cancelled", "order (out of stock), so"),
        (Notice("o1", Kind.CANCELLED), "Your order is cancelled", "(no reason was given)"),
        (Notice("o1", Kind.REFUNDED, EUR, "timeout"), "Your money is on its way back", "refunded 19.05 EUR (timeout)"),
    ],
)
def test_compose(notice: Notice, subject: str, says: str) -> None:
    mail = compose(notice, "ann@example.org", "shop.test")
    assert (mail.subject, mail.recipient) == (subject, "ann@example.org")
    assert mail.message_id == f"<{notice.kind}.o1@shop.test>"
    for body in (mail.text, mail.html):
        assert says in body
        assert "Your order: o1" in body
    assert f"<title>{subject}</title>" in mail.html


def test_html_is_escaped() -> None:
    mail = compose(Notice("o1", Kind.CANCELLED, None, "<script>"), "ann@example.org", "shop.test")
    assert "<script>" in mail.text
    assert "&lt;script&gt;" in mail.html
    assert "<script>" not in mail.html


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.REFUNDED])
def test_money_has_an_amount(kind: Kind) -> None:
    with pytest.raises(ValueError, match=f"{kind} of order o1 says no amount"):
        compose(Notice("o1", kind), "ann@example.org", "shop.test")


@pytest.mark.parametrize(
    "bad", ["", "ann", "@x", "a@", "a@b@c", "a@b\r\nBcc: c@d", "a@b, c@d", "Ann <a@b>", "a@b\n", "a" * 250 + "@b.de"]
)
def test_an_address_is_one_and_one_only(bad: str) -> None:
    with pytest.raises(ValueError, match="the recipient is not a mail address"):
        address(bad)


@given(st.text(max_size=40))
def test_no_address_breaks_a_header(text: str) -> None:
    try:
        assert address(text) == text
    except ValueError:
        return
    assert not {"\r", "\n", ",", "<", " "} & set(text)


def test_the_hash_stands_for_the_address_in_lower_case() -> None:
    assert recipient_hash("Ann@Example.org") == hashlib.sha256(b"ann@example.org").hexdigest()
