"""Bills of materials: what each image is made of, as CycloneDX 1.6 JSON, and all licences in one page.

They are made of the locks and of what Go programs say of themselves. They hold no time, and their serial number is
made of the image's digest: the same image gives the same bytes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ansible_collections.gantry.platform.plugins.module_utils.bundle import goinfo, keys, licences, pypi
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle, Step
from ansible_collections.gantry.platform.plugins.module_utils.bundle.model import (
    DebArtifact,
    FilesArtifact,
    GoArtifact,
    Image,
    NpmArtifact,
    PypiArtifact,
)

SPECIFICATION = "1.6"
RECIPE = 1
"""Raised when the same image gets another bill."""
NAMESPACE = uuid.UUID("5b9aee83-6d3f-5a04-a32b-1f0cf1e29f39")
UNSTATED = "not stated"
_REQUIREMENT = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([\w.!+]+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class Package:
    """One thing in an image: its package URL, which names it once and for all, its version, licences and sum."""

    purl: str
    name: str
    version: str
    licences: tuple[str, ...] = field(default=(), compare=False)
    sha256: str = field(default="", compare=False)
    """Of the package as its registry serves it, in hexadecimal."""

    def component(self) -> dict[str, Any]:
        """The package as a component of CycloneDX."""
        told: dict[str, Any] = {
            "type": "library",
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "purl": self.purl,
        }
        if self.licences:
            told["licenses"] = [{"license": {"name": name}} for name in self.licences]
        if self.sha256:
            told["hashes"] = [{"alg": "SHA-256", "content": self.sha256}]
        return told


def url(kind: str, name: str, version: str, **qualifiers: str) -> str:
    """A package URL, e.g. pkg:deb/debian/libc6@2.36-9?arch=amd64. Slashes in `name` part namespaces."""
    extra = "&".join(f"{key}={quote(value, safe='.-_')}" for key, value in sorted(qualifiers.items()))
    return f"pkg:{kind}/{quote(name, safe='/.-_~')}@{quote(version, safe='.-_~')}{'?' if extra else ''}{extra}"


def packages(bundle: Bundle, image: Image) -> list[Package]:
    """Everything that an image is made of, each package once, by package URL."""
    found: dict[str, Package] = {}
    for package in _packages(bundle, image):
        known = found.get(package.purl)
        found[package.purl] = replace(package, licences=package.licences or known.licences) if known else package
    return sorted(found.values())


def document(bundle: Bundle, step: Step) -> dict[str, Any]:
    """The bill of one built image."""
    facts = step.place.facts()
    repository, _, tag = str(facts["ref"]).rpartition(":")
    digest = str(facts["digest"])
    purl = url("oci", repository.rpartition("/")[2], digest, repository_url=repository, tag=tag)
    serial = uuid.uuid5(NAMESPACE, f"{RECIPE} {facts['ref']} {digest}")
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPECIFICATION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPECIFICATION,
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "bom-ref": purl, "name": repository, "version": tag, "purl": purl}
        },
        "components": [package.component() for package in packages(bundle, step.item)]
        if isinstance(step.item, Image)
        else [],
    }


def beside(step: Step) -> Path:
    """Where an image's bill rests: beside the image."""
    return step.place.directory / f"{step.place.key}.{RECIPE}.cdx"


def write(bundle: Bundle, directory: Path, *, check: bool = False) -> list[Path]:
    """Bring the bills of all built images and licences.md into `directory`; returns what was written or removed.

    A bill that rests beside its image is not made again.
    """
    texts = {}
    for step in bundle.chosen:
        if isinstance(step.item, Image) and step.place.present:
            texts[f"{step.item.name}.cdx.json"] = _text(bundle, step, check=check)
    bills = {name: json.loads(text) for name, text in texts.items()}
    texts["licences.md"] = page(bills.values())
    stale = [path for path in sorted(directory.glob("*.cdx.json")) if path.name not in texts]
    changed = [directory / name for name, text in sorted(texts.items()) if _differs(directory / name, text)]
    if not check:
        directory.mkdir(parents=True, exist_ok=True)
        for path in stale:
            path.unlink()
        for path in changed:
            _put(path, texts[path.name])
    return [*changed, *stale]


