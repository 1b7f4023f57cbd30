"""What was made on this host, in files: one record an environment, one for the host's own settings.

/var/lib/gantry/<environment>/machines.json holds the environment's machines; /var/lib/gantry/host.json holds the host's
settings as they were before the first environment, for the last one to put back.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine

MACHINES = "machines.json"
HOST = "host.json"


@dataclass(frozen=True)
class Record:
    """An environment's machines as recorded; network is empty before the first machine."""

    network: str = ""
    machines: tuple[Machine, ...] = ()
    templates: dict[str, str] = field(default_factory=dict)
    """Machine name to the template directory that it was cloned from."""

    def extended(self, network: str, machines: tuple[Machine, ...], template: Path | None) -> Record:
        """The record with these machines instead.

        Each keeps the template it was made from while that exists, and takes the one given otherwise; MachinesError is
        raised where there is none.
        """
        templates = {}
        for machine in machines:
            recorded = self.templates.get(machine.name)
            if recorded and (template is None or Path(recorded).is_dir()):
                templates[machine.name] = recorded
            elif template is not None:
                templates[machine.name] = str(template)
            else:
                raise MachinesError(f"machine {machine.name} needs a template: give the bundle's rootfs directory")
        return Record(network, machines, templates)

    def without(self, names: Collection[str]) -> Record:
        """The record without these machines."""
        return Record(
            self.network,
            tuple(machine for machine in self.machines if machine.name not in names),
            {name: template for name, template in self.templates.items() if name not in names},
        )

    def as_dict(self) -> dict[str, Any]:
        """The record as JSON holds it."""
        return {
            "network": self.network,
            "machines": [machine.as_dict() for machine in self.machines],
            "templates": dict(sorted(self.templates.items())),
        }


def read_record(state_directory: Path) -> Record:
    """Read an environment's record; an empty one if there is none. Raises MachinesError if it cannot be understood."""
    path = state_directory / MACHINES
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            data["network"], tuple(Machine.from_dict(machine) for machine in data["machines"]), data["templates"]
        )
    except FileNotFoundError:
        return Record()
    except (KeyError, TypeError, ValueError) as error:
        raise MachinesError(
            f"{path} cannot be understood ({error!r}): mend it, or remove it and run destroy"
        ) from error


def write_record(state_directory: Path, record: Record) -> None:
    """Write an environment's record, whole or not at all."""
    write_json(state_directory / MACHINES, record.as_dict())


def write_json(path: Path, data: Any) -> None:
    """Write data as JSON (0600), whole or not at all."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(data, indent=2) + "\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read_host(state_directory: Path) -> dict[str, Any]:
    """The host's settings as they were before the first environment; empty if there is none."""
    try:
        data: dict[str, Any] = json.loads((state_directory.parent / HOST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise MachinesError(f"{state_directory.parent / HOST} is not JSON ({error}): mend or remove it") from error
    return data


def write_host(state_directory: Path, data: dict[str, Any]) -> None:
    """Record the host's settings; nothing to record removes the file."""
    if data:
        write_json(state_directory.parent / HOST, data)
    else:
        (state_directory.parent / HOST).unlink(missing_ok=True)


def other_environments(state_directory: Path) -> list[str]:
    """Names of the other environments that have machines on this host."""
    return sorted(
        path.parent.name for path in state_directory.parent.glob(f"*/{MACHINES}") if path.parent != state_directory
    )


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file at path; a second holder waits."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
