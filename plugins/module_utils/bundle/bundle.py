"""The bundle as a whole: what it should hold, what is missing, and where everything rests."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.bundle import keys as keying
from ansible_collections.gantry.platform.plugins.module_utils.bundle import model
from ansible_collections.gantry.platform.plugins.module_utils.bundle.builders import Builder
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.golang import KEEP, Go, default_name
from ansible_collections.gantry.platform.plugins.module_utils.bundle.locks import Locks
from ansible_collections.gantry.platform.plugins.module_utils.bundle.oci import Layout
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner
from ansible_collections.gantry.platform.plugins.module_utils.bundle.signing import Signer, reference
from ansible_collections.gantry.platform.plugins.module_utils.bundle.store import Place, held, remove

GIB = 1024**3
SPACE = {"go": 14 * GIB, "rootfs": 2 * GIB, "deb": 2 * GIB, "pypi": GIB, "npm": GIB, "files": GIB, "image": GIB}
"""Bytes that must be free before a missing artifact of a kind is built; Go's caches are most of it."""
UNUSED = {"rootfs": 30 * 86400}
"""Seconds after its last use that an older build is removed; machines stand on a rootfs for long."""
UNUSED_DEFAULT = 86400


@dataclass(frozen=True)
class Step:
    """One artifact of the plan."""

    item: model.Buildable
    place: Place
    version: str

    @property
    def id(self) -> str:
        """Kind and name, e.g. go/kubernetes."""
        return f"{self.item.kind}/{self.item.name}"

    @property
    def title(self) -> str:
        return f"{self.item.kind} {self.item.name} {self.version}".rstrip()

    @property
    def signature(self) -> Path:
        """Where an image's signature rests: beside the image."""
        return self.place.directory / f"{self.place.key}.sig"

    @property
    def log(self) -> Path:
        return self.place.directory / f"{self.place.key}.log"


