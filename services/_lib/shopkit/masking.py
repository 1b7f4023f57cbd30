"""Keeps secrets and card numbers out of logs, wherever they turn up: by the key they stand under, or by their shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
_SECRET_KEY = re.compile(
    r"authorization|cookie|passw(or)?d|passphrase|secret|api[_-]?key|private[_-]?key|credential|(^|[_-])token$|card[_-]?(number|no)|"
    r"^(pan|cvc|cvv|cvv2)$",
    re.IGNORECASE,
)
# Digits as a card shows them; what is part of a longer word, number or UUID is none.
_CARD = re.compile(r"(?<![\w-])(?:[2-6](?:[ -]?\d){12,18})(?![\w-]|[.]\d)")
_SHAPES = (
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{4,}", re.IGNORECASE), r"\1 " + MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),  # a JSON Web Token
    (re.compile(r"(?<=://)([^\s:/@]*):[^\s/@]+@"), r"\1:" + MASK + "@"),  # a URL's password
    (
        re.compile(
            r"((?:[\w-]*(?:passw(?:or)?d|passphrase|secret|api[_-]?key)|\b(?:[\w]+[_-])?token|authorization)[\"']?\s*[=:]\s*[\"']?)"
            r"(?!(?:Bearer|Basic)\b)[^\s\"',;&}]+",
            re.IGNORECASE,
        ),
        r"\1" + MASK,
    ),
)


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _card(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"****{digits[-4:]}" if luhn(digits) else match[0]


def text(value: str) -> str:
    """The text without what looks like a secret; a card number keeps its last four digits."""
    for shape, mask in _SHAPES:
        value = shape.sub(mask, value)
    return _CARD.sub(_card, value)


def masked(value: Any) -> Any:
    """A copy of plain data without secrets; what is no plain data becomes its text."""
    if isinstance(value, Mapping):
        return {
            text(str(key)): MASK if _SECRET_KEY.search(str(key)) and item not in (None, "") else masked(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [masked(item) for item in value]
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        shown = text(str(value))
        return value if shown == str(value) else shown
    return text(value if isinstance(value, str) else str(value))
