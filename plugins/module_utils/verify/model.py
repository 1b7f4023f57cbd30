"""A check: what must hold, the mission row that it shows, and the probe that asks or the result already known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any

from ansible_collections.gantry.platform.plugins.module_utils.verify.probes import Probe
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

ROWS = frozenset("KIJPOTA") | {str(number) for number in range(1, 31)}


def _row(value: object) -> str:
    """A row may be written as a number in YAML."""
    row = str(value)
    if isinstance(value, bool) or row not in ROWS:
        raise ValueError("a check shows one row of: K I J P O T A 1 … 30")
    return row


class Check(BaseModel):
    """`within`: seconds for which a probe that fails is asked again; `seconds`: how long a known result took."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+$")]
    row: Annotated[str, BeforeValidator(_row)]
    title: Annotated[str, Field(min_length=3)]
    within: Annotated[float, Field(ge=0, le=600)] = 5.0
    probe: Probe | None = None
    ok: bool | None = None
    seconds: Annotated[float, Field(ge=0)] = 0.0
    evidence: str = ""

    @model_validator(mode="after")
    def _asks_or_knows(self) -> Check:
        if (self.probe is None) == (self.ok is None):
            raise ValueError("a check has either a probe or a known result (ok, with seconds and evidence)")
        return self


@dataclass(frozen=True)
class Result:
    """A check's result as it stands in verify.json. `at` is UTC in ISO 8601; `seconds` is wall time."""

    id: str
    row: str
    title: str
    ok: bool
    seconds: float
    at: str
    evidence: str


class CheckError(Exception):
    """A declaration of checks is wrong; the message names every mistake."""


_CHECKS = TypeAdapter(list[Check])


def parse(declared: Any) -> list[Check]:
    """Typed checks. Raises CheckError with all mistakes at once."""
    try:
        checks = _CHECKS.validate_python(declared)
    except ValidationError as error:
        raise CheckError("\n".join(_mistake(declared, detail) for detail in error.errors())) from None
    return list({check.id: check for check in checks}.values())


def chosen(checks: Sequence[Check], only: Sequence[str], patience: float = 0.0) -> list[Check]:
    """The checks whose ids match one of the patterns, each asked for `patience` seconds at least.

    Raises CheckError where none does.
    """
    found = [check for check in checks if any(fnmatchcase(check.id, pattern) for pattern in only)]
    if checks and not found:
        areas = sorted({check.id.partition(".")[0] for check in checks})
        raise CheckError(f"no check matches {', '.join(only)}. Switch its role on, or choose among: {', '.join(areas)}")
    return [check.model_copy(update={"within": max(check.within, patience)}) for check in found]


def _mistake(declared: Any, detail: Any) -> str:
    """`network.dns: probe.namse: Field required (given: …)`."""
    place = [str(part) for part in detail["loc"]]
    name = "checks"
    if place and place[0].isdigit() and isinstance(declared, list):
        item = declared[int(place[0])]
        name = str(item.get("id", f"check {place[0]}")) if isinstance(item, dict) else f"check {place[0]}"
        place = place[1:]
    given = detail.get("input")
    tail = "" if isinstance(given, dict | list) else f" (given: {given!r})"
    return f"{name}: {'.'.join(place)}{': ' if place else ''}{detail['msg'].removeprefix('Value error, ')}{tail}"
