# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Ends a playbook that asks for it with what there is now, how long it took, and what to do next."""

from __future__ import annotations

DOCUMENTATION = """
name: recap
type: aggregate
short_description: Says where everything is, how long each stage took, and what to do next
description:
  - Speaks only in playbooks that have a play named C(Recap), such as C(playbooks/site.yml); it is silent in all others.
  - That play hands over what there is to say with M(ansible.builtin.set_stats), under the key C(platform_recap),
    a dictionary of C(environment), C(systems), C(places) (name to path) and C(next) (what to do to the command for it;
    one without a command is left out).
  - A system has an C(address), and maybe a C(user), a C(password) (the path of the file that it lies in) and its place
    in the C(order).
  - Roles add the systems that they raise in the same way; what is given under one key is merged.
  - A play's stage is its name up to C( | ). A task's time is that until the next task begins.
  - After a failure it says what failed, where, and the command to go on with.
requirements:
  - Enabled in C(callbacks_enabled) of C(ansible.cfg).
"""

import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible import constants as C  # noqa: N812
from ansible.plugins.callback import CallbackBase

SLOWEST = 5
WIDTH = 24
NAME = 72
"""Characters of a bar at most, and of a name."""


@dataclass
class Timed:
    """Something that took a while. `seconds`: wall time."""

    name: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Failure:
    """A task that ended the play of a host."""

    stage: str
    task: str
    host: str
    message: str


