"""Taking steps: each is told in words, and taken unless this is check mode."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError

Step = Callable[[], object]


@dataclass
class Outcome:
    """What a call found and did; check means look only.

    machines and surplus are as returned, actions in words, before and after for the diff.
    """

    check: bool = False
    machines: list[dict[str, Any]] = field(default_factory=list)
    surplus: list[dict[str, Any]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)

    def do(self, needed: bool, words: str, step: Step) -> None:
        """Take a step now, if it is needed."""
        if needed:
            self.actions.append(words)
            if not self.check:
                step()

    def do_each(self, steps: Iterable[tuple[str, Step]]) -> None:
        """Take steps side by side, (words, step) each; all are taken before the first error is raised."""
        todo = list(steps)
        self.actions += [words for words, _ in todo]
        if todo and not self.check:
            with ThreadPoolExecutor(max_workers=16) as pool:
                futures = [pool.submit(step) for _, step in todo]
            errors = [error for future in futures if (error := future.exception())]
            if errors:
                raise MachinesError("; ".join(str(error) for error in errors)) from errors[0]
