# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Builds the bundle artifact by artifact and shows each as it starts, while it takes long, and as it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from ansible.utils.display import Display
from ansible_collections.gantry.platform.plugins.modules import bundle as module
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereBase

BEAT = 30
"""Seconds between two signs of life of one build."""
display = Display()


class ActionModule(HereBase):
    """Looks here whether something is missing; the module builds it, once for each artifact."""

    _supports_async = False

    MODULE: ClassVar[ModuleType] = module

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's own result; `built` holds what all its runs built."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        options = dict(self._task.args)
        present = options.get("state", "present") == "present" and not options.get("artifact")
        steps = present and not self._task.check_mode
        result |= self.do({**options, "defer": True}, task_vars) if present else self._module(options, task_vars)
        if not steps or result.get("failed") or not result["missing"]:
            return result
        plan, built = result, []
        for number, step in enumerate(plan["missing"], plan["total"] - len(plan["missing"]) + 1):
            label = f"{number}/{plan['total']} {step['title']}"
            with _shown(label, step["log"]):
                result = self._module({**options, "artifact": step["id"]}, task_vars)
            if result.get("failed"):
                return result | {"msg": f"{label}: {result.get('msg')}"}
            built += result["built"]
            for note in (note for made in result["built"] for note in made["notes"]):
                display.warning(f"{step['title']}: {note}")
        result = self._module(options, task_vars)
        return result if result.get("failed") else result | {"changed": True, "built": built, "diff": plan["diff"]}

    def _module(self, options: dict[str, Any], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        return dict(self._execute_module("gantry.platform.bundle", module_args=options, task_vars=task_vars))


@contextmanager
def _shown(label: str, log: str) -> Iterator[None]:
    """Show that a build starts, that it still runs, and that it ended, with the seconds so far."""
    home = str(Path.home())
    started, done = time.monotonic(), threading.Event()

    def seconds() -> str:
        return f"{time.monotonic() - started:.0f} s"

    def beat() -> None:
        while not done.wait(BEAT):
            display.display(f"bundle {label}: {seconds()}")

    display.display(f"bundle {label}, log {log.replace(home, '~', 1)}")
    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        display.display(f"bundle {label}: {seconds()}, over")
