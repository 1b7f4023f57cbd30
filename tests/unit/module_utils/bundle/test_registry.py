"""The registry's process: started, found, restarted, stopped. A small server of its own stands where Debian's would."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.registry import Registry

SERVER = f"""#!{sys.executable} -S
import re, socket, sys
host, port = re.search(r"addr: (\\S+):(\\d+)", open(sys.argv[2]).read()).groups()
server = socket.create_server((host, int(port)))
while True:
    client, _ = server.accept()
    client.recv(1000)
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}")
    client.close()
"""


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    binary = tmp_path / "docker-registry"
    binary.write_text(SERVER, encoding="utf-8")
    binary.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = Registry(tmp_path / "registry", binary, address)
    yield found
    found.stop()


def test_start_answer_and_stop(registry: Registry) -> None:
    assert not registry.current()
    registry.start()
    assert registry.current()
    assert os.getsid(registry.running()) == registry.running()
    assert registry.stop()
    assert not registry.answers()
    assert not registry.stop()


def test_a_dead_one_is_noticed(registry: Registry) -> None:
    registry.start()
    pid = registry.running()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert not registry.current()
    registry.start()
    assert registry.current()


def test_a_changed_binary_asks_for_a_restart(registry: Registry) -> None:
    registry.start()
    registry.binary.write_text(SERVER + "# newer\n", encoding="utf-8")
    assert registry.running()
    assert not registry.current()


def test_it_is_found_without_any_record(registry: Registry) -> None:
    registry.start()
    pid = registry.running()
    for name in ("fingerprint", "registry.pid"):
        (registry.directory / name).unlink()
    assert registry.running() == pid
    assert not registry.current()
    assert registry.stop()
    assert not registry.answers()


def test_a_recorded_process_that_is_not_it_is_left_alone(registry: Registry) -> None:
    registry.directory.mkdir()
    (registry.directory / "registry.pid").write_text(f"{os.getpid()}\n", encoding="utf-8")
    assert registry.running() == 0
    assert not registry.stop()


def test_one_that_dies_says_why(registry: Registry) -> None:
    registry.binary.write_text("#!/bin/sh\necho bind: cannot assign requested address >&2\nexit 1\n", encoding="utf-8")
    with pytest.raises(BundleError, match="no interface of this host has that address yet"):
        registry.start()
    assert registry.running() == 0


def test_another_one_at_the_address_is_left_alone(registry: Registry, tmp_path: Path) -> None:
    registry.start()
    with pytest.raises(BundleError, match="another registry answers there"):
        Registry(tmp_path / "second", registry.binary, registry.address).start()
    assert registry.current()


def test_it_serves_one_address_and_takes_no_uploads(registry: Registry) -> None:
    configuration = yaml.safe_load(registry.configuration)
    assert configuration["http"]["addr"] == registry.address
    assert configuration["storage"]["maintenance"]["readonly"] == {"enabled": True}
