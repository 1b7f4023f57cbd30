"""Checks as they are declared."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.verify import model


def test_some_checks_only_and_with_more_patience() -> None:
    checks = model.parse([
        {"id": "a.one", "row": "K", "title": "One", "ok": True},
        {"id": "a.two", "row": "K", "title": "Two", "ok": True, "within": 90},
        {"id": "b.one", "row": "K", "title": "Other", "ok": True},
    ])  # fmt: skip
    found = model.chosen(checks, ["a.*"], 30)
    assert [(check.id, check.within) for check in found] == [("a.one", 30), ("a.two", 90)]
    assert model.chosen(checks, ["*"]) == checks
    with pytest.raises(model.CheckError, match=r"no check matches c\.\*\. Switch its role on, or choose among: a, b"):
        model.chosen(checks, ["c.*"])
