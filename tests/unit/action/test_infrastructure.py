"""The stage infrastructure of inventories/dev without Terraform: real runs of ansible-playbook, and moto's server."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[3]
ROLE = "arn:aws:iam::111111111111:role/"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where moto's server answers."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "of-nobody")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def play(directory: Path, driver: str, *arguments: str, absent: bool = False, **variables: Any) -> tuple[int, str, int]:
    """Run the role; returns the exit status, what was printed, and how many tasks changed something."""
    role = {"name": "gantry.platform.infrastructure", **({"tasks_from": "absent"} if absent else {})}
    playbook = directory / "play.yml"
    tasks = [{"name": "The stage", "ansible.builtin.include_role": role}]
    playbook.write_text(
        yaml.safe_dump([{"name": "Stage", "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    )
    given = {
        "platform_driver": driver,
        "platform_provisioner": "native",
        "platform_directory": str(directory / "environment"),
        "platform_state_directory": str(directory / "state"),
        "platform_kubeconfig": str(directory / "environment/kubeconfig"),
        **variables,
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(ROOT / "inventories/dev")]
    done = subprocess.run(
        [*command, str(playbook), "-e", json.dumps(given), *arguments],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    changed = re.search(r"changed=(\d+)", done.stdout)
    return done.returncode, done.stdout + done.stderr, int(changed[1]) if changed else -1


def test_eks_is_made_found_unchanged_and_removed(tmp_path: Path, moto: str) -> None:
    variables: dict[str, Any] = {
        "infrastructure_aws_endpoint_url": moto,
        "infrastructure_aws_role": f"{ROLE}cluster",
        "infrastructure_aws_node_role": f"{ROLE}node",
        "infrastructure_aws_subnets": {f"eu-central-1{zone}": f"subnet-{zone}" for zone in "abc"},
        "infrastructure_aws_access": [],  # moto's EKS has no access entries
    }
    eks = boto3.session.Session().client("eks", "eu-central-1", endpoint_url=moto)
    code, output, changed = play(tmp_path, "aws", "--check", **variables)
    assert code == 0, output
    assert changed > 0
    assert eks.list_clusters()["clusters"] == []

    code, output, changed = play(tmp_path, "aws", **variables)
    assert code == 0, output
    assert eks.list_nodegroups(clusterName="gantry-dev")["nodegroups"] == ["general", "spot"]
    spot = eks.describe_nodegroup(clusterName="gantry-dev", nodegroupName="spot")["nodegroup"]
    assert (spot["capacityType"], spot["subnets"]) == ("SPOT", ["subnet-a", "subnet-b", "subnet-c"])
    kubeconfig = tmp_path / "environment/kubeconfig"
    assert kubeconfig.stat().st_mode & 0o777 == 0o600
    assert "eks_token.py" in kubeconfig.read_text()
    assert "of-nobody" not in kubeconfig.read_text() + output

    code, output, changed = play(tmp_path, "aws", **variables)
    assert (code, changed) == (0, 0), output

    code, output, changed = play(tmp_path, "aws", absent=True, **variables)
    assert code == 0, output
    assert eks.list_clusters()["clusters"] == []


def test_an_inventory_that_does_not_say_where_is_refused(tmp_path: Path) -> None:
    code, output, _ = play(tmp_path, "aws")
    assert code != 0
    assert "set infrastructure_aws_role and" in " ".join(output.split())
    assert not (tmp_path / "environment").exists()


def test_an_existing_cluster_is_opened_once(tmp_path: Path) -> None:
    config = tmp_path / "theirs"
    config.write_text(
        yaml.safe_dump(
            {
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "clusters": [{"name": "c", "cluster": {"server": "https://c.example.com"}}],
                "users": [{"name": "u", "user": {"token": "of-somebody"}}, {"name": "v", "user": {"token": "other"}}],
            }
        )
    )
    code, output, changed = play(tmp_path, "existing", "--diff", "-vvv", infrastructure_kubeconfig=str(config))
    assert code == 0, output
    made = tmp_path / "environment/kubeconfig"
    assert made.stat().st_mode & 0o777 == 0o600
    assert [user["user"] for user in yaml.safe_load(made.read_text())["users"]] == [{"token": "of-somebody"}]
    assert "of-somebody" not in output
    code, output, changed = play(tmp_path, "existing", infrastructure_kubeconfig=str(config))
    assert (code, changed) == (0, 0), output
    code, output, _ = play(tmp_path, "existing", infrastructure_kubeconfig=str(tmp_path / "none"))
    assert code != 0
    assert "set infrastructure_kubeconfig to the path" in " ".join(output.split())