def page(bills: Iterable[dict[str, Any]]) -> str:
    """All licences: a table of the packages by licence, with the images that hold them."""
    rows: dict[tuple[str, str], set[str]] = {}
    for bill in bills:
        image = str(bill["metadata"]["component"]["name"]).rpartition("/")[2]
        for component in bill["components"]:
            names = [entry["license"]["name"] for entry in component.get("licenses", ())] or [UNSTATED]
            rows.setdefault((", ".join(names), component["purl"]), set()).add(image)
    lines = ["# Licences", "", "As the packages state them.", "", "| licence | package | images |", "|---|---|---|"]
    lines += [f"| {licence} | `{purl}` | {', '.join(sorted(held))} |" for (licence, purl), held in sorted(rows.items())]
    return "\n".join([*lines, ""])


def _text(bundle: Bundle, step: Step, *, check: bool) -> str:
    path = beside(step)
    if path.exists():
        return path.read_text(encoding="utf-8")
    text = json.dumps(document(bundle, step), indent=1, sort_keys=True) + "\n"
    if not check:
        _put(path, text)
    return text


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text


def _put(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _packages(bundle: Bundle, image: Image) -> Iterator[Package]:
    for name in image.needs():
        item, step = bundle.declarations.artifact(name), bundle.artifact(name)
        stated: dict[str, list[str]] = step.place.facts().get("licences", {}) if step.place.present else {}
        match item:
            case GoArtifact():
                used = [source.partition("/")[2] for source in image.files.values() if source.startswith(f"{name}/")]
                for inner in used:
                    yield from _go(goinfo.read(step.place.path / inner), stated)
            case FilesArtifact():
                component = bundle.declarations.artifact(item.component)
                if isinstance(component, GoArtifact):
                    lock = bundle.locks.go(component.name, component.module)
                    yield _module(goinfo.Module(component.module, f"v{lock.version}", ""))
            case DebArtifact():
                suite = item.suite or bundle.declarations.suite
                for pin in bundle.locks.packages(name, item.packages):
                    yield Package(
                        url("deb", f"debian/{pin.name}", pin.version, arch=pin.architecture, distro=suite),
                        pin.name,
                        pin.version,
                        tuple(stated.get(pin.name, ())),
                        pin.sha256,
                    )
            case PypiArtifact():
                text = bundle.locks.requirements(item.requirements) if item.requirements else ""
                if item.base:
                    text = pypi.applicable(text, keys.version(item.base, bundle.declarations, bundle.locks) or "")
                block = bundle.locks.pypi(item.package)[1] if item.package else text
                for found, version in _REQUIREMENT.findall(block):
                    plain = licences.normalized(found)
                    yield Package(url("pypi", plain, version), plain, version, tuple(stated.get(plain, ())))
            case NpmArtifact():
                lock_file = f"{item.directory}/package-lock.json"
                yield from npm(json.loads(bundle.locks.requirements(lock_file)))


def _go(program: goinfo.Program, stated: Mapping[str, Sequence[str]]) -> Iterator[Package]:
    release = program.go.removeprefix("go")
    yield Package(url("golang", "stdlib", release), "stdlib", release, ("BSD-3-Clause",))
    for module in program.modules:
        yield _module(module, stated.get(f"{module.path}@{module.version}", ()))


def _module(module: goinfo.Module, names: Sequence[str] = ()) -> Package:
    """A Go module. Its sum (h1:) is a hash of names and hashes, so it is no SHA-256 of a file and stays out."""
    return Package(url("golang", module.path, module.version), module.path, module.version, tuple(names))


def npm(lock: dict[str, Any]) -> Iterator[Package]:
    """The packages of a package-lock.json that a build can take in: all that are not for development alone."""
    for path, told in lock["packages"].items():
        if not path or told.get("dev") or told.get("link"):
            continue
        name = told.get("name") or path.rpartition("node_modules/")[2]
        licence = told.get("license")
        yield Package(
            url("npm", name, told["version"]),
            name,
            told["version"],
            (licence,) if isinstance(licence, str) else (),
        )
