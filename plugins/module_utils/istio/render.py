"""Objects of an Istio installation, from the charts inside istioctl. No cluster and no network is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.tools import run_tool

Object = dict[str, Any]


class IstioError(Exception):
    """istioctl could not be run, or it refused the specification; the message says which and why."""


def render(istioctl: Path, spec: Mapping[str, Any]) -> list[Object]:
    """The objects of an IstioOperator specification, ready to be applied. Raises IstioError."""
    operator = {"apiVersion": "install.istio.io/v1alpha1", "kind": "IstioOperator", "spec": spec}
    done = run_tool(istioctl, "manifest", "generate", "--filename", "-", failure=IstioError, text=json.dumps(operator))
    if done.returncode:
        raise IstioError(f"istioctl refuses the specification: {_reason(done.stderr)}")
    return parse(done.stdout)


def parse(manifests: str) -> list[Object]:
    """Objects of a stream of YAML documents, as a declaration of what we own."""
    return [_left_to_istiod(_without_nulls(item)) for item in documents.parse(manifests)]


def _without_nulls(value: Any) -> Any:
    """Charts leave keys without a value behind; declared, such a key would say that somebody's value is to be removed.

    A mapping that held nothing else goes with them; one that was empty from the start (`emptyDir: {}`) stays.
    """
    if isinstance(value, dict):
        kept = {key: _without_nulls(item) for key, item in value.items() if item is not None}
        return {key: item for key, item in kept.items() if item != {} or value[key] == {}}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def _left_to_istiod(item: Object) -> Object:
    """istiod itself sets the failure policy of its validating webhooks, once it serves them."""
    if item["kind"] != "ValidatingWebhookConfiguration":
        return item
    webhooks = [{key: value for key, value in hook.items() if key != "failurePolicy"} for hook in item["webhooks"]]
    return item | {"webhooks": webhooks}


def _reason(stderr: str) -> str:
    """What istioctl says, without its prefixes and usage text."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    error = next((line for line in lines if line.startswith("Error:")), " ".join(lines) or "it says nothing")
    return error.removeprefix("Error:").strip()
