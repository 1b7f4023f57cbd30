"""What an upgrade did so far, on disk: an interrupted one goes on at the node where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

Phase = Literal["begun", "served", "drained", "raised", "done"]
PHASES: tuple[Phase, ...] = get_args(Phase)
"""kubeadm began on a control plane, and ended there; then, as on a worker, a node is asked to give up its pods, runs
the new kubelet, and in the end is ready and takes pods as before."""


JOURNAL = "upgrade.json"
"""Name of the file in the environment's record on this host."""


class JournalError(Exception):
    """The journal cannot be read. The message names the file, and the remedy."""


@dataclass(frozen=True)
class Entry:
    """A node: its version before, whether it was cordoned before, how far it is, seconds that it took."""

    before: str
    cordoned: bool
    phase: Phase | None = None
    seconds: float = 0.0

    @property
    def begun(self) -> bool:
        return self.phase is not None


@dataclass(frozen=True)
class Journal:
    """An upgrade to ``target``; ``snapshot`` is etcd's state before it, a path on the first control plane."""

    target: str
    snapshot: str = ""
    nodes: Mapping[str, Entry] = field(default_factory=dict)
    done: bool = False

    def at(self, *phases: Phase) -> set[str]:
        """Nodes that an upgrade which is not finished left at one of these phases."""
        return set() if self.done else {name for name, entry in self.nodes.items() if entry.phase in phases}

    def noting(self, node: str, phase: Phase, seconds: float) -> Journal:
        """With a node having reached a phase after so many more seconds. A node never goes back a phase."""
        entry = self.nodes[node]
        if entry.phase and PHASES.index(phase) < PHASES.index(entry.phase):
            phase = entry.phase
        noted = replace(entry, phase=phase, seconds=round(entry.seconds + seconds, 1))
        return replace(self, nodes={**self.nodes, node: noted})

    def finished(self) -> Journal:
        """As done. Raises ValueError where a node is not."""
        if open_nodes := sorted(name for name, entry in self.nodes.items() if entry.phase != "done"):
            raise ValueError(f"not upgraded yet: {', '.join(open_nodes)}")
        return replace(self, done=True)


def read(path: Path) -> Journal | None:
    """The journal in a file; None where there is none. Raises JournalError for one that is not whole."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        nodes = {str(name): Entry(**entry) for name, entry in found.pop("nodes").items()}
        journal = Journal(nodes=nodes, **found)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise JournalError(f"{path}: no journal of an upgrade ({error}); remove it, the next run looks anew") from error
    if unknown := {entry.phase for entry in nodes.values()} - {None, *PHASES}:
        raise JournalError(f"{path}: unknown phase {unknown.pop()!r}; remove it, the next run looks anew")
    return journal


def write(path: Path, journal: Journal) -> None:
    """Write it, whole or not at all, also where the power goes."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8") as file:
        json.dump(asdict(journal), file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
