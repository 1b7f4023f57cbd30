"""Kubeconfigs of clusters that we did not make, node groups, and who may in."""

from __future__ import annotations

import base64
import datetime
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.filter.clusters import FilterModule
from ansible_collections.gantry.platform.plugins.module_utils.release import kubeconfig
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError

from tests.unit.module_utils.infrastructure.example import AWS, inventory

FILTERS = FilterModule().filters()
CLUSTER = {"name": "gantry-dev", "endpoint": "https://dev.example.com", "certificate_authority": "Q0E="}


def write(path: Path, config: Any) -> Path:
    path.write_text(yaml.safe_dump(config))
    return path


def test_a_kubeconfig_of_eks_makes_tokens_that_tell_who_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token is the request to STS that botocore's own signer makes, with the cluster's name signed."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "of-nobody")
    path = write(tmp_path / "config", FILTERS["eks_kubeconfig"](CLUSTER, "eu-central-1", sys.executable))
    assert "of-nobody" not in path.read_text()
    access = kubeconfig.load(str(path), None)
    assert access.server == CLUSTER["endpoint"]
    token = access.credentials().token
    assert token.startswith("k8s-aws-v1.")
    assert "=" not in token
    body = token.removeprefix("k8s-aws-v1.")
    signed = parse_qs(urlsplit(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()).query)
    assert signed["X-Amz-SignedHeaders"] == ["host;x-k8s-aws-id"]
    assert signed["X-Amz-Expires"] == ["60"]

    when = datetime.datetime.strptime(signed["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: when)
    request = {
        "method": "GET",
        "url": "https://sts.eu-central-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": CLUSTER["name"]},
        "context": {},
    }
    signer: Any = boto3.session.Session().client("sts", "eu-central-1")
    theirs = signer._request_signer.generate_presigned_url(
        request, region_name="eu-central-1", expires_in=60, operation_name=""
    )
    assert parse_qs(urlsplit(theirs).query) == signed


def test_without_credentials_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path = write(tmp_path / "config", FILTERS["eks_kubeconfig"](CLUSTER, "eu-central-1", sys.executable))
    with pytest.raises(ReleaseError, match="no credentials of AWS: log in, or set AWS_PROFILE"):
        kubeconfig.load(str(path), None).credentials()


@pytest.mark.parametrize("key", CLUSTER)
def test_a_cluster_that_is_not_there_yet_has_no_kubeconfig(key: str) -> None:
    with pytest.raises(AnsibleFilterError, match=f"has no {key} yet: run the stage infrastructure"):
        FILTERS["eks_kubeconfig"]({**CLUSTER, key: ""}, "eu-central-1", sys.executable)


EXISTING: dict[str, Any] = {
    "current-context": "work",
    "contexts": [
        {"name": "work", "context": {"cluster": "c", "user": "u", "namespace": "kept-out"}},
        {"name": "other", "context": {"cluster": "c", "user": "plugin"}},
        {"name": "broken", "context": {"cluster": "gone"}},
    ],
    "clusters": [{"name": "c", "cluster": {"server": "https://c", "certificate-authority": "ca.crt"}}],
    "users": [
        {"name": "u", "user": {"client-certificate": "/abs/u.crt", "client-key": "keys/u.key"}},
        {"name": "plugin", "user": {"exec": {"command": "./login", "apiVersion": "v1"}}},
        {"name": "secret", "user": {"token": "of-somebody-else"}},
    ],
}


def test_of_an_existing_kubeconfig_one_context_is_taken_and_no_more(tmp_path: Path) -> None:
    for name in ("ca.crt", "keys/u.key"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("PEM")
    made = FILTERS["one_context"](EXISTING, str(tmp_path))
    assert "of-somebody-else" not in json.dumps(made)
    access = kubeconfig.load(str(write(tmp_path / "made", made)), None)
    assert access.cluster == {"server": "https://c", "certificate-authority": f"{tmp_path}/ca.crt"}
    assert access.user == {"client-certificate": "/abs/u.crt", "client-key": f"{tmp_path}/keys/u.key"}
    other = FILTERS["one_context"](EXISTING, str(tmp_path), "other")
    assert other["users"][0]["user"]["exec"]["command"] == f"{tmp_path}/login"


@pytest.mark.parametrize(
    ("config", "context", "told"),
    [
        (EXISTING, "wrok", "no context 'wrok': it has broken, other, work; set the context"),
        (EXISTING, "broken", "no cluster 'gone': it has c"),
        ({**EXISTING, "current-context": ""}, "", "no current context: choose one of broken, other, work"),
        ("text", "", "is no map"),
    ],
)
def test_a_context_that_is_not_there_is_told(config: Any, context: str, told: str) -> None:
    with pytest.raises(AnsibleFilterError, match=told):
        FILTERS["one_context"](config, "/", context)


def test_pools_become_node_groups_as_the_module_takes_them() -> None:
    made = FILTERS["node_groups"](inventory()["platform_node_pools"], AWS)
    assert [(one["name"], one["capacity"], one["count"], one["min"], one["max"]) for one in made] == [
        ("general", "on_demand", 2, 1, 4),
        ("spot", "spot", 1, 0, 5),
        ("spot-floor", "on_demand", 1, 1, 1),
    ]
    assert made[1]["taints"] == [{"key": "gantry.dev/capacity", "value": "spot", "effect": "PreferNoSchedule"}]
    with pytest.raises(AnsibleFilterError, match="EKS brings itself"):
        FILTERS["node_groups"]([{"name": "control", "role": "control_plane", "count": 1}], AWS)


def test_who_may_in_follows_from_the_inventory() -> None:
    assert FILTERS["eks_access"](AWS) == [
        {"principal": AWS["administrators"][0], "policy": "AmazonEKSClusterAdminPolicy"},
        {"principal": AWS["viewers"][0], "policy": "AmazonEKSViewPolicy"},
    ]
    assert FILTERS["eks_access"]({}) == []
