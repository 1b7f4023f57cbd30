"""Debian's docker-registry as a process of its own session, with or without systemd on the host."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

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
        """The process id of this registry, known by what it was started with, or 0. No record has to survive for it."""
        told = [b"serve", str(self.directory / "config.yml").encode()]
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                if path.read_bytes().rstrip(b"\0").split(b"\0")[-2:] == told:
                    return int(path.parent.name)
        return 0

    def current(self) -> bool:
        """Whether it runs, from this binary and this configuration, and answers."""
        return bool(self.running()) and self._started_from() == self.fingerprint and self.answers()

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
        (self.directory / "fingerprint").write_text(self.fingerprint, encoding="ascii")
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
        for name in ("fingerprint", "registry.pid"):
            (self.directory / name).unlink(missing_ok=True)
        return bool(pid)

    def _started_from(self) -> str:
        """The fingerprint that the running process was started with."""
        path = self.directory / "fingerprint"
        return path.read_text(encoding="ascii") if path.exists() else ""


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
