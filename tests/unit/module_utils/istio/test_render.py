"""Rendering: what istioctl says becomes a declaration of what we own; what it refuses becomes a message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils import tools
from ansible_collections.gantry.platform.plugins.module_utils.istio import render as istio


def script(path: Path, text: str) -> Path:
    """An executable in place of istioctl, for what only its exit and its streams decide."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_documents_without_content_are_no_objects() -> None:
    assert istio.parse("---\n# only a comment\n---\nkind: Service\n---\n") == [{"kind": "Service"}]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"metadata": {"annotations": None, "name": "a"}}, {"metadata": {"name": "a"}}),
        ({"volumes": [{"name": "data", "emptyDir": {}}]}, {"volumes": [{"name": "data", "emptyDir": {}}]}),
        ({"affinity": {"nodeAffinity": {"preferred": None}}, "x": 1}, {"x": 1}),
        ({"args": ["a", None]}, {"args": ["a"]}),
        ({"zero": 0, "no": False, "empty": "", "list": []}, {"zero": 0, "no": False, "empty": "", "list": []}),
    ],
)
def test_keys_without_a_value_are_not_declared(given: dict[str, object], kept: dict[str, object]) -> None:
    assert istio.parse(yaml.safe_dump({"kind": "Pod", **given})) == [{"kind": "Pod", **kept}]


def test_failure_policy_of_validating_webhooks_is_istiods() -> None:
    hooks = {"webhooks": [{"name": "a", "failurePolicy": "Ignore"}, {"name": "b"}]}
    validating, mutating = istio.parse(
        yaml.safe_dump_all(
            [{"kind": "ValidatingWebhookConfiguration", **hooks}, {"kind": "MutatingWebhookConfiguration", **hooks}]
        )
    )
    assert validating["webhooks"] == [{"name": "a"}, {"name": "b"}]
    assert mutating["webhooks"] == hooks["webhooks"]


def test_the_specification_reaches_istioctl_whole(tmp_path: Path) -> None:
    istioctl = script(
        tmp_path / "istioctl", 'test "$*" = "manifest generate --filename -" && test "$KUBECONFIG" = /dev/null && cat'
    )
    spec = {"tag": "1.31", "values": {"pilot": {"env": {"A": "false"}}}}
    [operator] = istio.render(istioctl, spec)
    assert operator == {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec}
    json.dumps(operator)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (
            'echo "Error: unknown field \\"tagg\\"" >&2; echo "Usage: …" >&2; exit 1',
            'refuses the specification: unknown field "tagg"$',
        ),
        ("exit 3", "it says nothing"),
    ],
)
def test_refusal_says_why(tmp_path: Path, body: str, says: str) -> None:
    with pytest.raises(istio.IstioError, match=says):
        istio.render(script(tmp_path / "istioctl", body), {})


def test_a_missing_istioctl_names_its_path_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        istio.IstioError, match=rf"{tmp_path}/istioctl: No such file or directory; build it with the role bundle"
    ):
        istio.render(tmp_path / "istioctl", {})


def test_a_silent_istioctl_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "TIMEOUT", 0.2)
    with pytest.raises(istio.IstioError, match="no answer within"):
        istio.render(script(tmp_path / "istioctl", "exec sleep 5"), {})
