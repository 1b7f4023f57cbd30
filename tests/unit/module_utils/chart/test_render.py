"""Charts become objects, or a message that names the chart."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.chart.render import Chart, ChartError, parse, render

MANIFESTS = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {left: null, right: "1"}
---
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
---
# nothing
"""


@pytest.fixture
def chart(tmp_path: Path) -> Chart:
    (tmp_path / "Chart.yaml").write_text("name: x\n")
    return Chart(tmp_path, "x", "kube-system", {"a": {"b": 1}}, "1.37.2", ["gateway.networking.k8s.io/v1"])


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_hooks_and_keys_without_a_value_are_left_out() -> None:
    assert parse(MANIFESTS) == [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"right": "1"}}
    ]


def test_helm_is_asked_with_everything(chart: Chart, tmp_path: Path) -> None:
    helm = program(tmp_path / "helm", """printf '{"arguments": "%s", "values": %s}' "$*" "$(cat)" """)
    (answer,) = render(helm, chart)
    assert answer["arguments"] == (
        f"template x {tmp_path} --namespace kube-system --values - --skip-tests --include-crds --kube-version 1.37.2 "
        "--api-versions=gateway.networking.k8s.io/v1"
    )
    assert answer["values"] == {"a": {"b": 1}}


def test_what_helm_refuses_is_told(chart: Chart, tmp_path: Path) -> None:
    helm = program(tmp_path / "helm", "echo 'Error: values do not meet the schema' >&2; exit 1")
    with pytest.raises(ChartError, match=r"^chart .*: values do not meet the schema$"):
        render(helm, chart)


def test_a_directory_without_a_chart_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match=r"has no Chart\.yaml"):
        render(tmp_path / "helm", Chart(tmp_path, "x", "y"))


def test_a_missing_helm_is_named(chart: Chart, tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="build it with the role bundle"):
        render(tmp_path / "helm", chart)
