# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""Applies, waits for, prunes and removes a release: the order of steps, each of which is a file of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeVar

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import (
    ApiError,
    ReleaseError,
    Unreachable,
    explain,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.inventory import Inventory
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Catalogue, Kind, discover
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import (
    DEFINITIONS,
    WEBHOOKS,
    Ref,
    Stated,
    duplicates,
    prepare,
    rank,
    without_nulls,
)
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import Condition
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Outcome, Report, content, ownership
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import Patience
from ansible_collections.gantry.platform.plugins.module_utils.release.unchanged import is_unchanged
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target, Waiter

KIND_SECONDS = 30.0
"""How long a later wave waits for a kind that an earlier one brings (made by a controller, not by a CRD of the release)."""
TOLD = 10
"""Errors told one by one."""

Object = dict[str, Any]
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Settings:
    """What the caller asks for; see the module's documentation."""

    name: str
    namespace: str = ""
    prune: bool = False
    wait: bool = True
    wait_timeout: float = 300.0
    force_conflicts: bool = False
    concurrency: int = 8
    field_manager: str = "k8s_release"
    delete_data: bool = False
    check: bool = False
    version: str = "0.1.0"
    conditions: tuple[Condition, ...] = ()
    patience: Patience = field(default_factory=Patience)


class ReleaseFailed(ReleaseError):
    """The release did not come about; ``report`` tells how far it came."""

    def __init__(self, message: str, report: Report) -> None:
        super().__init__(message)
        self.report = report


class Release:
    """One release on one API server. Each instance runs once."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._parent = applyset.parent_name(settings.name, settings.namespace)
        self._id = applyset.set_id(self._parent)
        self._report = Report()
        self._total = 0
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._waiter = Waiter(
            client, settings.wait_timeout, f"{applyset.MEMBER}={self._id}", settings.conditions, settings.patience
        )

    # -- verbs -------------------------------------------------------------------------------------------------------

    def present(self, documents: Iterable[tuple[str, Any]]) -> Report:
        """Apply the objects, wait for them, and prune what left the release.

        :raises ReleaseFailed: With the report of what was done.
        """
        with self._failing(), ThreadPoolExecutor(self._settings.concurrency) as pool:
            with self._report.phase("discover"):
                stated = prepare(documents)
                self._total = len(stated)
                catalogue = discover(self._client)
                later = self._resolve(stated, catalogue)
            inventory = Inventory(self._client, pool, catalogue, f"{applyset.MEMBER}={self._id}")
            with self._report.phase("list"):
                parent = self._live_parent(catalogue)
                held = applyset.contents(parent)
                inventory.read(
                    [one for one in stated if one not in later],
                    self._kinds,
                    held if self._settings.prune else applyset.Contents(),
                )
            self._apply_all(stated, later, inventory, pool, parent, catalogue)
            with self._report.phase("wait"):
                self._wait(stated, inventory)
            with self._report.phase("prune"):
                left = self._prune(stated, inventory, pool) if self._settings.prune else held
            self._write_parent(self._held(stated) | left)
        return self._report

    def absent(self, documents: Iterable[tuple[str, Any]] = ()) -> Report:
        """Delete all members, last applied first, and the parent; namespaces and CRDs only where told so."""
        with self._failing(), ThreadPoolExecutor(self._settings.concurrency) as pool:
            with self._report.phase("discover"):
                stated = prepare(documents)
                catalogue = discover(self._client)
            inventory = Inventory(self._client, pool, catalogue, f"{applyset.MEMBER}={self._id}")
            with self._report.phase("list"):
                parent = self._live_parent(catalogue)
                known = {kind for one in stated if (kind := catalogue.find(one.api_version, one.kind))}
                inventory.read_all(known, applyset.contents(parent))
            with self._report.phase("delete"):
                self._delete(inventory.members.values(), inventory, pool, "deleted")
                if parent:
                    self._delete_one(
                        Target(Ref(applyset.PARENT.group, "Release", "", self._parent), applyset.PARENT, parent),
                        "deleted",
                    )
        return self._report

    # -- what is to be applied ---------------------------------------------------------------------------------------

    def _resolve(self, stated: list[Stated], catalogue: Catalogue) -> list[Stated]:
        """Find each object's kind; returns those whose kind an earlier wave has yet to bring."""
        for one in stated:
            if one.kind == "CustomResourceDefinition":
                for kind in _defined(one.desired):
                    self._kinds.setdefault((kind.api_version, kind.name), kind)
        first = min((one.wave for one in stated), default=0)
        later, mistakes = [], []
        for one in stated:
            try:
                if not self._settle(one, catalogue):
                    later.append(one)
                    if one.wave == first:
                        raise catalogue.unknown(one.api_version, one.kind)
            except ReleaseError as error:
                mistakes.append(f"{one.origin}: {one.ref}: {error}")
        mistakes += duplicates(stated)
        if mistakes:
            raise ReleaseError(
                "The release's objects are not right:\n" + "\n".join(f"- {mistake}" for mistake in mistakes)
            )
        return later

    def _settle(self, one: Stated, catalogue: Catalogue) -> bool:
        """Give an object its namespace and its membership; returns whether its kind is known by now."""
        key = (one.api_version, one.kind)
        kind = catalogue.find(*key) or self._kinds.get(key)
        if not kind:
            return False
        self._kinds[key] = kind
        metadata = one.desired["metadata"]
        if not kind.namespaced:
            metadata.pop("namespace", None)
        elif not metadata.get("namespace"):
            if not self._settings.namespace:
                raise ReleaseError("it has no namespace. Set metadata.namespace, or the module's namespace")
            metadata["namespace"] = self._settings.namespace
        if kind.has_status:
            one.desired.pop("status", None)
        if kind.builtin:
            one.desired = without_nulls(one.desired)
        one.desired["metadata"]["labels"] = {**(one.desired["metadata"].get("labels") or {}), applyset.MEMBER: self._id}
        return True

    def _kind(self, one: Stated) -> Kind:
        return self._kinds[one.api_version, one.kind]

    # -- applying ----------------------------------------------------------------------------------------------------

    def _apply_all(
        self,
        stated: list[Stated],
        later: list[Stated],
        inventory: Inventory,
        pool: ThreadPoolExecutor,
        parent: Object | None,
        catalogue: Catalogue,
    ) -> None:
        """Apply wave by wave; a later wave begins when what it stands on is there."""
        self._known_parent = parent
        ordered = sorted(stated, key=lambda one: one.rank)
        wave = ordered[0].wave if ordered else 0
        prepared = False
        for (number, order), members in groupby(ordered, key=lambda one: one.rank):
            batch = list(members)
            if number > wave and not self._settings.check:
                with self._report.phase("wait"):
                    self._wait([one for one in stated if one.wave < number], inventory, always=True)
                wave = number
            self._settle_later([one for one in batch if one in later], inventory, catalogue)
            todo = [one for one in batch if not self._note_unchanged(one, inventory)]
            if not todo:
                continue
            if not prepared:  # before the first write, so that an interrupted run loses no object
                with self._report.phase("apply"):
                    self._write_parent(applyset.contents(parent) | self._held(stated), catalogue)
                prepared = True
            if order == rank(WEBHOOKS[0]) and not self._settings.check:
                with self._report.phase("wait"):
                    self._waiter.serving(sorted({service for one in todo for service in _served_by(one.desired)}))
            with self._report.phase("apply"):
                self._apply(todo, inventory, pool)
            if order == rank(DEFINITIONS[0]) and not self._settings.check:
                with self._report.phase("wait"):
                    self._wait(todo, inventory, always=True)

    def _settle_later(self, batch: list[Stated], inventory: Inventory, catalogue: Catalogue) -> None:
        """Wait for kinds that an earlier wave brings, then read their live objects."""
        deadline = time.monotonic() + (0 if self._settings.check else KIND_SECONDS)
        with self._report.phase("wait"):
            while missing := [one for one in batch if not self._settle(one, catalogue)]:
                if time.monotonic() > deadline:
                    if self._settings.check:
                        break
                    raise catalogue.unknown(missing[0].api_version, missing[0].kind)
                time.sleep(0.5)
                catalogue = discover(self._client)
        known = [one for one in batch if (one.api_version, one.kind) in self._kinds]
        if known:
            with self._report.phase("list"):
                inventory.read(known, self._kinds, applyset.Contents())

    def _note_unchanged(self, one: Stated, inventory: Inventory) -> bool:
        live = inventory.live.get(one.ref)
        kind = self._kinds.get((one.api_version, one.kind))
        if not live or not kind or not is_unchanged(one.desired, live, self._settings.field_manager, kind.builtin):
            return False
        self._report.add(Outcome(one.ref, one.api_version, "unchanged", live, live))
        return True

    def _apply(self, batch: list[Stated], inventory: Inventory, pool: ThreadPoolExecutor) -> None:
        """Apply a batch in parallel. All that can be applied is; then all refusals are told."""
        refusals: list[str] = []
        gone = ""
        for one, answer in _parallel(pool, lambda one: self._apply_one(one, inventory), batch):
            if isinstance(answer, Outcome):
                self._report.add(answer)
                if answer.after:
                    inventory.live[one.ref] = answer.after
                continue
            message = explain(answer) if isinstance(answer, ApiError) else str(answer)
            self._report.add(Outcome(one.ref, one.api_version, "failed", error=message))
            if isinstance(answer, Unreachable):
                gone = message
            else:
                refusals.append(f"{one.ref}: {message}")
        if gone:
            raise ReleaseError(gone)
        if refusals:
            more = [f"and {len(refusals) - TOLD} more"] if len(refusals) > TOLD else []
            raise ReleaseError("\n".join(f"- {line}" for line in [*refusals[:TOLD], *more]))

    def _apply_one(self, one: Stated, inventory: Inventory) -> Outcome:
        settings, before = self._settings, inventory.live.get(one.ref)
        if (one.api_version, one.kind) not in self._kinds:  # only in check mode: its kind is yet to come
            return Outcome(one.ref, one.api_version, "created", None, one.desired)
        if before:
            other = applyset.member_of(before)
            if other not in ("", self._id) and not settings.force_conflicts:
                raise ReleaseError(
                    f"it belongs to another release ({other}). Remove it there first, or set force_conflicts: true to take it over"
                )
            if before["metadata"].get("deletionTimestamp") and not settings.check:
                self._waiter.gone([Target(one.ref, self._kind(one), before)])
                before = None
        query = {
            "fieldManager": settings.field_manager,
            "fieldValidation": "Strict",
            "force": str(settings.force_conflicts).lower(),
            **({"dryRun": "All"} if settings.check else {}),
        }
        path = self._kind(one).path(one.namespace, one.name)
        try:
            status, after = self._patch(
                path, query, one.desired, patient=(one.api_version, one.kind) in self._brought()
            )
        except ApiError as error:
            if settings.check and error.status == 404 and self._comes_with_release(one, inventory):
                return Outcome(one.ref, one.api_version, "created", None, one.desired)
            raise
        if status == 201 or before is None:
            return Outcome(one.ref, one.api_version, "created", None, after)
        same = (
            before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion") and not settings.check
        )
        if settings.check:
            same = content(before) == content(after) and ownership(before) == ownership(after)
        return Outcome(one.ref, one.api_version, "unchanged" if same else "configured", before, after)

    def _patch(self, path: str, query: dict[str, str], desired: Object, patient: bool) -> tuple[int, Object]:
        """Apply one object. Of a kind that the release itself brings, the path may take a moment to be served."""
        deadline = time.monotonic() + (5.0 if patient and not self._settings.check else 0.0)
        while True:
            try:
                return self._client.request("PATCH", path, query, desired, APPLY)
            except ApiError as error:
                if (
                    error.status != 404
                    or "could not find the requested resource" not in str(error)
                    or time.monotonic() > deadline
                ):
                    raise
                time.sleep(0.1)

    def _brought(self) -> set[tuple[str, str]]:
        return {key for key, kind in self._kinds.items() if not kind.builtin}

    def _comes_with_release(self, one: Stated, inventory: Inventory) -> bool:
        """Whether a dry run's 404 is only due to a namespace or a CRD that the release would have made before."""
        made = {outcome.ref for outcome in self._report.outcomes.values() if outcome.result == "created"}
        names = {ref.name for ref in made if ref.kind == "CustomResourceDefinition"}
        return (
            Ref("", "Namespace", "", one.namespace) in made
            or f"{self._kind(one).plural}.{self._kind(one).group}" in names
        )

    # -- waiting -----------------------------------------------------------------------------------------------------

    def _wait(self, stated: list[Stated], inventory: Inventory, always: bool = False) -> None:
        if self._settings.check or not (self._settings.wait or always):
            return
        self._waiter.ready(Target(one.ref, self._kind(one), inventory.live.get(one.ref)) for one in stated)

    # -- pruning and deleting ----------------------------------------------------------------------------------------

    def _prune(self, stated: list[Stated], inventory: Inventory, pool: ThreadPoolExecutor) -> applyset.Contents:
        """Delete members that left the release; returns what stays behind of them."""
        refs = {one.ref for one in stated}
        return self._delete(
            [target for ref, target in inventory.members.items() if ref not in refs], inventory, pool, "pruned"
        )

    def _delete(
        self, targets: Iterable[Target], inventory: Inventory, pool: ThreadPoolExecutor, result: str
    ) -> applyset.Contents:
        """Delete in the reverse order of applying; custom objects first, while their controllers still run."""
        kept = applyset.Contents()
        for _, group in groupby(sorted(targets, key=_undoing), key=_undoing):
            batch = []
            for target in group:
                if target.ref.kind in (*DEFINITIONS, "PersistentVolumeClaim") and not self._settings.delete_data:
                    self._report.add(Outcome(target.ref, target.kind.api_version, "kept", target.live, target.live))
                    kept |= applyset.Contents(
                        frozenset({target.kind.group_kind}), frozenset({target.ref.namespace} - {""})
                    )
                else:
                    batch.append(target)
            for target, answer in _parallel(pool, lambda target: self._delete_one(target, result), batch):
                if isinstance(answer, Exception):
                    raise ReleaseError(
                        f"{target.ref} cannot be deleted: {explain(answer) if isinstance(answer, ApiError) else answer}"
                    )
            if self._settings.wait and not self._settings.check:
                self._waiter.gone(batch)
        return kept

    def _delete_one(self, target: Target, result: str) -> None:
        body = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Background",
            "preconditions": {"uid": ((target.live or {}).get("metadata") or {}).get("uid")},
            **({"dryRun": ["All"]} if self._settings.check else {}),
        }
        try:
            self._client.request("DELETE", target.kind.path(target.ref.namespace, target.ref.name), body=body)
        except ApiError as error:
            if error.status != 404:
                raise
        self._report.add(Outcome(target.ref, target.kind.api_version, result, target.live, None))

    # -- the parent --------------------------------------------------------------------------------------------------

    def _held(self, stated: Iterable[Stated]) -> applyset.Contents:
        kinds = {kind.group_kind for one in stated if (kind := self._kinds.get((one.api_version, one.kind)))}
        return applyset.Contents(frozenset(kinds), frozenset(one.namespace for one in stated if one.namespace))

    def _live_parent(self, catalogue: Catalogue) -> Object | None:
        self._parent_served = catalogue.find(applyset.PARENT.api_version, applyset.PARENT.name) is not None
        return self._client.find(applyset.PARENT.path(name=self._parent)) if self._parent_served else None

    def _write_parent(self, held: applyset.Contents, catalogue: Catalogue | None = None) -> None:
        """Write the parent if it does not say this already; its CRD comes first where the cluster does not know it."""
        live, ref = self._known_parent, Ref(applyset.PARENT.group, applyset.PARENT.name, "", self._parent)
        desired = applyset.parent(self._settings.name, self._settings.namespace, held, self._settings.version)
        if live and is_unchanged(desired, live, self._settings.field_manager, builtin=False):
            return
        query = {"fieldManager": self._settings.field_manager, "force": "true"}
        result = "configured" if live else "created"
        if not self._settings.check:
            if not self._parent_served:
                self._define_parent(query)
            status, self._known_parent = self._patch(
                applyset.PARENT.path(name=self._parent), query, desired, patient=True
            )
            result = "created" if status == 201 else "configured"
        else:
            self._known_parent = {
                **desired,
                "metadata": {
                    **desired["metadata"],
                    "managedFields": (live or {}).get("metadata", {}).get("managedFields", []),
                },
            }
        earlier = self._report.outcomes.get(ref)
        if not earlier:
            self._report.add(Outcome(ref, applyset.PARENT.api_version, result, live, self._known_parent))

    def _define_parent(self, query: dict[str, str]) -> None:
        kind = Kind(
            "apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions", namespaced=False
        )
        name = applyset.PARENT_CRD["metadata"]["name"]
        _, live = self._client.request("PATCH", kind.path(name=name), query, applyset.PARENT_CRD, APPLY)
        target = Target(Ref(kind.group, kind.name, "", name), kind, live)
        Waiter(self._client, self._settings.wait_timeout, f"{applyset.IS_PARENT}=true").ready([target])
        self._parent_served = True

    # -- failing -----------------------------------------------------------------------------------------------------

    def _failing(self) -> _Failing:
        return _Failing(self)

    def failed(self, error: ReleaseError) -> ReleaseFailed:
        """The error with how far the release came."""
        text = explain(error) if isinstance(error, ApiError) else str(error)
        if isinstance(error, ApiError):
            text = f"{error.request}: {text}"
        missing = max(
            0,
            self._total
            - sum(
                1
                for outcome in self._report.outcomes.values()
                if outcome.result != "failed" and outcome.ref.kind != "Release"
            ),
        )
        progress = (
            f"\n{self._report.progress(self._total)}; {missing} are not. Run again to finish"
            if self._total and self._report.changed and missing
            else ""
        )
        return ReleaseFailed(f"Release {self._parent}: {text}{progress}", self._report)


