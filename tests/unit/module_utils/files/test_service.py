"""What systemd's answers say of a service."""

from __future__ import annotations

import math

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.files.service import Service, look_at, parse

SINCE = "ActiveEnterTimestamp=@1764043200"


@pytest.mark.parametrize(
    ("answer", "service"),
    [
        (f"ActiveState=active\nUnitFileState=enabled\n{SINCE}\n", Service(True, 1764043200.0)),
        (f"ActiveState=active\nUnitFileState=disabled\n{SINCE}\n", Service(False, 1764043200.0)),
        ("ActiveState=activating\nUnitFileState=enabled\nActiveEnterTimestamp=\n", Service(False, math.inf)),
        ("ActiveState=inactive\nUnitFileState=\nActiveEnterTimestamp=\n", Service(False, math.inf)),
        ("", Service(False, math.inf)),
    ],
)
def test_properties(answer: str, service: Service) -> None:
    assert parse(answer) == service


@pytest.mark.parametrize("unit", [None, "", "no-such-unit-of-gantry.service"])
def test_no_service(unit: str | None) -> None:
    assert look_at(unit) == Service(False, math.inf)
