"""Runs OpenTofu or Terraform on one root module.

A run is a session of its own and prints into a file: when whoever started it vanishes, it goes on to its end and writes
its state, and the next run finds either its lock or what it did.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.terraform import diagnostics
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import LockedError, TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.sensitive import scrubbed

LEAST: Mapping[str, tuple[int, int]] = {"OpenTofu": (1, 10), "Terraform": (1, 11)}
"""Versions from which a state in S3 locks itself by a file beside it."""
GRACE = 300.0
"""Seconds that a run gets to end what it has begun, once it is interrupted."""


@dataclass(frozen=True)
class Program:
    """The command, what it calls itself, and its version."""

    path: Path
    name: str
    version: str


def find_program(given: str) -> Program:
    """The command given, else the host's tofu, else its terraform. Raises TerraformError if it is absent or old."""
    path = shutil.which(given) if given else shutil.which("tofu") or shutil.which("terraform")
    if not path:
        what = f"program {given!r} is not there" if given else "this host has neither tofu nor terraform"
        raise TerraformError(f"{what}: build OpenTofu with the bundle (bundle_sets: [terraform]), or install Terraform")
    try:
        done = subprocess.run(
            [path, "version"], capture_output=True, text=True, timeout=60, check=True, env=_clean_environment()
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise TerraformError(f"{path} version: {error}") from error
    # A warning may come first, as of a configuration of the user's that is not there.
    found = re.search(r"^(OpenTofu|Terraform) v((\d+)\.(\d+)\.\S+)", done.stdout, re.MULTILINE)
    if not found:
        raise TerraformError(f"{path} is neither OpenTofu nor Terraform: it calls itself {done.stdout[:60]!r}")
    name, version = found[1], found[2]
    if (int(found[3]), int(found[4])) < LEAST[name]:
        least = ".".join(map(str, LEAST[name]))
        raise TerraformError(f"{path} is {name} {version}, which is too old: take {least} or newer")
    return Program(Path(path), name, version)


def _clean_environment() -> dict[str, str]:
    """The environment without what would change a run's meaning, or let it print secrets."""
    unwanted = ("TF_VAR_", "TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA_DIR", "TF_LOG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "/")).exists():
        del kept["TF_CLI_CONFIG_FILE"]  # its warning would stand before every answer
    return kept | {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}


@dataclass(frozen=True)
class Root:
    """A root module with what its runs need.

    `data_directory` (0700) holds modules, providers and what is written for and by a run. `cli_config` tells where
    providers come from; the user's own where there is none. `secrets` are never shown.
    """

    program: Program
    directory: Path
    data_directory: Path
    cli_config: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """TF_VAR_…, by which secrets come."""
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def settings(self) -> dict[str, str]:
        """What people set to run the same by hand."""
        settings = {"TF_DATA_DIR": str(self.data_directory)}
        if self.cli_config:
            settings["TF_CLI_CONFIG_FILE"] = str(self.cli_config)
        return settings

    def by_hand(self, *arguments: str) -> str:
        """A command for people."""
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in self.settings.items())
        return f"{settings} {self.program.path} -chdir={self.directory} {shlex.join(arguments)}"

    def run(self, verb: str, *arguments: str, accept: tuple[int, ...] = (0,)) -> tuple[int, str]:
        """Run a verb to its end; return its exit status and what it printed.

        Raises LockedError if the state is locked, TerraformError with its errors for any status that is not accepted.
        """
        log = self.data_directory / f"{verb.split()[0]}.log"
        command = [str(self.program.path), f"-chdir={self.directory}", *verb.split(), *arguments]
        code = self._run(command, log)
        printed = log.read_text(encoding="utf-8", errors="replace")
        if code not in accept:
            self._refuse(verb, code, printed)
        return code, printed

    def json(self, verb: str, *arguments: str) -> Any:
        """What a verb prints as JSON; it is not kept, for it may hold secrets. Raises TerraformError."""
        command = [str(self.program.path), f"-chdir={self.directory}", *verb.split(), *arguments]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=self._environment(), check=False
        )
        if done.returncode:
            self._refuse(verb, done.returncode, done.stdout + done.stderr)
        try:
            return json.loads(done.stdout) if done.stdout.strip() else {}
        except ValueError as error:
            raise TerraformError(f"{self.program.path} {verb} does not answer with JSON: {error}") from error

    def _environment(self) -> dict[str, str]:
        return _clean_environment() | dict(self.variables) | self.settings

    def _run(self, command: list[str], log: Path) -> int:
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as output:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment(),
                    start_new_session=True,
                    umask=0o077,
                )
            except OSError as error:
                raise TerraformError(f"{command[0]}: {error.strerror}") from error
            try:
                return process.wait()
            except BaseException:
                # It stops after what it is doing, and writes its state.
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(GRACE)
                raise

    def _refuse(self, verb: str, code: int, printed: str) -> None:
        found = [d for d in diagnostics.read(printed.splitlines()) if d.severity == "error"]
        text = "\n".join(f"{d.summary}\n{d.detail}" for d in found) or printed
        if (lock := diagnostics.lock_of(text)) is not None:
            raise LockedError(self._locked(lock), lock)
        if any(d.summary == diagnostics.STALE_SUMMARY for d in found):
            raise TerraformError("the plan is stale: the state was changed since it was made; plan again")
        said = "; ".join(map(str, found)) or " ".join(diagnostics.plain(printed)) or "it says nothing"
        ending = "; what had been done is in the state: mend this and run again" if verb == "apply" else ""
        raise TerraformError(scrubbed(f"{verb} of {self.directory} failed ({code}): {said}{ending}", self.secrets))

    def _locked(self, lock: dict[str, str]) -> str:
        who, since = lock.get("who", "somebody"), lock.get("created", "an unknown time")
        doing = lock.get("operation", "").removeprefix("OperationType").lower() or "something"
        return (
            f"the state {lock.get('path', '')} is locked by {who}, who does {doing} since {since}: wait for it and run "
            f"again. If that run is no more, what it had done is in the state; release the lock with "
            f"`{self.by_hand('force-unlock', lock.get('id', 'ID'))}` and run again: it goes on where that one stopped"
        )
