"""A machine's processes, with a stand-in that sleeps."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines import nspawn
from ansible_collections.gantry.platform.plugins.module_utils.machines.guest import Guest

# Does not heed a polite signal, as a system with a hung service.
STUBBORN = "trap '' TERM; sleep 60; true"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    argv = ["systemd-nspawn", "-c", STUBBORN, f"--directory={tmp_path}/e-a-1/root"]
    process = subprocess.Popen(argv, executable="/bin/sh", start_new_session=True)
    deadline = time.monotonic() + 5
    while not nspawn.find_processes(tmp_path).get("e-a-1", nspawn.Process(0, 0)).leader:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    yield process
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_running_machine_is_found_by_its_directory(manager: subprocess.Popen[bytes], tmp_path: Path) -> None:
    found = nspawn.find_processes(tmp_path)
    assert list(found) == ["e-a-1"]
    assert found["e-a-1"].manager == manager.pid
    assert found["e-a-1"].alive()
    assert nspawn.find_processes(tmp_path / "other") == {}


def test_a_killed_machine_is_gone(manager: subprocess.Popen[bytes], tmp_path: Path) -> None:
    process = nspawn.find_processes(tmp_path)["e-a-1"]
    nspawn.kill(process)
    assert not process.alive()
    assert nspawn.find_processes(tmp_path) == {}


def test_a_machine_that_does_not_shut_down_in_time_is_told(manager: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert not nspawn.power_off(nspawn.find_processes(tmp_path)["e-a-1"], timeout=0.3)


def test_the_command_names_the_machine_its_root_and_its_volumes() -> None:
    command = nspawn.command("e-a-1", Guest(Path("/var/lib/gantry/e/machines/e-a-1")), "gt-e")
    assert command[0] == "systemd-nspawn"
    assert "--directory=/var/lib/gantry/e/machines/e-a-1/root" in command
    assert "--network-bridge=gt-e" in command
    assert "--bind=/var/lib/gantry/e/machines/e-a-1/volumes/etcd:/var/lib/etcd" in command
    assert all(Path(word.removeprefix("--bind=")).exists() for word in command if word.startswith("--bind=/dev"))
