"""Objects of a Helm chart, rendered by helm. No cluster and no network is asked."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.tools import run_tool

Object = dict[str, Any]


class ChartError(Exception):
    """helm could not be run, or it refused the chart or its values; the message says which and why."""


@dataclass(frozen=True)
class Chart:
    """A chart in a directory, and what it is rendered for."""

    directory: Path
    name: str
    namespace: str
    values: Mapping[str, Any] = field(default_factory=dict)
    kubernetes_version: str = ""
    api_versions: Sequence[str] = ()
    crds: bool = True

    def arguments(self) -> list[str]:
        """helm's arguments; the values come by standard input."""
        words = [
            "template",
            self.name,
            str(self.directory),
            "--namespace",
            self.namespace,
            "--values",
            "-",
            "--skip-tests",
        ]
        if self.crds:
            words.append("--include-crds")
        if self.kubernetes_version:
            words += ["--kube-version", self.kubernetes_version]
        return [*words, *(f"--api-versions={version}" for version in self.api_versions)]


def render(helm: Path, chart: Chart) -> list[Object]:
    """The objects of a chart. Raises ChartError."""
    if not (chart.directory / "Chart.yaml").is_file():
        raise ChartError(
            f"chart {chart.directory} has no Chart.yaml: name a chart's directory, such as bundle_files['cilium-chart']"
        )
    with tempfile.TemporaryDirectory() as home:
        places = {f"HELM_{place}_HOME": f"{home}/{place.lower()}" for place in ("CACHE", "CONFIG", "DATA")}
        done = run_tool(helm, *chart.arguments(), failure=ChartError, text=json.dumps(chart.values), environment=places)
    if done.returncode:
        raise ChartError(f"chart {chart.directory}: {done.stderr.strip().removeprefix('Error: ')}")
    return parse(done.stdout)


def parse(manifests: str) -> list[Object]:
    """Objects of a stream of YAML documents; hooks, which are no part of what is declared, are left out."""
    return [_without_nulls(item) for item in documents.parse(manifests) if not is_hook(item)]


def is_hook(item: Object) -> bool:
    """Whether an object is helm's to run at a moment, not ours to keep."""
    return "helm.sh/hook" in ((item.get("metadata") or {}).get("annotations") or {})


def _without_nulls(value: Any) -> Any:
    """Drop keys without a value: declared, they would ask for somebody else's value to be removed."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
