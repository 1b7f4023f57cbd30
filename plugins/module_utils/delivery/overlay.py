"""What an environment adds to the project's gitops/: for each service of a stage, its digests and patches.

The same files are what Argo CD reads out of git, and what the role services renders where there is no Argo CD.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import object_images
from ansible_collections.gantry.platform.plugins.module_utils.tools import run_tool

Object = dict[str, Any]
Images = Mapping[str, Mapping[str, Any]]

HEAD = "# Written by the platform from its inventory and bundle: change those, not this file.\n"
BUILDERS = 4
"""Programs that build a service's objects at the same time."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


class DeliveryError(Exception):
    """What is to be delivered is not right, or kubectl refuses it; the message names it and the remedy."""


@dataclass(frozen=True)
class Patch:
    """A change that an environment makes to some objects of its services, as kustomize has it."""

    target: Mapping[str, str]
    patch: Any

    def applies_to(self, objects: Iterable[Object]) -> bool:
        """Whether one of the objects is its target; kustomize is silent about patches that meet nothing."""
        return any(
            all(
                re.fullmatch(wanted, str((one if key == "kind" else one["metadata"]).get(key, "")))
                for key, wanted in self.target.items()
                if key in ("kind", "name", "namespace")
            )
            for one in objects
        )


@dataclass(frozen=True)
class Environment:
    """An environment, and which services it runs in which stage."""

    name: str
    stages: Mapping[str, Sequence[str]]
    images: Images = field(default_factory=dict)
    patches: Sequence[Patch] = ()


class Source:
    """A directory of `<service>/{base,stages/<stage>}`."""

    def __init__(self, directory: Path, kubectl: Path) -> None:
        if not directory.is_dir():
            raise DeliveryError(f"{directory} is no directory: name one that holds <service>/stages/<stage>")
        self.directory, self._kubectl = directory, kubectl

    def services(self) -> list[str]:
        """The services that it holds."""
        return sorted(path.parent.name for path in self.directory.glob("*/stages"))

    def stage(self, service: str, stage: str) -> list[Object]:
        """The objects of a service in a stage, as the project has them."""
        directory = self.directory / service / "stages" / stage
        if not _NAME.fullmatch(service) or not _NAME.fullmatch(stage) or not directory.is_dir():
            known = sorted(str(path.relative_to(self.directory)) for path in self.directory.glob("*/stages/*"))
            raise DeliveryError(f"service {service!r} has no stage {stage!r} in {self.directory}; there are {known}")
        return build(self._kubectl, directory)

    def rendered(self, files: Mapping[str, bytes | str], environment: str) -> list[Object]:
        """The objects that an environment's files come to, in their order."""
        with tempfile.TemporaryDirectory() as place:
            tree = Path(place) / "gitops"
            shutil.copytree(self.directory, tree, ignore=shutil.ignore_patterns("environments", ".*"))
            for name, content in files.items():
                path = tree / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
            parts = sorted((tree / "environments" / environment).glob("*/*/kustomization.yaml"))
            with ThreadPoolExecutor(max_workers=BUILDERS) as pool:
                built = pool.map(lambda part: build(self._kubectl, part.parent), parts)
                return [one for objects in built for one in objects]


def tree_files(directory: Path) -> dict[str, bytes]:
    """Every file of a directory by its path in it, but what is hidden, and environments/, which is made and not taken.

    :raises DeliveryError: There is no such directory.
    """
    if not directory.is_dir():
        raise DeliveryError(f"{directory} is no directory: name one that holds <service>/stages/<stage>")
    named = ((path, path.relative_to(directory)) for path in sorted(directory.rglob("*")) if path.is_file())
    return {
        str(inner): path.read_bytes()
        for path, inner in named
        if inner.parts[0] != "environments" and not any(part.startswith(".") for part in inner.parts)
    }


def environment_files(source: Source, environment: Environment) -> dict[str, str]:
    """The files of environments/<name>/: equal input gives equal text.

    :raises DeliveryError: An unknown service or stage, or images that the bundle does not hold; all of those at once.
    """
    files: dict[str, str] = {}
    missing: list[str] = []
    wanted = [(stage, one) for stage, services in sorted(environment.stages.items()) for one in sorted(services)]
    with ThreadPoolExecutor(max_workers=BUILDERS) as pool:
        built = pool.map(lambda one: source.stage(service=one[1], stage=one[0]), wanted)
        for (stage, service), objects in zip(wanted, built, strict=True):
            missing += _missing(objects, environment.images, f"{service} in {stage}")
            path = f"environments/{environment.name}/{stage}/{service}/kustomization.yaml"
            files[path] = _overlay(service, stage, objects, environment)
    if missing:
        raise DeliveryError("images that the bundle does not hold:\n" + "\n".join(missing))
    return files


def build(kubectl: Path, directory: Path) -> list[Object]:
    """What kustomize makes of a directory. Raises DeliveryError."""
    done = run_tool(kubectl, "kustomize", directory, failure=DeliveryError)
    if done.returncode:
        raise DeliveryError(f"{directory}: {done.stderr.strip().removeprefix('error: ')}")
    return documents.parse(done.stdout)


def _overlay(service: str, stage: str, objects: Sequence[Object], environment: Environment) -> str:
    document: Object = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [f"../../../../{service}/stages/{stage}"],
    }
    if images := list(_pins(objects, environment.images)):
        document["images"] = images
    if patches := [patch for patch in environment.patches if patch.applies_to(objects)]:
        document["patches"] = [
            {"target": dict(patch.target), "patch": json.dumps(patch.patch, sort_keys=True)} for patch in patches
        ]
    return HEAD + yaml.safe_dump(document, sort_keys=False, width=150)


def _pins(objects: Sequence[Object], images: Images) -> Iterator[dict[str, str]]:
    for ref in sorted(set(object_images(objects))):
        if ref in images:
            name, _, tag = ref.rpartition(":")
            yield {"name": name, "newTag": tag, "digest": str(images[ref]["digest"])}


def _missing(objects: Sequence[Object], images: Images, what: str) -> Iterator[str]:
    if images:
        for ref in sorted(set(object_images(objects))):
            if ref not in images and "@" not in ref:
                yield f"- {what}: {ref}; correct the tag in gitops/{what.split()[0]}, or add it to bundle/images.yml"
