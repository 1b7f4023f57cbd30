"""What Terraform says with `-json`: errors and warnings, and who holds a lock. Pure: its lines come in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LOCK_SUMMARY = "Error acquiring the state lock"
STALE_SUMMARY = "Saved plan is stale"
_LOCK = re.compile(r"^\s+(ID|Path|Operation|Who|Version|Created|Info):[ \t]*(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Diagnostic:
    """One message: severity (error, warning), summary, detail, the resource's address and the place in the sources."""

    severity: str
    summary: str
    detail: str = ""
    address: str = ""
    place: str = ""

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.address, self.place) if part)
        detail = " ".join(self.detail.split())
        return f"{self.summary}{f' ({where})' if where else ''}{f': {detail}' if detail else ''}"


def read(lines: Iterable[str]) -> list[Diagnostic]:
    """The diagnostics among the lines that a command printed; lines that are not JSON are passed over."""
    return list(_read(lines))


def _read(lines: Iterable[str]) -> Iterator[Diagnostic]:
    for line in lines:
        if '"diagnostic"' not in line:
            continue
        try:
            found = json.loads(line)["diagnostic"]
        except (ValueError, KeyError, TypeError):
            continue
        source = found.get("range") or {}
        place = f"{source['filename']}:{source['start']['line']}" if source.get("filename") else ""
        yield Diagnostic(
            found.get("severity", "error"),
            found.get("summary", ""),
            found.get("detail", ""),
            found.get("address", ""),
            place,
        )


def lock_of(text: str) -> dict[str, str] | None:
    """Who holds the lock, from the text of that error: {id, path, operation, who, version, created}; None if it is not.

    >>> lock_of("Lock Info:\\n  ID:        1\\n  Who:       root@host\\n")
    {'id': '1', 'who': 'root@host'}
    """
    if "Lock Info:" not in text:
        return None
    return {name.lower(): value for name, value in _LOCK.findall(text) if value}


def plain(text: str) -> list[str]:
    """The last lines of what a command without `-json` printed, without frames and colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = (line.strip("│╷╵ \t") for line in text.splitlines())
    return [line for line in lines if line][-15:]
