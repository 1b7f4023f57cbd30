"""Schemas keep what was published: the committed baseline, and what counts as a break."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shopkit.compatibility import breaks, compare, main
from shopkit.events import schemas

BASELINE = Path(__file__).parent.parent / "schemas-baseline.json"
PLACED = "orders.order-placed.v1"


def test_the_schemas_bear_the_baseline() -> None:
    assert compare(json.loads(BASELINE.read_text()), schemas()) == []
    assert main([str(BASELINE)]) == 0


def changed(change: Callable[[dict[str, Any]], object], type_: str = PLACED) -> list[str]:
    """The breaks that a change of one schema makes."""
    new = copy.deepcopy(dict(schemas()))
    change(new[type_])
    return compare(schemas(), new)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: s["properties"].pop("email"), "data.email is gone"),
        (lambda s: s["required"].append("gift"), "data.gift is required now"),
        (lambda s: s["required"].remove("email"), "data.email is no longer required"),
        (lambda s: s["properties"]["total"].update({"$ref": "urn:shop:common#/$defs/id"}), "data.total: $ref was"),
        (lambda s: s["properties"]["lines"].update(maxItems=10), "data.lines: maxItems was 50, is 10"),
        (lambda s: s["properties"]["lines"].update(items={"type": "string"}), "data.lines[]: $ref was"),
        (lambda s: s["properties"]["lines"].pop("items"), "data.lines: items was"),
        (lambda s: s.update(additionalProperties=False), "data: additionalProperties was null, is false"),
        (lambda s: s.update(type="array"), 'data: type was "object", is "array"'),
    ],
)
def test_breaks(change: Callable[[dict[str, Any]], object], says: str) -> None:
    found = changed(change)
    assert any(fault.startswith(f"{PLACED}: {says}") for fault in found), found
    assert all("put it into a next version" in fault for fault in found)


def test_shared_definitions_are_held_too() -> None:
    assert changed(lambda s: s["$defs"]["money"]["required"].remove("currency"), "common")
    assert changed(lambda s: s["$defs"].pop("sku"), "common") == [
        "common: data#sku is gone; put it into a next version of the type"
    ]


def test_what_readers_bear() -> None:
    assert changed(lambda s: s["properties"].update(gift={"type": "boolean"})) == []
    assert changed(lambda s: s.update(title="Other words")) == []
    assert changed(lambda s: s["$defs"].update(colour={"type": "string"}), "common") == []
    assert list(breaks({}, {"description": "x"})) == []
    assert compare({}, schemas()) == []


def test_a_schema_does_not_go() -> None:
    assert compare(schemas(), {}) == [
        f"{type_}: the schema is gone; keep it for as long as events of it are stored" for type_ in schemas()
    ]


def test_a_break_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = copy.deepcopy(dict(schemas()))
    old[PLACED]["properties"]["colour"] = {"type": "string"}
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps(old))
    assert main(["--write", str(file)]) == 1
    assert "data.colour is gone" in capsys.readouterr().err
    assert json.loads(file.read_text()) == old


def test_additions_are_written_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "baseline.json"
    assert main([str(file)]) == 1
    assert "make -C services/_lib baseline" in capsys.readouterr().err
    assert main(["--write", str(file)]) == 0
    assert main([str(file)]) == 0
