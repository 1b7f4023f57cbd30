"""An upgrade that upstream forbids is refused; one that was interrupted anywhere goes on where it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes import journal as journals
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.journal import (
    PHASES,
    Entry,
    Journal,
    JournalError,
    Phase,
)
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.upgrade import (
    Running,
    Version,
    opened,
    plan,
    refusals,
)

POOLS = ("control", "spot", "general")
V = Version.parse
OLD, NEW = V("1.36.3"), V("1.37.2")


def control(name: str, api: str, kubelet: str = "") -> Running:
    return Running(name, "control", V(kubelet or api), V(api))


def worker(name: str, kubelet: str, pool: str = "general") -> Running:
    return Running(name, pool, V(kubelet))


@dataclass(frozen=True)
class Skew:
    """Nodes, the version asked for, and the words of its refusal; none where it is allowed."""

    what: str
    nodes: tuple[Running, ...]
    wanted: str
    told: tuple[str, ...] = ()


SKEWS = (
    Skew("one patch", (control("c1", "1.37.1"), worker("w1", "1.37.1")), "1.37.2"),
    Skew("one minor", (control("c1", "1.36.3"), worker("w1", "1.36.3")), "1.37.2"),
    Skew("the same", (control("c1", "1.37.2"), worker("w1", "1.37.2")), "1.37.2"),
    Skew("half done", (control("c1", "1.37.2", "1.36.3"), control("c2", "1.36.3"), worker("w", "1.36.3")), "1.37.2"),
    Skew("kubelets three behind", (control("c1", "1.36.3"), worker("w1", "1.34.0")), "1.37.2"),
    Skew("two minors", (control("c1", "1.35.4"),), "1.37.2", ("skips a minor version: 1.35.4", "1.36 first")),
    Skew("the slowest counts", (control("c1", "1.36.3"), control("c2", "1.35.4")), "1.37.2", ("skips", "1.36 first")),
    Skew("another major", (control("c1", "1.36.3"),), "2.36.3", ("skips a minor version",)),
    Skew("back a minor", (control("c1", "1.37.2"),), "1.36.3", ("older than what runs (1.37.2)", "no way back")),
    Skew("back a patch", (control("c1", "1.37.2"),), "1.37.1", ("older than what runs (1.37.2)",)),
    Skew("back when half done", (control("c1", "1.36.3"), control("c2", "1.37.2")), "1.36.3", ("older than what",)),
    Skew("servers far apart", (control("c1", "1.35.4"), control("c2", "1.37.2")), "1.37.2", ("beside each", "replace")),
    Skew("newer kubelet", (control("c1", "1.36.3"), worker("w1", "1.37.2")), "1.37.2", ("w1 (1.37.2) is newer", "w1")),
    Skew("kubelets too old", (control("c1", "1.36.3"), worker("w1", "1.33.9")), "1.37.2", ("w1 (1.33.9)", "1.36.3")),
    Skew("no API server", (worker("w1", "1.36.3"),), "1.37.2", ("no API server", "site")),
    Skew("not ready", (control("c", "1.36.3"), replace(worker("w1", "1.36.3"), ready=False)), "1.37.2", ("node w1",)),
)


@pytest.mark.parametrize("skew", SKEWS, ids=lambda skew: skew.what)
def test_skew(skew: Skew) -> None:
    found = refusals(V(skew.wanted), skew.nodes, None)
    told = "\n".join(f"{one.variable}: {one.value}: {one.problem}: {one.remedy}" for one in found)
    assert bool(found) == bool(skew.told), told
    assert all(word in told for word in skew.told), told


def test_all_reasons_are_told_at_once() -> None:
    nodes = (control("c1", "1.35.4"), worker("w1", "1.36.3"), worker("w2", "1.33.0"))
    assert len(refusals(NEW, nodes, None)) == 3


@pytest.mark.parametrize("text", ["1.37", "1.37.2-rc.1", "latest", "", "1.37.2\n"])
def test_what_is_no_release(text: str) -> None:
    with pytest.raises(ValueError, match=r"as 1\.37\.2"):
        Version.parse(text)


CLUSTER = (
    worker("g1", "1.36.3"),
    worker("s2", "1.36.3", "spot"),
    control("c2", "1.36.3"),
    worker("s1", "1.36.3", "spot"),
    control("c1", "1.36.3"),
)
ORDER = [
    ("c1", "control_plane"),
    ("c2", "control_plane"),
    *((name, "kubelet") for name in ("c1", "c2", "s1", "s2", "g1")),
]


def test_order() -> None:
    assert [(step.node, step.work) for step in plan(NEW, CLUSTER, POOLS, None)] == ORDER
    assert plan(OLD, CLUSTER, POOLS, None) == []


def test_another_target_waits_until_the_first_is_reached() -> None:
    begun = Journal("1.37.1", nodes={"c1": Entry("1.36.3", False, "drained")})
    told = refusals(NEW, CLUSTER, begun)
    assert [one.remedy for one in told] == ["set it to 1.37.1 and run again; go on to 1.37.2 after that"]
    assert refusals(NEW, CLUSTER, replace(begun, done=True)) == []


def test_a_node_that_the_upgrade_itself_took_down_does_not_stop_it() -> None:
    nodes = [replace(node, ready=node.name != "s1") for node in CLUSTER]
    assert [one.variable for one in refusals(NEW, nodes, None)] == ["node s1"]
    assert refusals(NEW, nodes, Journal(str(NEW), nodes={"s1": Entry("1.36.3", False, "drained")})) == []


class KilledError(Exception):
    """Stands for what ends a play: a signal, a lost connection, a failed task."""


@dataclass
class Cluster:
    """Nodes whose versions and cordons change as the play's steps change them; each may be cut short."""

    nodes: dict[str, Running]
    path: Path
    left: int
    """Changes until it is killed; negative: never."""
    worked: list[tuple[str, str]]

    def act(self) -> None:
        if self.left == 0:
            raise KilledError
        self.left -= 1

    def change(self, node: str, **fields: Any) -> None:
        self.act()
        self.nodes[node] = replace(self.nodes[node], **fields)

    def note(self, node: str, phase: Phase) -> None:
        found = journals.read(self.path)
        assert found
        self.act()
        journals.write(self.path, found.noting(node, phase, 1))

    def upgrade(self) -> None:
        """The play's order of deeds and notes: each deed can be done twice, and none is done that upstream forbids."""
        found = journals.read(self.path)
        live = list(self.nodes.values())
        assert refusals(NEW, live, found) == []
        steps = plan(NEW, live, POOLS, found)
        self.act()
        journals.write(self.path, opened(NEW, steps, live, found))
        for step in steps:
            self.worked.append((step.node, step.work))
            if step.work == "control_plane":
                self.note(step.node, "begun")  # before the deed: an API server may be new before kubeadm is done
                self.change(step.node, api=NEW)
                self.note(step.node, "served")
                continue
            self.note(step.node, "drained")  # before the deed: whose cordon it is must be known
            self.change(step.node, cordoned=True)
            self.change(step.node, kubelet=NEW)
            assert refusals(NEW, list(self.nodes.values()), journals.read(self.path)) == []
            self.note(step.node, "raised")
            if step.uncordon:
                self.change(step.node, cordoned=False)
            self.note(step.node, "done")
        last = journals.read(self.path)
        assert last
        journals.write(self.path, last.finished())