class _Failing:
    """Turns any error of a release into one that carries its report."""

    def __init__(self, release: Release) -> None:
        self._release = release

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ReleaseError) and not isinstance(error, ReleaseFailed):
            raise self._release.failed(error) from error


def _parallel(
    pool: ThreadPoolExecutor, work: Callable[[Item], Answer], items: Iterable[Item]
) -> Iterator[tuple[Item, Answer | ReleaseError]]:
    """Do the work on all items at once; yields each with its answer or its error."""
    futures = [(item, pool.submit(work, item)) for item in items]
    for item, future in futures:
        try:
            yield item, future.result()
        except ReleaseError as error:
            yield item, error


def _undoing(target: Target) -> tuple[int, bool]:
    """The reverse order of applying; among the bulk of objects custom ones come first."""
    return -rank(target.ref.kind), target.kind.builtin


def _defined(definition: Object) -> Iterator[Kind]:
    """The kinds that a CRD brings."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    for version in spec.get("versions") or []:
        if version.get("served"):
            yield Kind(
                group=str(spec.get("group")),
                version=str(version.get("name")),
                name=str(names.get("kind")),
                plural=str(names.get("plural")),
                namespaced=spec.get("scope") == "Namespaced",
                has_status="status" in (version.get("subresources") or {}),
            )


def _served_by(configuration: Object) -> Iterator[Ref]:
    """The services that answer a webhook configuration's calls."""
    for webhook in configuration.get("webhooks") or []:
        service = (webhook.get("clientConfig") or {}).get("service")
        if service:
            yield Ref("", "Service", str(service.get("namespace")), str(service.get("name")))
