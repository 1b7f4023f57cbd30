"""Lines of logs against the one schema of all services, and against what must never stand in them. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ALWAYS = {"time": str, "level": str, "service": str, "version": str, "environment": str, "message": str, "fields": dict}
IDS = {"trace_id": 32, "span_id": 16}
"""Hexadecimal digits; both or neither, and empty counts as neither."""
LEVELS = ("debug", "info", "warning", "error", "critical")
_CARD = re.compile(r"(?<![\w-])(?:[2-6](?:[ -]?\d){12,18})(?![\w-]|[.]\d)")
_ID = re.compile(r'"(?:trace_id|span_id)": ?"[0-9a-f]*"')
"""Now and then an identifier has no letter in it, and the check digit of a card."""
_SECRETS = (
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."),
    re.compile(r"\b(?:Bearer|Basic)\s+(?!\*)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE),
    re.compile(r"(?<=://)[^\s:/@]*:(?!\*)[^\s/@]+@"),
)


@dataclass(frozen=True)
class Judged:
    """How many lines there were, and what is wrong with which of them."""

    lines: int
    wrong: tuple[str, ...]


def judged(text: str, secrets: Iterable[str] = ()) -> Judged:
    """Judge a pod's output. ``secrets``: texts that must not stand in it; they are not repeated in what is told."""
    known = tuple(secrets)
    lines = [line for line in text.splitlines() if line.strip()]
    wrong = (f"line {at}: {why}" for at, line in enumerate(lines, 1) for why in _line(line, known))
    return Judged(len(lines), tuple(wrong))


def _line(line: str, secrets: tuple[str, ...]) -> Iterable[str]:
    if any(secret in line for secret in secrets):
        yield "has a secret of the environment in it"
        return
    if any(shape.search(line) for shape in _SECRETS):
        yield "has what looks like a token or a password in it"
        return
    for card in _CARD.finditer(_ID.sub("", line)):
        if _luhn(re.sub(r"\D", "", card[0])):
            yield "has a card number in it"
            return
    try:
        entry = json.loads(line)
    except ValueError:
        yield f"is no JSON: {line[:120]}"
        return
    if not isinstance(entry, dict):
        yield f"is no JSON object: {line[:120]}"
        return
    yield from _entry(entry)


def _entry(entry: dict[str, Any]) -> Iterable[str]:
    for key, kind in ALWAYS.items():
        if not isinstance(entry.get(key), kind):
            yield f"{key} is {entry.get(key)!r:.60}, expected a {kind.__name__}"
    if unknown := entry.keys() - ALWAYS.keys() - IDS.keys():
        yield f"has {', '.join(sorted(unknown))} beside the schema's keys: they belong under fields"
    if entry.get("level") not in LEVELS:
        yield f"level is {entry.get('level')!r}, expected one of {', '.join(LEVELS)}"
    try:
        if datetime.fromisoformat(str(entry.get("time"))).tzinfo is None:
            yield f"time {entry.get('time')!r} has no zone"
    except ValueError:
        yield f"time is {entry.get('time')!r}, expected RFC 3339"
    given = {key: entry.get(key) or "" for key in IDS}
    for key, digits in IDS.items():
        if given[key] and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", str(given[key])):
            yield f"{key} is {given[key]!r:.60}, expected {digits} hexadecimal digits"
    if given["span_id"] and not given["trace_id"]:
        yield "has a span_id without a trace_id"


def _luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + at % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