DEEDS = 1 + 2 * 3 + 5 * 5 + 4
"""The journal; a control plane: two notes, kubeadm; a kubelet: three notes, drain, restart; four uncordons."""


@pytest.mark.parametrize("killed_after", range(DEEDS + 1))
def test_interrupted_anywhere_it_goes_on_at_that_node(tmp_path: Path, killed_after: int) -> None:
    nodes = {node.name: replace(node, cordoned=node.name == "s2") for node in CLUSTER}  # s2 is the administrator's
    cluster = Cluster(nodes, tmp_path / "upgrade.json", killed_after, [])
    if killed_after < DEEDS:
        with pytest.raises(KilledError):
            cluster.upgrade()
        at = len(cluster.worked) - 1
        cluster.left, cluster.worked = -1, []
        cluster.upgrade()
        assert cluster.worked == ORDER[max(at, 0) :]
    else:
        cluster.upgrade()
        assert cluster.worked == ORDER
    found = journals.read(cluster.path)
    assert {node.versions for node in cluster.nodes.values()} == {(NEW,)}
    assert [node.name for node in cluster.nodes.values() if node.cordoned] == ["s2"]
    assert found
    assert found.done
    assert {entry.before for entry in found.nodes.values()} == {"1.36.3"}
    assert plan(NEW, list(cluster.nodes.values()), POOLS, found) == []


def test_nodes_that_came_went_or_were_made_anew_meanwhile() -> None:
    found = Journal(str(NEW), nodes={name: Entry("1.36.3", False, "done", 9) for name in ("c1", "w1", "gone")})
    nodes = [control("c1", "1.37.2"), worker("w1", "1.36.3"), worker("w2", "1.36.3")]
    steps = plan(NEW, nodes, POOLS, found)
    assert [step.node for step in steps] == ["w1", "w2"]
    again = opened(NEW, steps, nodes, found)
    assert again.nodes == {
        "c1": Entry("1.36.3", False, "done", 9),
        "w1": Entry("1.36.3", False),
        "w2": Entry("1.36.3", False),
    }


def test_the_journal_survives_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "there" / "upgrade.json"
    assert journals.read(path) is None
    journal = Journal("1.37.2", "/var/lib/gantry/etcd.db", {"c1": Entry("1.36.3", True)}).noting("c1", "raised", 2.34)
    journals.write(path, journal)
    assert journals.read(path) == journal
    assert not list(path.parent.glob("*.new"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"target": "1"}',
        '{"target": "1", "nodes": {"a": {"before": "1", "cordoned": false, "phase": "x"}}}',
    ],
)
def test_a_journal_that_is_not_whole(tmp_path: Path, text: str) -> None:
    path = tmp_path / "upgrade.json"
    path.write_text(text)
    with pytest.raises(JournalError, match=r"upgrade\.json.*remove it"):
        journals.read(path)


def test_a_node_never_goes_back_and_seconds_add_up() -> None:
    journal = Journal("1", nodes={"a": Entry("1", False)})
    for phase in (*PHASES, "drained"):
        journal = journal.noting("a", phase, 1.5)
    assert (journal.nodes["a"].phase, journal.nodes["a"].seconds) == ("done", 9.0)


def test_it_is_not_done_before_every_node_is() -> None:
    journal = Journal("1", nodes={"a": Entry("1", False, "done"), "b": Entry("1", False, "raised")})
    with pytest.raises(ValueError, match="not upgraded yet: b"):
        journal.finished()
