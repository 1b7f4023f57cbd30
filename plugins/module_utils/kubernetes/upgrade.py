"""Raising a cluster's Kubernetes version: what upstream forbids, and in which order nodes are raised. Pure decisions.

The rules are those of https://kubernetes.io/releases/version-skew-policy/ and of ``kubeadm upgrade``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.journal import PHASES, Entry, Journal

VARIABLE = "platform_kubernetes_version"
Work = Literal["control_plane", "kubelet"]
KUBELET_LAG = 3
"""Minor versions that a kubelet may be older than an API server."""


@dataclass(frozen=True, order=True)
class Version:
    """A release of Kubernetes."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read 1.37.2 or v1.37.2. Raises ValueError for all else, pre-releases too, since kubeadm refuses them."""
        found = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", text)
        if not found:
            raise ValueError(f'"{text}" is no release of Kubernetes: give one as 1.37.2')
        return cls(*map(int, found.groups()))

    def ahead(self, other: Version) -> int:
        """Minor versions that this one is newer (negative: older). Another major version is never near."""
        return self.minor - other.minor + 1000 * (self.major - other.major)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True)
class Running:
    """A node as it runs: ``kubelet`` is what its kubelet reported, ``api`` what its own API server says, if it has one.

    ``ready`` is its condition; ``cordoned`` whether it takes no new pods.
    """

    name: str
    pool: str
    kubelet: Version
    api: Version | None = None
    ready: bool = True
    cordoned: bool = False

    @property
    def versions(self) -> tuple[Version, ...]:
        """What runs on it, the oldest first."""
        return tuple(sorted({self.kubelet, *([self.api] if self.api else [])}))


@dataclass(frozen=True)
class Step:
    """A piece of work on one node. The control plane's is done in place; for a kubelet the node is drained.

    ``before`` is the oldest that ran on it, ``uncordon`` whether it takes pods afterwards.
    """

    node: str
    pool: str
    work: Work
    before: str
    uncordon: bool


def refusals(wanted: Version, nodes: Sequence[Running], journal: Journal | None) -> list[Mistake]:
    """Why this cluster must not be raised to that version, all reasons at once; empty where it may be."""
    shown = f'"{wanted}"'
    servers = [node.api for node in nodes if node.api]
    if not servers:
        return [
            Mistake(VARIABLE, shown, "no API server of this cluster tells its version", "have site repair it first")
        ]
    if journal and not journal.done and journal.target != str(wanted):
        remedy = f"set it to {journal.target} and run again; go on to {wanted} after that"
        return [Mistake(VARIABLE, shown, f"an upgrade to {journal.target} was interrupted and is not finished", remedy)]
    return [
        *_of_control_planes(wanted, min(servers), max(servers)),
        *_of_kubelets(wanted, min(servers), nodes),
        *_of_readiness(nodes, journal),
    ]


def _of_control_planes(wanted: Version, oldest: Version, newest: Version) -> Iterator[Mistake]:
    shown = f'"{wanted}"'
    if newest.ahead(oldest) > 1:
        problem = f"API servers of {oldest} and of {newest} run beside each other, more than one minor version apart"
        yield Mistake(VARIABLE, shown, problem, f"replace the control planes that run {oldest}")
    if wanted < newest:
        yield Mistake(VARIABLE, shown, f"is older than what runs ({newest})", "keep what runs: there is no way back")
    elif wanted.ahead(oldest) > 1:
        remedy = f"upgrade to {oldest.major}.{oldest.minor + 1} first"
        yield Mistake(VARIABLE, shown, f"skips a minor version: {oldest} runs", remedy)


def _of_kubelets(wanted: Version, server: Version, nodes: Iterable[Running]) -> Iterator[Mistake]:
    for node in nodes:
        if node.kubelet.ahead(server) > 0:
            problem = f"the kubelet of {node.name} ({node.kubelet}) is newer than an API server ({server})"
            yield Mistake(VARIABLE, f'"{wanted}"', problem, f"make {node.name} anew (remediation/replace_machine)")
        elif wanted.ahead(node.kubelet) > KUBELET_LAG:
            problem = (
                f"the kubelet of {node.name} ({node.kubelet}) would be more than {KUBELET_LAG} minor versions older"
            )
            yield Mistake(VARIABLE, f'"{wanted}"', problem, f"upgrade {node.name} to {server} first")


def _of_readiness(nodes: Iterable[Running], journal: Journal | None) -> Iterator[Mistake]:
    begun = journal.at(*PHASES) if journal else set()
    for node in nodes:
        if not node.ready and node.name not in begun:
            remedy = "repair it (playbooks/site.yml) or replace it (remediation/replace_machine), then upgrade"
            yield Mistake(f"node {node.name}", "not ready", "an upgrade would take away what still runs", remedy)


def plan(wanted: Version, nodes: Sequence[Running], pools: Sequence[str], journal: Journal | None) -> list[Step]:
    """What is to be done, in order: every control plane, then the kubelets beside them, then workers pool by pool.

    No kubelet is raised before the last API server is, since upstream forbids that it talks to an older one.
    Where an interrupted upgrade stopped, work goes on: kubeadm is run again, a drained node comes first among its like.
    """
    half = journal.at("begun") if journal else set()
    drained = journal.at("drained", "raised") if journal else set()

    def step(node: Running, work: Work) -> Step:
        noted = journal.nodes.get(node.name) if journal and not journal.done else None
        before = noted.before if noted else str(node.versions[0])
        return Step(node.name, node.pool, work, before, not (noted.cordoned if noted else node.cordoned))

    def place(node: Running) -> tuple[bool, int, bool, str]:
        pool = pools.index(node.pool) if node.pool in pools else len(pools)
        return node.api is None, pool if node.api is None else 0, node.name not in drained, node.name

    servers = sorted((node for node in nodes if node.api), key=lambda one: (one.name not in half, one.name))
    return [
        *(step(node, "control_plane") for node in servers if node.api != wanted or node.name in half),
        *(step(node, "kubelet") for node in sorted(nodes, key=place) if node.kubelet != wanted or node.name in drained),
    ]


def opened(wanted: Version, steps: Sequence[Step], nodes: Iterable[Running], journal: Journal | None) -> Journal:
    """The journal that these steps are noted in: a new one, or the interrupted one with the nodes as they now are.

    A node that went is left out; one that came, or was made anew after it was done, is noted from its start.
    """
    fresh = {step.node: Entry(step.before, not step.uncordon) for step in steps}
    if journal is None or journal.done:
        return Journal(str(wanted), nodes=fresh)
    live = {node.name for node in nodes}
    kept = {
        name: entry
        for name, entry in journal.nodes.items()
        if name in live and not (entry.phase == "done" and name in fresh)
    }
    return replace(journal, nodes={**fresh, **kept})
