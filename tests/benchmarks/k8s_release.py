"""Measures ``k8s_release`` against kubectl and ``kubernetes.core.k8s`` on the same real API server, in the same run.

Usage: ``python -m tests.benchmarks.k8s_release [--objects 300] [--rounds 7] [--no-loop]``

Each round, each side creates the same config maps in a namespace of its own and then applies them unchanged. A round
before the others is not counted: in it ``k8s_release`` brings the CRD of its parents to the new server, which the
others do not need, and these fill their caches of discovery. Of the others the median counts. Times are seconds: of the
task, by Ansible's own clock, for the modules; of the process for kubectl. The looped form takes minutes, so it runs in
one round. Prints a table and writes the ratios (other side / ``k8s_release``, higher is better) into
``.platform/bench.json``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.integration.api_server import ApiServer, running

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / ".platform/bench.json"
SIDES = {
    "k8s_release": "k8s_release",
    "kubectl": "kubectl",
    "core_list": "kubernetes.core.k8s, list",
    "core_loop": "kubernetes.core.k8s, loop",
}
STEPS = ("create", "unchanged")

Object = dict[str, Any]
Times = dict[tuple[str, str], list[float]]

TASKS: dict[str, Object] = {
    "k8s_release": {
        "gantry.platform.k8s_release": {
            "name": "bench",
            "namespace": "{{ namespace }}",
            "objects": "{{ objects }}",
            "kubeconfig": "{{ kubeconfig }}",
        }
    },
    "core_list": {
        "kubernetes.core.k8s": {
            "namespace": "{{ namespace }}",
            "definition": "{{ objects }}",
            "kubeconfig": "{{ kubeconfig }}",
        }
    },
    "core_loop": {
        "kubernetes.core.k8s": {
            "namespace": "{{ namespace }}",
            "definition": "{{ item }}",
            "kubeconfig": "{{ kubeconfig }}",
        },
        "loop": "{{ objects }}",
        "loop_control": {"label": "{{ item.metadata.name }}"},
    },
}


def config_maps(count: int) -> list[Object]:
    """The objects that every side applies: about 400 bytes each."""
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"settings-{index:04}", "labels": {"app.kubernetes.io/name": "bench"}},
            "data": {"index": str(index), "text": f"setting {index} " * 20},
        }
        for index in range(count)
    ]


def kubectl(server: ApiServer, directory: Path, namespace: str) -> dict[str, float]:
    """Apply by ``kubectl apply --server-side`` twice; returns the seconds of each process."""
    seconds = {}
    for step in STEPS:
        started = time.monotonic()
        server.kubectl("apply", "--server-side", "--namespace", namespace, "-f", str(directory / "objects.yaml"))
        seconds[step] = time.monotonic() - started
    return seconds


def play(server: ApiServer, directory: Path, namespace: str, side: str) -> dict[str, float]:
    """Run a side's task twice in one play; returns the seconds of each by Ansible's clock."""
    tasks = [{"name": step, **TASKS[side], "register": step} for step in STEPS]
    told = [
        {"ansible.builtin.assert": {"that": [f"{step}.changed == {step == 'create'}"]}, "name": f"check {step}"}
        for step in STEPS
    ]
    head = {"name": side, "hosts": "localhost", "gather_facts": False, "vars_files": [str(directory / "objects.json")]}
    playbook = directory / f"{side}.yml"
    playbook.write_text(yaml.safe_dump([{**head, "tasks": [*tasks, *told]}]))
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.json",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
    }
    variables = {
        "namespace": namespace,
        "kubeconfig": str(server.kubeconfig),
        "ansible_python_interpreter": sys.executable,
        "ansible_connection": "local",
    }
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        "localhost,",
        "-e",
        json.dumps(variables),
        str(playbook),
    ]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{side} failed:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}")
    report = json.loads(done.stdout[done.stdout.index("{") :])
    found = {task["task"]["name"]: task["task"]["duration"] for task in report["plays"][0]["tasks"]}
    return {step: (_time(found[step]["end"]) - _time(found[step]["start"])).total_seconds() for step in STEPS}


def measure(server: ApiServer, directory: Path, rounds: int, with_loop: bool) -> Times:
    """Measure all sides in turn, round by round; round 0 does not count."""
    times: Times = {}
    for number in range(rounds + 1):
        for side in SIDES:
            if side == "core_loop" and not (with_loop and number == 1):
                continue
            namespace = f"bench-{side.replace('_', '-')}-{number}"
            server.kubectl("create", "namespace", namespace)
            took = (
                kubectl(server, directory, namespace) if side == "kubectl" else play(server, directory, namespace, side)
            )
            print(
                f"round {number}, {SIDES[side]}: " + ", ".join(f"{step} {took[step]:.2f} s" for step in STEPS),
                flush=True,
            )
            for step in STEPS if number else ():
                times.setdefault((side, step), []).append(took[step])
    return times


def ratios(times: Times, count: int) -> dict[str, float]:
    """How many times faster ``k8s_release`` is than each other side, by the medians."""
    return {
        f"k8s_release_vs_{side}_{step}_{count}": round(median(values) / median(times["k8s_release", step]), 2)
        for (side, step), values in times.items()
        if side != "k8s_release"
    }


def table(times: Times, count: int) -> str:
    """The medians and ratios as text."""
    lines = [
        f"{count} config maps, seconds (median)",
        f"{'':28}{'create':>10}{'ratio':>8}{'unchanged':>12}{'ratio':>8}",
    ]
    for side, title in SIDES.items():
        if (side, "create") not in times:
            continue
        cells = ""
        for step, width in zip(STEPS, (10, 12), strict=True):
            value = median(times[side, step])
            cells += f"{value:>{width}.2f}{value / median(times['k8s_release', step]):>7.1f}x"
        lines.append(f"{title:28}{cells}")
    return "\n".join(lines)


def merge(path: Path, values: dict[str, float]) -> None:
    """Write values into a JSON file beside those that others wrote."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**known, **values}, indent=2, sort_keys=True) + "\n")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--objects", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-loop", action="store_true", help="leave out the looped form, which takes minutes")
    arguments = parser.parse_args()
    objects = config_maps(arguments.objects)
    with tempfile.TemporaryDirectory(prefix="gantry-bench-") as name:
        directory = Path(name)
        (directory / "objects.json").write_text(json.dumps({"objects": objects}))
        (directory / "objects.yaml").write_text(yaml.safe_dump_all(objects))
        with running(directory, durable=True) as server:
            times = measure(server, directory, arguments.rounds, not arguments.no_loop)
    print(table(times, arguments.objects))
    merge(RESULT, ratios(times, arguments.objects))


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


if __name__ == "__main__":
    main()