class Clock:
    """Adds up wall time by stage and by task: what runs now takes all time until something else begins."""

    def __init__(self, now: float) -> None:
        self.stages: list[Timed] = []
        self.tasks: list[Timed] = []
        self.started = self._mark = now

    def stage(self, name: str, now: float) -> None:
        """A play begins; one of the same stage goes on with it."""
        self._credit(now)
        if not self.stages or self.stages[-1].name != name:
            self.stages.append(Timed(name))
        self.tasks.append(Timed(""))

    def task(self, name: str, now: float) -> None:
        """A task begins."""
        self._credit(now)
        self.tasks.append(Timed(name))

    def stop(self, now: float) -> None:
        """The end."""
        self._credit(now)

    def _credit(self, now: float) -> None:
        for running in (self.stages, self.tasks):
            if running:
                running[-1].seconds += now - self._mark
        self._mark = now

    def slowest(self, count: int = SLOWEST) -> list[Timed]:
        """Tasks from a second on, the slowest first."""
        named = [task for task in self.tasks if task.name and task.seconds >= 1]
        return sorted(named, key=lambda task: -task.seconds)[:count]


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 05 s`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of as many cells each, one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _systems(systems: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """One line a system: where it answers, as whom to come, and where the password lies; by `order` (50), then name."""
    rows = [
        (name, str(system["address"]), str(system.get("user") or "-"), str(system.get("password") or "-"))
        for name, system in sorted(systems.items(), key=lambda item: (int(item[1].get("order", 50)), item[0]))
        if system.get("address")
    ]
    return _columns([("System", "Address", "User", "Password lies in"), *rows]) if rows else []


def _bars(rows: Sequence[Timed]) -> list[str]:
    longest = max((row.seconds for row in rows), default=0) or 1
    width = min(NAME, max((len(row.name) for row in rows), default=0))
    lines = []
    for row in rows:
        bar = "▇" * round(WIDTH * row.seconds / longest)
        lines.append(f"  {row.name[:NAME]:<{width}}  {duration(row.seconds):>12}  {bar}".rstrip())
    return lines


def success(data: Mapping[str, Any], clock: Clock, check: bool) -> list[str]:
    """The lines after all went well."""
    total = duration(sum(stage.seconds for stage in clock.stages))
    lines = [f"Environment {data.get('environment', '')}: " + ("checked in" if check else "ready in") + f" {total}", ""]
    if systems := _systems(data.get("systems", {})):
        lines += ["Addresses", *systems, ""]
    if places := data.get("places", {}):
        lines += ["Places", *_columns([(str(name), str(path)) for name, path in places.items()]), ""]
    lines += _times(clock)
    steps = [(str(what), str(command)) for what, command in data.get("next", {}).items() if command]
    if steps:
        lines += ["", "Next", *_columns(steps)]
    return lines


def failed(failures: Sequence[Failure], clock: Clock, command: str) -> list[str]:
    """The lines after a failure."""
    lines = [f"Stopped after {duration(sum(stage.seconds for stage in clock.stages))}", ""]
    for failure in failures:
        head, *rest = [line for line in failure.message.splitlines() if line.strip()] or ["(no message)"]
        lines.append(f"  {failure.stage} › {failure.task} (on {failure.host})")
        lines += [f"    {line}" for line in [head, *rest[:11]]]
        if len(rest) > 11:
            lines.append(f"    … {len(rest) - 11} more lines above")
    lines += ["", *_times(clock), "", "Next"]
    lines += _columns([("Mend the cause, then go on where it stopped", command), ("See more of it", f"{command} -vvv")])
    return lines


def again(arguments: Sequence[str]) -> str:
    """The command of this run, without the values of extra variables, which may be secrets."""
    shown, hide = [], False
    for argument in arguments:
        name, given, _ = argument.partition("=")
        if hide and not argument.startswith("@"):
            shown.append("…")
        elif name == "--extra-vars" and given:
            shown.append("--extra-vars=…")
        else:
            shown.append(shlex.quote(argument))
        hide = argument in ("-e", "--extra-vars")
    return " ".join(["ansible-playbook", *shown])


def _times(clock: Clock) -> list[str]:
    lines = ["Stages", *_bars([stage for stage in clock.stages if stage.seconds >= 0.05])]
    if slowest := clock.slowest():
        lines += ["", "Slowest tasks", *_bars(slowest)]
    return lines


class CallbackModule(CallbackBase):  # type: ignore[misc]
    """Listens to a run; prints once, at its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "gantry.platform.recap"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._wanted = False
        self._check = False
        self._failures: dict[str, Failure] = {}
        self._clock = Clock(time.monotonic())

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Looks whether this playbook wants a recap."""
        self._wanted = any(play.get_name() == "Recap" for play in playbook.get_plays())
        self._clock = Clock(time.monotonic())

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """A stage begins, or goes on."""
        self._check = bool(play.check_mode)
        self._clock.stage(str(play.get_name()).split(" | ")[0], time.monotonic())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        """A task begins."""
        self._clock.task(task.get_name(), time.monotonic())

    v2_playbook_on_handler_task_start = v2_playbook_on_cleanup_task_start = lambda self, task: (
        self.v2_playbook_on_task_start(task, False)
    )

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Remembers the last failure of every host."""
        if not ignore_errors:
            self._remember(result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Remembers that a host cannot be reached."""
        self._remember(result)

    def _remember(self, result: Any) -> None:
        body = result.result
        message = body.get("msg") or body.get("exception") or ""
        inner = [
            f"{item.get('item', '')}: {item.get('msg', '')}" for item in body.get("results", []) if item.get("failed")
        ]
        stage = self._clock.stages[-1].name if self._clock.stages else ""
        host = result.host.get_name()
        text = "\n".join(inner) or str(message)
        self._failures[host] = Failure(stage, result.task.get_name(), host, text)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Prints the recap."""
        if not self._wanted:
            return
        self._clock.stop(time.monotonic())
        lost = sorted({*stats.failures, *stats.dark})
        if lost:
            failures = [self._failures[host] for host in lost if host in self._failures]
            self._say(failed(failures, self._clock, again(sys.argv[1:])), C.COLOR_ERROR)
        elif data := stats.custom.get("_run", {}).get("platform_recap"):
            self._say(success(data, self._clock, self._check), C.COLOR_OK)

    def _say(self, lines: Sequence[str], color: str) -> None:
        self._display.display("")
        self._display.display(lines[0], color=color)
        for line in lines[1:]:
            self._display.display(line)
        self._display.display("")
