"""What a saved plan was made from, so that it is applied only while all of it still holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError

_PASSED_OVER = (".tfstate", ".tfplan", ".backup")


@dataclass(frozen=True)
class Stamp:
    """Digests of configuration and variables, and the state's lineage and serial (empty and 0 where there is none)."""

    configuration: str
    variables: str
    lineage: str
    serial: int

    def refuse_other(self, now: Stamp, plan: Path) -> None:
        """Raise TerraformError naming what has changed since."""
        checks = {
            "the configuration": self.configuration == now.configuration,
            "the variables": self.variables == now.variables,
            f"the state (serial {self.serial}, now {now.serial})": (self.lineage, self.serial)
            == (now.lineage, now.serial),
        }
        if changed := [what for what, same in checks.items() if not same]:
            raise TerraformError(f"plan {plan} is stale: {' and '.join(changed)} changed since it was made; plan again")


def write(plan: Path, stamp: Stamp) -> None:
    """Put the stamp beside its plan."""
    _beside(plan).write_text(json.dumps(asdict(stamp), indent=1) + "\n", encoding="utf-8")


def read(plan: Path) -> Stamp:
    """The stamp of a plan. Raises TerraformError where either is missing."""
    if not plan.is_file():
        raise TerraformError(f"plan_file {plan} is not there: make it with state planned")
    try:
        return Stamp(**json.loads(_beside(plan).read_text(encoding="utf-8")))
    except (OSError, TypeError, ValueError) as error:
        raise TerraformError(
            f"plan {plan} has no stamp that says what it was made from ({error}): plan again"
        ) from error


def remove(plan: Path) -> None:
    """Remove plan and stamp: they hold every value, secrets too, and a plan is applied once."""
    plan.unlink(missing_ok=True)
    _beside(plan).unlink(missing_ok=True)


def _beside(plan: Path) -> Path:
    return plan.with_name(f"{plan.name}.json")


def of_configuration(directory: Path, data_directory: Path) -> str:
    """Digest of every file of the root and of the local modules that it uses, by their paths and contents."""
    digest = hashlib.sha256()
    for place in sorted({directory.resolve(), *_modules(directory, data_directory)}):
        for path in _files(place):
            digest.update(f"{path.relative_to(place)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def of_variables(*values: Mapping[str, Any]) -> str:
    """Digest of variables."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _modules(directory: Path, data_directory: Path) -> Iterator[Path]:
    """Where init found the modules."""
    manifest = data_directory / "modules" / "modules.json"
    if manifest.is_file():
        for module in json.loads(manifest.read_text(encoding="utf-8"))["Modules"]:
            yield (directory / module["Dir"]).resolve()


def _files(place: Path) -> Iterator[Path]:
    for path in sorted(place.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(place).parts)
        if path.is_file() and not hidden and not path.name.endswith(_PASSED_OVER):
            yield path
