"""A host without a network: an archive, and nothing else, raises the platform in a network namespace without a route.

Quarters of an hour; only with ``-m slow`` (``make test-slow``), as root. Environment ``e2e``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plays import ROOT, run_play

pytestmark = pytest.mark.slow

NAMESPACE = "gantry-offline"
INVENTORY = "tests/e2e/inventory"


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace that has a loopback and nothing else."""
    subprocess.run(["ip", "netns", "delete", NAMESPACE], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
    try:
        yield f"/run/netns/{NAMESPACE}"
    finally:
        subprocess.run(["ip", "netns", "delete", NAMESPACE], check=False)


def test_an_archive_raises_the_platform_where_there_is_no_route(tmp_path: Path, namespace: str) -> None:
    archive, cache, venv = tmp_path / "gantry.tar.zst", tmp_path / "cache", tmp_path / "venv"
    exported = run_play([ROOT / INVENTORY], "playbooks/bundle_export.yml", "-e", f"bundle_archive={archive}")
    assert exported.code == 0

    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(cache / "gantry/wheels"),
        "PATH": f"{venv}/bin:{os.environ['PATH']}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "NO_COLOR": "1",
    }

    def inside(*command: str) -> str:
        """What a command prints in the namespace: the network is another, mounts and control groups are the host's."""
        done = subprocess.run(
            ["nsenter", f"--net={namespace}", *command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-4000:]}"
        return done.stdout

    def play(name: str, *arguments: str) -> str:
        return inside(str(venv / "bin/ansible-playbook"), f"playbooks/{name}.yml", "-i", INVENTORY, *arguments)

    inside("ip", "link", "set", "lo", "up")
    assert inside("ip", "route").strip() == ""
    (cache / "gantry").mkdir(parents=True)
    inside("tar", "--zstd", "--extract", "--file", str(archive), "--directory", str(cache / "gantry"), "wheels")
    inside(sys.executable, "-m", "venv", str(venv))
    requirements = ["--require-hashes", "--no-deps", "--requirement", "requirements/runtime.txt"]
    inside(str(venv / "bin/pip"), "install", "--quiet", *requirements)
    play("bundle_import", "-e", f"bundle_archive={archive}")
    assert not (cache / "gantry/signing/cosign.key").exists()
    try:
        play("site")
    finally:
        play("destroy", "-e", "confirm=e2e")
        shutil.rmtree(cache, ignore_errors=True)
