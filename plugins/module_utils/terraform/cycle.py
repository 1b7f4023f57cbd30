"""Plans and applies a root module for one environment: the plan that was looked at is the plan that is applied."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.terraform import diagnostics, stamp
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.plan import Summary, summarize
from ansible_collections.gantry.platform.plugins.module_utils.terraform.program import Root

CHANGES = 2
"""Exit status of a plan that has changes."""


@dataclass(frozen=True)
class Request:
    """What is asked for.

    `state`: present, planned, absent. `plan_file`: where a plan is kept, or was. `confirm` is the environment's name,
    or what is destroyed by the plan is not.
    """

    environment: str
    state: str
    confirm: str = ""
    plan_file: Path | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    sensitive_variables: Mapping[str, Any] = field(default_factory=dict, repr=False)
    variables_files: Sequence[Path] = ()
    backend: Mapping[str, Any] = field(default_factory=dict, repr=False)
    lock_timeout: int = 10
    options: Sequence[str] = ()
    """More options of plan: -target=…, -replace=…, -parallelism=…."""


@dataclass
class Outcome:
    """What was found, and what came of it."""

    changed: bool
    summary: Summary
    outputs: dict[str, Any] = field(default_factory=dict)
    sensitive_outputs: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    plan_file: str = ""


def drive(root: Root, request: Request, check: bool) -> Outcome:
    """Do what is asked for; with `check`, plan it and no more. Raises TerraformError."""
    _refuse_unwritten_state(root)
    prepare(root.data_directory)
    _initialize(root, request)
    if request.plan_file and request.state != "planned":
        return _apply_saved(root, request, request.plan_file, check)
    with _plan_path(root, request, keep=request.state == "planned" and not check) as path:
        code, printed = root.run("plan", *_options(root, request), "-detailed-exitcode", f"-out={path}", accept=(0, 2))
        outcome = Outcome(code == CHANGES, _summary(root, path), warnings=_warnings(printed))
        if request.state == "planned" and not check:
            stamp.write(path, _stamp(root, request))
            outcome.plan_file = str(path)
        elif outcome.changed and not check:
            _apply(root, request, path, outcome)
        if request.state == "present":
            _read_outputs(root, outcome)
    return outcome


def prepare(directory: Path) -> None:
    """Make a directory that root alone reads: what is in it may hold secrets."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)


def write_private(path: Path, data: Mapping[str, Any]) -> None:
    """Write JSON that its owner alone reads."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(json.dumps(data, indent=2) + "\n")


def variables_path(root: Root) -> Path:
    """Where the inventory's variables are written, for people who run the program by hand too."""
    return root.data_directory / "inventory.tfvars.json"


# --- the parts


def _refuse_unwritten_state(root: Root) -> None:
    """A state that could not be written to its place lies beside the root: going on would forget what it holds."""
    errored = root.directory / "errored.tfstate"
    if errored.exists():
        raise TerraformError(
            f"{errored} holds what the last run could not write to the state's place: put it there with "
            f"`{root.by_hand('state', 'push', errored.name)}`, remove the file, and run again"
        )


def _initialize(root: Root, request: Request) -> None:
    arguments = ["-input=false", "-no-color"]
    if request.backend:
        path = root.data_directory / "backend.json"
        write_private(path, request.backend)
        arguments.append(f"-backend-config={path}")
    root.run("init", *arguments)


@contextmanager
def _plan_path(root: Root, request: Request, keep: bool) -> Iterator[Path]:
    """Where the plan lies while it is needed; one that is kept is whole or not there."""
    if keep and request.plan_file:
        stamp.remove(request.plan_file)
        request.plan_file.parent.mkdir(parents=True, exist_ok=True)
        yield request.plan_file
        return
    path = root.data_directory / "run.tfplan"
    try:
        yield path
    finally:
        stamp.remove(path)


def _options(root: Root, request: Request) -> list[str]:
    path = variables_path(root)
    write_private(path, request.variables)
    files = [path, *request.variables_files]
    return [
        *("-input=false", "-json", f"-lock-timeout={request.lock_timeout}s"),
        *(["-destroy"] if request.state == "absent" else []),
        *(f"-var-file={file}" for file in files),
        *request.options,
    ]


def _summary(root: Root, path: Path) -> Summary:
    plan = root.json("show", "-json", str(path))
    quiet = not (plan.get("resource_changes") or plan.get("resource_drift"))
    schemas = {} if quiet else root.json("providers schema", "-json").get("provider_schemas", {})
    return summarize(plan, schemas)


def _warnings(printed: str) -> list[str]:
    return [str(found) for found in diagnostics.read(printed.splitlines()) if found.severity == "warning"]


def _stamp(root: Root, request: Request) -> stamp.Stamp:
    """What a plan made now would be made from."""
    state = root.json("state pull")
    files = {str(path): path.read_text(encoding="utf-8") for path in request.variables_files}
    return stamp.Stamp(
        configuration=stamp.of_configuration(root.directory, root.data_directory),
        variables=stamp.of_variables(request.variables, request.sensitive_variables, files),
        lineage=str(state.get("lineage", "")),
        serial=int(state.get("serial", 0)),
    )


def _apply_saved(root: Root, request: Request, path: Path, check: bool) -> Outcome:
    stamp.read(path).refuse_other(_stamp(root, request), path)
    summary = _summary(root, path)
    outcome = Outcome(bool(summary.changes or summary.outputs), summary, plan_file=str(path))
    if not check:
        _apply(root, request, path, outcome)
        stamp.remove(path)
        outcome.plan_file = ""
    _read_outputs(root, outcome)
    return outcome


def _apply(root: Root, request: Request, path: Path, outcome: Outcome) -> None:
    refuse_unconfirmed(outcome.summary.destroys, request)
    known = replace(root, secrets=root.secrets | outcome.summary.secrets)
    _, printed = known.run("apply", "-input=false", "-json", f"-lock-timeout={request.lock_timeout}s", str(path))
    outcome.warnings += [warning for warning in _warnings(printed) if warning not in outcome.warnings]


def refuse_unconfirmed(destroys: Sequence[str], request: Request) -> None:
    """Raise TerraformError if the plan destroys something and nobody has said so."""
    if destroys and request.confirm != request.environment:
        raise TerraformError(
            f"the plan destroys {', '.join(destroys)}, and nothing was applied: say so with "
            f"-e confirm={request.environment} (given: {request.confirm!r}), or change the inventory"
        )


def _read_outputs(root: Root, outcome: Outcome) -> None:
    for name, output in root.json("output", "-json").items():
        if output.get("sensitive"):
            outcome.sensitive_outputs.append(name)
        else:
            outcome.outputs[name] = output["value"]
