"""Runs that are cut off: what was done is told, nothing is forgotten, and running again finishes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release import client as client_file
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

from tests.integration.api_server import ROOT, ApiServer
from tests.integration.conftest import Object, Releases, config_map

MANY = [config_map(f"settings-{number:03}") for number in range(300)]
MODULE = "ansible_collections.gantry.platform.plugins.modules.k8s_release"


def when(client: Client, path: str, count: int, act: Callable[[], Any]) -> threading.Thread:
    """Act as soon as there are so many objects."""

    def look() -> None:
        while len(client.get(path)["items"]) < count:
            time.sleep(0.02)
        act()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    return thread


def test_a_killed_run_forgets_nothing(release: Releases, client: Client, tmp_path: Path) -> None:
    arguments = tmp_path / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": release.arguments(MANY)}))
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(arguments)], cwd=ROOT / "collections", stdout=subprocess.DEVNULL
    )
    path = f"/api/v1/namespaces/{release.namespace}/configmaps"
    when(client, path, 20, process.kill).join(30)
    assert process.wait(10) == -signal.SIGKILL
    made = len(client.get(path)["items"]) - 1  # less the one that every namespace has, where controllers run
    assert made < len(MANY)
    kept = release(MANY[:5], prune=True)
    assert kept["counts"]["pruned"] >= made - 5
    assert release(MANY)["counts"]["created"] == 295
    assert not release(MANY)["changed"]


def test_a_server_that_goes_away(own_api_server: ApiServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "RETRY_SECONDS", 2.0)
    monkeypatch.setattr(client_file, "RESTART_SECONDS", 2.0)
    own_api_server.kubectl("create", "namespace", "cut")
    release = Releases(own_api_server.kubeconfig, "cut")
    administrator = Client(load(str(own_api_server.kubeconfig), None))
    when(administrator, "/api/v1/namespaces/cut/configmaps", 20, own_api_server.kill_server)
    started = time.monotonic()
    result = release.fails(MANY)
    assert time.monotonic() - started < 15
    done = result["counts"]["created"] - 1
    assert 0 < done < len(MANY)
    assert f"{own_api_server.url} does not answer" in result["msg"]
    assert f"{done} of 300 objects are applied (ConfigMap cut/settings-" in result["msg"]
    assert "not applied: ConfigMap cut/settings-" in result["msg"]
    assert "Run again to finish" in result["msg"]

    own_api_server.start_server()
    again = release(MANY)
    assert again["counts"].get("created", 0) + again["counts"]["unchanged"] == 300
    assert again["counts"]["unchanged"] >= done
    assert not release(MANY)["changed"]

    monkeypatch.setattr(client_file, "RETRY_SECONDS", 30.0)

    def restart() -> None:
        own_api_server.kill_server()
        own_api_server.start_server()

    changed: list[Object] = [{**one, "data": {"key": "other"}} for one in MANY]
    gone = threading.Timer(0.3, restart)
    gone.start()
    assert release(changed)["counts"]["configured"] == 300
    gone.join()


def test_no_server_at_all(bundled: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "RETRY_SECONDS", 1.0)
    absent = ApiServer(tmp_path)
    message = Releases(absent.kubeconfig, "none").fails(MANY)["msg"]
    assert f"Release demo.none: {absent.url} does not answer: [Errno 111] Connection refused" in message
