"""Debian's docker-registry as a process of its own session, with or without systemd on the host."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

START = 10.0
"""Seconds within which a started registry must answer, and a stopped one must be gone."""


@dataclass(frozen=True)
class Registry:
    """The registry of one environment: everything of it lies in `directory`."""

    directory: Path
    binary: Path
    address: str
    """host:port, the only address that is served."""

    @property
    def storage(self) -> Path:
        return self.directory / "storage"

    @property
    def log(self) -> Path:
        return self.directory / "registry.log"

    @property
    def configuration(self) -> str:
        """The registry's configuration: read-only, plain HTTP on the one address."""
        return yaml.safe_dump(
            {
                "version": 0.1,
                "log": {"level": "warn", "accesslog": {"disabled": True}},
                "storage": {
                    "filesystem": {"rootdirectory": str(self.storage), "maxthreads": 100},
                    "cache": {"blobdescriptor": "inmemory"},
                    "maintenance": {"readonly": {"enabled": True}, "uploadpurging": {"enabled": False}},
                },
                "http": {"addr": self.address, "headers": {"X-Content-Type-Options": ["nosniff"]}},
            },
            sort_keys=False,
        )

    @property
    def fingerprint(self) -> str:
        """Changes with what the process was started from."""
        status = self.binary.stat() if self.binary.exists() else None
        told = f"{self.configuration}\0{self.binary}\0{status.st_size if status else 0}"
        return hashlib.sha256(told.encode()).hexdigest()

    def running(self) -> int:
        """The process id of our registry, or 0. A recycled id is not taken for it."""
        state = self._state()
        pid = int(state.get("pid", 0))
        return pid if pid and 0 != started_at(pid) == state.get("started") else 0

    def current(self) -> bool:
        """Whether it runs, from this binary and this configuration, and answers."""
        return bool(self.running()) and self._state().get("fingerprint") == self.fingerprint and self.answers()

    def answers(self) -> bool:
        """Whether the registry's API answers at the address."""
        connection = http.client.HTTPConnection(self.address, timeout=2)
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def start(self) -> None:
        """Start it and wait until it answers; a BundleError holds its last lines."""
        self.stop()
        if self.answers():
            raise BundleError(
                f"{self.address}: another registry answers there; stop it or set platform_registry_address"
            )
        self.storage.mkdir(parents=True, exist_ok=True)
        configuration = self.directory / "config.yml"
        configuration.write_text(self.configuration, encoding="utf-8")
        with self.log.open("ab") as log:
            begin = log.tell()
            process = subprocess.Popen(
                [str(self.binary), "serve", str(configuration)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env={"PATH": "/usr/bin:/bin"},
                start_new_session=True,
            )
        state = {"pid": process.pid, "started": started_at(process.pid), "fingerprint": self.fingerprint}
        (self.directory / "registry.json").write_text(json.dumps(state), encoding="utf-8")
        (self.directory / "registry.pid").write_text(f"{process.pid}\n", encoding="ascii")
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if self.answers():
                return
            time.sleep(0.05)
        with self.log.open("rb") as log:
            log.seek(begin)
            tail = log.read().decode(errors="replace").splitlines()[-5:]
        self.stop()
        hint = "; no interface of this host has that address yet" if "assign requested" in "".join(tail) else ""
        raise BundleError(
            f"docker-registry does not answer at {self.address}{hint}; log {self.log}\n" + "\n".join(tail)
        )

    def stop(self) -> bool:
        """Stop it; returns whether it ran."""
        pid = self.running()
        if pid:
            _kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + START
            while self.running() == pid:
                if time.monotonic() > deadline:
                    _kill(pid, signal.SIGKILL)
                time.sleep(0.02)
        for name in ("registry.json", "registry.pid"):
            (self.directory / name).unlink(missing_ok=True)
        return bool(pid)

    def _state(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.directory / "registry.json").read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return {}


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def started_at(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 when it is gone or only waits to be reaped."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
