# -*- coding: utf-8 -*-
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE or https://www.apache.org/licenses/LICENSE-2.0)
"""What one run of a release is about: who asks, for what, and what is known so far."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from ansible_collections.gantry.platform.plugins.module_utils.release import applyset
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Catalogue, Kind
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import Ref, Stated
from ansible_collections.gantry.platform.plugins.module_utils.release.readiness import Condition
from ansible_collections.gantry.platform.plugins.module_utils.release.report import Report
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import Patience
from ansible_collections.gantry.platform.plugins.module_utils.release.waiter import Target, Waiter

VERSION = "0.1.0"
"""Version of the tool in the parent's annotation; it changes with the meaning of the labels only."""

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
    concurrency: int = 16
    field_manager: str = "k8s_release"
    delete_data: bool = False
    successor: str = ""
    predecessor: str = ""
    drift: bool = False
    """Whether what others changed is looked for, and taken from them."""
    check: bool = False
    policies: tuple[dict[str, Any], ...] = ()
    """By which the objects are judged before the first of them is applied."""
    gator: str = ""
    """Path of the program that judges."""
    conditions: tuple[Condition, ...] = ()
    patience: Patience = field(default_factory=Patience)

    @property
    def parent(self) -> str:
        """Name of the release's parent object."""
        return applyset.parent_name(self.name, self.namespace)

    @cached_property
    def id(self) -> str:
        """The id that members carry as a label."""
        return applyset.set_id(self.parent)


@dataclass
class Run:
    """One run against one API server."""

    client: Client
    settings: Settings
    pool: ThreadPoolExecutor
    report: Report
    catalogue: Catalogue = field(default_factory=Catalogue)
    kinds: dict[tuple[str, str], Kind] = field(default_factory=dict)
    """Kinds of the stated objects by API version and name, also those that the release is about to bring."""
    live: dict[Ref, dict[str, Any]] = field(default_factory=dict)
    """Every live object that was read or written."""
    members: dict[Ref, Target] = field(default_factory=dict)
    """Those that were applied as part of the release before."""

    def __post_init__(self) -> None:
        settings = self.settings
        self.selector = f"{applyset.MEMBER}={settings.id}"
        self.waiter = Waiter(self.client, settings.wait_timeout, self.selector, settings.conditions, settings.patience)

    def kind(self, one: Stated) -> Kind | None:
        """The kind of an object, None while it is not known."""
        return self.kinds.get((one.api_version, one.kind))

    def path(self, one: Stated) -> str:
        """The URL path of an object whose kind is known."""
        return self.kinds[one.api_version, one.kind].path(one.namespace, one.name)

    def target(self, one: Stated) -> Target:
        """An object whose kind is known, to be waited for."""
        return Target(one.ref, self.kinds[one.api_version, one.kind], self.live.get(one.ref))

    def forget(self, ref: Ref) -> None:
        """Take an object for gone; a namespace with all that was in it."""
        inside = [other for other in self.live if ref.kind == "Namespace" and other.namespace == ref.name]
        for other in (ref, *inside):
            self.live.pop(other, None)

    def at_once(
        self, work: Callable[[Item], Answer], items: Iterable[Item]
    ) -> Iterator[tuple[Item, Answer | ReleaseError]]:
        """Do the work on all items in parallel; yields each, in order, with its answer or its error."""
        for item, future in [(item, self.pool.submit(work, item)) for item in items]:
            try:
                yield item, future.result()
            except ReleaseError as error:
                yield item, error