@dataclass
class Outputs:
    """Where everything rests: the interface to the other stages."""

    binaries: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    rootfs: dict[str, str] = field(default_factory=dict)
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    signatures: dict[str, dict[str, str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return asdict(self)


class Bundle:
    """The bundle of one checkout in one cache.

    `source` holds the declarations and locks, `project` the services, `cache` is the user's cache directory. What is to
    be built is what `sets` ask for or, where there are names in `only`, these with what they need.
    """

    def __init__(
        self, source: Path, project: Path, cache: Path, sets: Iterable[str] = (), only: Iterable[str] = ()
    ) -> None:
        self.locks = Locks(source, project)
        self.declarations = model.load(source)
        self.build_directory = cache / "build"
        self.root = cache / "bundle"
        known = {name for item in (*self.declarations.artifacts, *self.declarations.images) for name in item.set}
        if unknown := sorted(set(sets) - known):
            raise BundleError(
                f"bundle_sets: {', '.join(unknown)} is declared nowhere; known sets are {', '.join(sorted(known))}"
            )
        planned = list(self.declarations.wanted(frozenset(sets)))
        chosen = list(self.declarations.named(only))
        items = list(self.declarations.with_needs([*planned, *chosen]))
        found = keying.keys(items, self.declarations, self.locks)
        self.steps = [
            Step(item, self._place(item, found[item.kind == "image", item.name]), self._version(item)) for item in items
        ]
        self.chosen = [step for step in self.steps if step.item in chosen] if chosen else self.steps
        """The part of the plan that this run is about."""
        self._by_name = {step.item.name: step for step in self.steps if step.item.kind != "image"}

    def _place(self, item: model.Buildable, key: str) -> Place:
        return Place(self.root, item.kind, item.name, key)

    def _version(self, item: model.Buildable) -> str:
        name = item.component if isinstance(item, model.Image) else item.name
        return keying.version(name, self.declarations, self.locks) or ""

    def missing(self) -> list[Step]:
        """What has to be built, needed things first."""
        return [step for step in self.chosen if not step.place.present]

    @property
    def whole(self) -> bool:
        """Whether nothing of the plan is missing, chosen or not."""
        return all(step.place.present for step in self.steps)

    def step(self, identity: str) -> Step:
        """The step of that id, e.g. image/etcd."""
        for step in self.steps:
            if step.id == identity:
                return step
        raise BundleError(f"{identity} is not in the plan; it holds {', '.join(step.id for step in self.steps)}")

    def artifact(self, name: str) -> Step:
        """The step of the artifact of that name, which is no image."""
        return self._by_name[name]

    def check_space(self, steps: Sequence[Step]) -> None:
        """Refuse a disk that the build would fill."""
        if not steps:
            return
        needed = max(SPACE[step.item.kind] for step in steps)
        self.root.mkdir(parents=True, exist_ok=True)
        used = sum(path.stat().st_blocks * 512 for path in _files(self.build_directory)) if needed >= 14 * GIB else 0
        free = shutil.disk_usage(self.root).free
        if free + used < needed:
            raise BundleError(
                f"{self.root}: {free / GIB:.1f} GiB are free, building {len(steps)} missing artifact(s) needs "
                f"{needed / GIB:.0f}; free some, or set XDG_CACHE_HOME to a larger disk"
            )

    def build(self, step: Step) -> dict[str, Any]:
        """Build one step, whose needs must be there; returns its facts. Does nothing where it is present already."""
        if step.place.present:
            return step.place.facts()
        started = time.monotonic()
        work = self.build_directory / "work" / f"{step.item.kind}-{step.item.name}-{step.place.key}"
        with step.place.building() as staging, held(self.build_directory / ".lock", alone=False):
            if step.place.present:
                remove(staging)
                return step.place.facts()
            step.log.unlink(missing_ok=True)
            remove(work)
            work.mkdir(parents=True)
            runner = Runner(step.log)
            builder = Builder(self.declarations, self.locks, self._needed, self.build_directory, work, runner)
            mask = os.umask(0o022)  # modes are part of what is built, and not this user's choice
            try:
                made = builder.build(step.item, staging)
            finally:
                os.umask(mask)
                remove(work)
            facts = {
                "title": step.title,
                "seconds": round(time.monotonic() - started, 1),
                "notes": runner.notes,
                **made,
            }
            step.place.publish(staging, facts)
        if step.item.kind == "go":
            with held(self.build_directory / ".lock", alone=True) as alone:
                if alone:
                    Go(self.build_directory, self.declarations.toolchain, runner, self.locks).trim()
        return facts

    def _needed(self, name: str) -> Place:
        place = self._by_name[name].place
        if not place.present:
            raise BundleError(f"{name} is not built yet; build {self._by_name[name].id} first")
        return place

    def outputs(self) -> Outputs:
        """Where everything rests, or will rest once it is built; a missing image has an empty digest."""
        outputs = Outputs()
        for step in self.steps:
            item, path = step.item, step.place.path
            if step.version:
                outputs.versions.setdefault(
                    item.component if isinstance(item, model.Image) else item.name, step.version
                )
            match item:
                case model.GoArtifact():
                    tools = self.locks.go(item.name, item.module).tools
                    outputs.binaries |= {
                        name: str(path / name) for name in (item.names.get(t, default_name(t)) for t in tools)
                    }
                case model.DebArtifact() | model.PypiArtifact():
                    outputs.binaries |= {name: str(path / inner) for name, inner in item.binaries.items()}
                case model.RootfsArtifact():
                    outputs.rootfs[item.name] = str(path)
                case model.FilesArtifact():
                    outputs.files[item.name] = str(path / item.inner)
                case model.Image():
                    digest = Layout(path).manifest_digest() if step.place.present else ""
                    ref = item.ref.format(version=step.version)
                    outputs.images[ref] = {"digest": digest, "layout": str(path)}
                    if digest and step.signature.is_dir():
                        signed = Layout(step.signature)
                        told = {"digest": signed.manifest_digest(), "layout": str(signed.root)}
                        outputs.signatures[reference(ref, digest)] = told
        return outputs

    def images(self) -> list[tuple[Step, str, str]]:
        """The built images of this run with their references and digests."""
        return [
            (step, step.item.ref.format(version=step.version), Layout(step.place.path).manifest_digest())
            for step in self.chosen
            if isinstance(step.item, model.Image) and step.place.present
        ]

    def unsigned(self, signer: Signer) -> dict[str, str]:
        """Built images without a signature that holds, each with the reason."""
        found = {step.title: signer.objection(ref, digest, step.signature) for step, ref, digest in self.images()}
        return {title: reason for title, reason in found.items() if reason}

    def sign(self, signer: Signer) -> list[str]:
        """Sign what is not signed, or by another key; returns its titles."""
        wanting = self.unsigned(signer)
        for step, ref, digest in self.images():
            if step.title in wanting:
                signer.sign(ref, digest, step.signature)
        return sorted(wanting)

    def use(self) -> None:
        """Note that everything of the plan that is there was used just now, so that it is not collected."""
        for step in self.steps:
            if step.place.present:
                os.utime(step.place.directory / f"{step.place.key}.json")

    def collect(self) -> list[str]:
        """Remove builds that nothing has used for a while; returns <kind>/<name>/<key> of each."""
        current = {step.place.path for step in self.steps}
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8")
        removed = []
        for facts in sorted(self.root.glob("*/*/*.json")):
            path = facts.with_suffix("")
            kind = path.relative_to(self.root).parts[0]
            age = time.time() - facts.stat().st_mtime
            if path in current or age < UNUSED.get(kind, UNUSED_DEFAULT) or str(path) in mounts:
                continue
            remove(path)
            for beside in (facts, *path.parent.glob(f"{path.name}.*.cdx"), *map(path.with_suffix, (".sha256", ".log"))):
                beside.unlink(missing_ok=True)
            remove(path.with_suffix(".sig"))
            removed.append(str(path.relative_to(self.root)))
        return removed

    def drop_build_caches(self) -> bool:
        """Remove what only building needs, unless the file `keep` lies there or another build goes on."""
        if not self.build_directory.exists() or (self.build_directory / KEEP).exists():
            return False
        with held(self.build_directory / ".lock", alone=True) as alone:
            if alone:
                remove(self.build_directory)
        return alone

    def damage(self) -> list[str]:
        """Everything that is not as it was built, each named: files by their recorded sums, images by their digests."""
        found = []
        for step in self.chosen:
            if not step.place.present:
                found.append(f"{step.title}: is not built")
                continue
            wrong = Layout(step.place.path).damage() if step.item.kind == "image" else step.place.damage()
            found += [f"{step.title}: {line}" for line in wrong]
        return found


def _files(root: Path) -> Iterable[Path]:
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory, name)
            if path.is_file() and not path.is_symlink():
                yield path
