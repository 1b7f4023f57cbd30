"""What is shown of a plan."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.terraform.plan import Change, summarize
from ansible_collections.gantry.platform.plugins.module_utils.terraform.sensitive import (
    both,
    cleaned,
    marks_of,
    scrubbed,
    secrets,
)

SCHEMAS = {
    "example.org/x/y": {
        "resource_schemas": {
            "y_thing": {
                "block": {
                    "attributes": {
                        "name": {"type": "string"},
                        "password": {"type": "string", "sensitive": True},
                        "users": {
                            "nested_type": {
                                "nesting_mode": "map",
                                "attributes": {"key": {"sensitive": True}, "role": {}},
                            }
                        },
                    },
                    "block_types": {
                        "login": {"nesting_mode": "list", "block": {"attributes": {"token": {"sensitive": True}}}}
                    },
                }
            }
        }
    }
}


def plan(change: dict[str, Any], **other: Any) -> dict[str, Any]:
    entry = {
        "address": "y_thing.a",
        "mode": "managed",
        "type": "y_thing",
        "provider_name": "example.org/x/y",
        "change": {"actions": ["update"], **change},
    }
    return {"resource_changes": [entry], **other}


def the_change(change: dict[str, Any]) -> Change:
    (found,) = summarize(plan(change), SCHEMAS).changes
    return found


def test_only_what_differs_is_shown() -> None:
    change = the_change({"before": {"name": "a", "size": 1}, "after": {"name": "a", "size": 2}})
    assert (change.before, change.after) == ({"size": 1}, {"size": 2})


def test_what_is_not_known_yet_is_named_also_within() -> None:
    change = the_change(
        {
            "before": {"id": "1", "machines": {"a": {"address": "10.0.0.1"}}},
            "after": {"machines": {"a": {"address": "10.0.0.1"}, "b": {}}},
            "after_unknown": {"id": True, "machines": {"a": {}, "b": {"address": True}}},
        }
    )
    assert change.after == {
        "id": "(known after apply)",
        "machines": {"a": {"address": "10.0.0.1"}, "b": {"address": "(known after apply)"}},
    }


def test_the_schema_hides_what_the_plan_does_not_mark() -> None:
    change = the_change({"before": {"password": "old-password"}, "after": {"password": "new-password"}})
    assert change.before == {"password": "(sensitive)"}
    assert change.after == {"password": "(sensitive, changed)"}


def test_the_schema_reaches_into_blocks_and_nested_attributes() -> None:
    value = {"login": [{"token": "t1"}], "users": {"u": {"key": "k1", "role": "admin"}}}
    change = the_change({"before": None, "after": value})
    assert change.after == {
        "login": [{"token": "(sensitive)"}],
        "users": {"u": {"key": "(sensitive)", "role": "admin"}},
    }


def test_the_plans_own_marks_hide_what_the_schema_does_not_know() -> None:
    change = the_change({"before": None, "after": {"name": "secret-name"}, "after_sensitive": {"name": True}})
    assert change.after == {"name": "(sensitive)"}


@pytest.mark.parametrize("actions", [["delete", "create"], ["create", "delete"]])
def test_to_replace_is_to_destroy(actions: list[str]) -> None:
    summary = summarize(plan({"actions": actions, "before": {"name": "a"}, "after": {"name": "b"}}), SCHEMAS)
    assert summary.changes[0].action == "replace"
    assert summary.destroys == ["y_thing.a"]
    assert summary.counted() == "1 to add, 0 to change, 1 to destroy"


def test_reading_and_nothing_are_no_changes() -> None:
    found = plan({"actions": ["no-op"], "before": {}, "after": {}})
    found["resource_changes"].append({"mode": "data", "address": "data.x", "change": {"actions": ["read"]}})
    assert summarize(found, SCHEMAS).changes == ()


def test_outputs_that_change_are_named() -> None:
    outputs = {
        "one": {"actions": ["create"], "after": "s-e-c-r-e-t", "after_sensitive": True},
        "two": {"actions": ["no-op"]},
    }
    summary = summarize({"output_changes": outputs}, {})
    assert summary.outputs == ("one",)
    assert summary.secrets == {"s-e-c-r-e-t"}


def test_marks_of_lists_shorter_than_their_values() -> None:
    assert cleaned(["a", "b", "c"], [True]) == ["(sensitive)", "b", "c"]
    assert cleaned({"a": None}, {"a": True}) == {"a": None}


def test_what_either_marks_is_marked() -> None:
    assert both({"a": True}, {"b": [False, True]}) == {"a": True, "b": [False, True]}
    assert both([True], [False, True]) == [True, True]
    assert both(True, {}) is True


def test_secrets_are_found_in_any_shape_and_short_ones_passed_over() -> None:
    found = set(secrets({"a": {"b": ["long-enough", 12345, True, "x"]}, "c": "open"}, {"a": True}))
    assert found == {"long-enough", "12345"}
    assert scrubbed("see long-enough-er and long-enough", frozenset({"long-enough", "long-enough-er"})) == (
        "see (sensitive) and (sensitive)"
    )


def test_a_value_that_is_not_there_has_no_marks() -> None:
    assert marks_of({"attributes": {"a": {"sensitive": True}}}, None) == {}
