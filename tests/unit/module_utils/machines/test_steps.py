"""Taking steps."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome


@pytest.mark.parametrize("check", [True, False])
def test_a_step_is_told_always_and_taken_unless_checking(check: bool) -> None:
    taken: list[str] = []
    outcome = Outcome(check)
    outcome.do(True, "one", lambda: taken.append("one"))
    outcome.do(False, "two", lambda: taken.append("two"))
    outcome.do_each([("three", lambda: taken.append("three"))])
    assert outcome.actions == ["one", "three"]
    assert taken == ([] if check else ["one", "three"])


def test_all_steps_are_taken_before_their_errors_are_raised() -> None:
    taken: list[str] = []

    def fail() -> None:
        raise MachinesError("no")

    with pytest.raises(MachinesError, match="no; no"):
        Outcome().do_each([("a", fail), ("b", lambda: taken.append("b")), ("c", fail)])
    assert taken == ["b"]
