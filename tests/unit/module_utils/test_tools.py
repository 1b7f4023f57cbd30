"""Programs that are run on the controller."""

from __future__ import annotations

import pytest
from ansible_collections.gantry.platform.plugins.module_utils import tools


class OddError(Exception):
    """A caller's own."""


def test_a_tool_gets_its_input_and_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/home/me/.kube/config")
    done = tools.run_tool(
        "sh",
        "-c",
        'cat; echo "$KUBECONFIG $MORE"; echo late >&2; exit 3',
        failure=OddError,
        text="ö ",
        environment={"MORE": "1"},
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "ö /dev/null 1\n", "late\n")


def test_a_missing_program_is_the_callers_failure() -> None:
    with pytest.raises(
        OddError, match="none template: /none: No such file or directory; build it with the role bundle"
    ):
        tools.run_tool("/none", "template", failure=OddError)
    with pytest.raises(OddError, match="install it"):
        tools.run_program("/none", failure=OddError, remedy="install it", environment={})


def test_a_program_that_does_not_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "TIMEOUT", 0.05)
    with pytest.raises(OddError, match=r"sleep 5: sleep: no answer within 0\.05 s"):
        tools.run_tool("sleep", "5", failure=OddError)
