# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""The objects of a release: reading, checking and ordering them, without a cluster."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError

WAVE = "platform.gantry.dev/wave"
"""The annotation that puts an object into a later wave (an integer, default 0)."""
SERVER_FIELDS = (
    "creationTimestamp",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)
"""Metadata that the server sets; it is dropped from stated objects."""

DEFINITIONS = ("Namespace", "CustomResourceDefinition")
FOUNDATIONS = (
    "ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding",
    "ResourceQuota", "LimitRange", "PriorityClass", "RuntimeClass", "StorageClass", "CSIDriver", "PersistentVolume",
    "PersistentVolumeClaim", "NetworkPolicy", "Service", "IngressClass",
)  # fmt: skip
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


class Ref(NamedTuple):
    """What an object is called, whatever its API version."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


@dataclass
class Stated:
    """One object as the caller states it, made ready to be applied."""

    desired: dict[str, Any]
    origin: str
    wave: int = 0

    @property
    def api_version(self) -> str:
        """The object's ``apiVersion``."""
        return str(self.desired["apiVersion"])

    @property
    def kind(self) -> str:
        """The object's ``kind``."""
        return str(self.desired["kind"])

    @property
    def name(self) -> str:
        """The object's name."""
        return str(self.desired["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The object's namespace, empty for a cluster-scoped one."""
        return str(self.desired["metadata"].get("namespace") or "")

    @property
    def ref(self) -> Ref:
        """The object's identity."""
        group, _, _ = self.api_version.rpartition("/")
        return Ref(group, self.kind, self.namespace, self.name)

    @property
    def rank(self) -> tuple[int, int]:
        """Place in the order of applying: explicit wave, then what others need first, webhooks last."""
        return self.wave, rank(self.kind)


def rank(kind: str) -> int:
    """Order of kinds within a wave: definitions 0, foundations 1, all others 2, webhook configurations 3."""
    if kind in DEFINITIONS:
        return 0
    if kind in FOUNDATIONS:
        return 1
    return 3 if kind in WEBHOOKS else 2


def read(manifests: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Read manifests: YAML text (more than one line), a file, or a directory of .yaml, .yml and .json files.

    What kustomize alone reads (kustomization.yaml) is no manifest.

    Yields each document with where it came from.
    """
    import yaml

    loader = _loader(yaml)
    for number, manifest in enumerate(manifests):
        for origin, text in _texts(manifest, f"manifests[{number}]"):
            try:
                for index, document in enumerate(yaml.load_all(text, Loader=loader)):
                    if document is not None:
                        yield f"{origin} document {index + 1}", document
            except yaml.YAMLError as error:
                raise ReleaseError(f"{origin} is not YAML: {error}") from error


def prepare(documents: Iterable[tuple[str, Any]]) -> list[Stated]:
    """Check the shape of all documents and make objects ready to be applied; lists (``kind: List``) are unfolded.

    :raises ReleaseError: All mistakes at once.
    """
    stated: list[Stated] = []
    mistakes: list[str] = []
    for origin, document in _unfold(documents):
        mistake = _mistake(document)
        if mistake:
            mistakes.append(f"{origin}: {mistake}")
            continue
        try:
            stated.append(Stated(_clean(document), origin, _wave(document)))
        except (ValueError, TypeError, AttributeError) as error:
            mistakes.append(f"{origin}: {document['kind']} {document['metadata']['name']}: {error}")
    if mistakes:
        raise ReleaseError("the objects are not right:\n" + "\n".join(f"- {mistake}" for mistake in mistakes))
    return stated


def duplicates(stated: Iterable[Stated]) -> list[str]:
    """Name the objects that are stated twice."""
    seen: dict[Ref, str] = {}
    found = []
    for one in stated:
        if one.ref in seen:
            found.append(f"{one.origin}: {one.ref} stands in {seen[one.ref]} already. Keep one of them")
        seen.setdefault(one.ref, one.origin)
    return found


def _loader(yaml: Any) -> Any:
    """A fast safe loader that takes dates, and ``=``, for the text that they are in Kubernetes."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    strange = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}
    resolvers = {
        first: [(tag, pattern) for tag, pattern in pairs if tag not in strange]
        for first, pairs in base.yaml_implicit_resolvers.items()
    }
    return type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})


def _texts(manifest: str, origin: str) -> Iterator[tuple[str, str]]:
    if "\n" in manifest.strip():
        yield origin, manifest
        return
    path = Path(manifest).expanduser()
    files = (
        sorted(
            file
            for file in path.iterdir()
            if file.suffix in (".yaml", ".yml", ".json") and file.name != "kustomization.yaml"
        )
        if path.is_dir()
        else [path]
    )
    if not files:
        raise ReleaseError(f"{origin}: the directory {path} holds no .yaml, .yml or .json file")
    for file in files:
        try:
            yield str(file), file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ReleaseError(
                f"{origin}: {file} cannot be read: {error}. Give a file, a directory or YAML text"
            ) from error


def _unfold(documents: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for origin, document in documents:
        if (
            isinstance(document, dict)
            and str(document.get("kind")).endswith("List")
            and isinstance(document.get("items"), list)
        ):
            yield from _unfold((f"{origin} item {index + 1}", item) for index, item in enumerate(document["items"]))
        else:
            yield origin, document


def _mistake(document: Any) -> str:
    if not isinstance(document, dict):
        return f"a Kubernetes object is a mapping, this is {type(document).__name__} {str(document)[:60]!r}"
    for key in ("apiVersion", "kind"):
        if not isinstance(document.get(key), str) or not document[key]:
            return f"{key} is missing"
    metadata = document.get("metadata")
    if not isinstance(metadata, dict):
        return f"{document['kind']}: metadata is missing"
    if metadata.get("generateName"):
        return f"{document['kind']}: generateName makes a new object on every run. Give it a metadata.name"
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        return f"{document['kind']}: metadata.name is {name!r}. Give it a name (quote one that looks like a number)"
    return ""


def _wave(document: dict[str, Any]) -> int:
    text = ((document["metadata"].get("annotations")) or {}).get(WAVE, "0")
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"annotation {WAVE} is {text!r}, not an integer") from None


def _clean(document: dict[str, Any]) -> dict[str, Any]:
    """A copy without what only the server sets; a Secret's ``stringData`` becomes ``data``."""
    clean = dict(document)
    clean["metadata"] = {key: value for key, value in document["metadata"].items() if key not in SERVER_FIELDS}
    for key in ("labels", "annotations", "finalizers", "ownerReferences"):
        if not clean["metadata"].get(key):
            clean["metadata"].pop(key, None)  # the server takes an empty one of a custom object for a change every time
    for key in ("labels", "annotations"):
        for name, value in (clean["metadata"].get(key) or {}).items():
            if not isinstance(value, str):
                raise ValueError(f"{key[:-1]} {name} is {value!r}: it must be a string. Quote it")
    if clean["kind"] == "Secret" and clean["apiVersion"] == "v1" and "stringData" in clean:
        plain = clean.pop("stringData") or {}
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        clean["data"] = {**(clean.get("data") or {}), **encoded}
    return clean


def without_nulls(value: Any) -> Any:
    """Drop null fields of mappings: in Kubernetes' own kinds null means not stated."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
