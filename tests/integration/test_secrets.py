"""Secrets do not appear in what a run prints; the module gives the same result here and as a process of its own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from tests.integration.api_server import ROOT
from tests.integration.conftest import Object, Releases, config_map

PASSWORD = "correct-horse-battery"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
SECRET: Object = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login"},
    "stringData": {"password": PASSWORD},
}
ELSEWHERE = {"environment": {"ANYTHING": "set"}}
"""What a task asks for that makes the module run as a process of its own."""


def play(directory: Path, tasks: list[Object], *flags: str) -> str:
    """Run a play; returns what it prints."""
    playbook = directory / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    callback = "ansible.builtin.default" if flags else "ansible.posix.json"
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACKS_ENABLED": callback,
        "ANSIBLE_STDOUT_CALLBACK": callback,
    }
    where = f"ansible_python_interpreter={sys.executable}"
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-c", "local", "-e", where]
    command += [*flags, str(playbook)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.stdout + done.stderr


def results(printed: str) -> list[Object]:
    """The results of the play's tasks."""
    report, _ = json.JSONDecoder().raw_decode(printed[printed.index("{") :])
    return [task["hosts"]["localhost"] for task in report["plays"][0]["tasks"]]


def test_no_value_of_a_secret_is_printed(release: Releases, tmp_path: Path) -> None:
    more = {**SECRET, "stringData": {"password": PASSWORD, "more": PASSWORD}}
    wrong = {**SECRET, "type": "kubernetes.io/tls"}
    tasks = [
        {
            "name": f"apply {number}",
            "gantry.platform.k8s_release": release.arguments([secret]),
            "check_mode": check,
            "diff": True,
            "ignore_errors": True,
            **task,
        }
        for task in ({}, ELSEWHERE)
        for number, secret in enumerate([SECRET, more, wrong])
        for check in (True, False)
    ]
    printed = play(tmp_path, tasks, "-vvv")
    assert "ok=12" in printed
    assert "(secret" in printed
    assert PASSWORD not in printed
    assert ENCODED not in printed


def test_here_and_as_a_process_the_result_is_the_same(release: Releases, tmp_path: Path) -> None:
    objects = [config_map("one", quoted="yes", number="1"), SECRET]
    release(objects)
    arguments = release.arguments(objects, wait_conditions=[{"kind": "Thing", "type": "Ready"}])
    wrong = release.arguments(objects, prone=True)
    tasks = [
        {"gantry.platform.k8s_release": given, "ignore_errors": True, **task}
        for task in ({}, ELSEWHERE)
        for given in (arguments, wrong)
    ]
    here, refused_here, sent, refused_sent = results(play(tmp_path, tasks))
    for found in (here, sent):
        assert set(found.pop("seconds")) == {"discover", "list", "apply", "wait"}
        assert found["counts"] == {"unchanged": 2}
    assert here == sent
    for found in (refused_here, refused_sent):
        assert "Unsupported parameters" in found["msg"]
        assert "prone" in found["msg"]
