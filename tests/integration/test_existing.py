"""A cluster that runs already: what it is, why the platform may not run on it, and what OpenShift needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.gantry.platform.plugins.module_utils.cluster.look import DEFAULT_CLASS, look, mistakes
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load
from ansible_collections.gantry.platform.plugins.module_utils.results import Mode
from ansible_collections.gantry.platform.plugins.modules import cluster_facts

from tests.integration.api_server import ApiServer, running
from tests.integration.conftest import Object

ROOT = Path(__file__).resolve().parents[2]
OPENSHIFT = Path(__file__).with_name("openshift.yml")
PLAY: list[Object] = [
    {
        "name": "OpenShift",
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Look at the cluster",
                "gantry.platform.cluster_facts": {
                    "kubeconfig": "{{ platform_kubeconfig }}",
                    "kubernetes_version": "{{ platform_kubernetes_version }}",
                    "default_class": False,
                },
            },
            {
                "name": "The way in",
                "ansible.builtin.include_role": {"name": "gantry.platform.openshift", "tasks_from": "route"},
                "when": "openshift_state != 'absent'",
            },
            {"name": "Rights", "ansible.builtin.include_role": {"name": "gantry.platform.openshift"}},
        ],
    }
]


@pytest.fixture(scope="module")
def server(bundled: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server of its own: it becomes OpenShift's on the way."""
    with running(tmp_path_factory.mktemp("existing")) as started:
        yield started


@pytest.fixture(scope="module")
def admin(server: ApiServer) -> Client:
    return Client(load(str(server.kubeconfig), None))


def storage_class(name: str, default: bool) -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": {DEFAULT_CLASS: str(default).lower()}},
        "provisioner": "example.com/disks",
    }


def facts_of(kubeconfig: Path, version: str) -> Object:
    """What the module says."""
    parameters = {"kubeconfig": str(kubeconfig), "kubernetes_version": version, "default_class": False}
    return cluster_facts.call(parameters, Mode(check=True, diff=False))


def create(admin: Client, path: str, *bodies: Object) -> None:
    for body in bodies:
        admin.request("POST", path, body=body)


def test_a_cluster_is_held_against_what_the_platform_needs(server: ApiServer, admin: Client) -> None:
    facts = look(admin)
    assert facts.version.startswith("1.")
    assert not facts.openshift
    assert facts.denied == ()
    assert [one.variable for one in mistakes(facts, facts.version)] == ["nodes", "default StorageClass"]

    create(admin, "/api/v1/nodes", {"metadata": {"name": "worker"}})
    create(admin, "/apis/storage.k8s.io/v1/storageclasses", storage_class("one", True), storage_class("two", True))
    [two] = mistakes(look(admin), facts.version)
    assert two.value == "one, two"
    assert DEFAULT_CLASS in two.remedy
    admin.request("DELETE", "/apis/storage.k8s.io/v1/storageclasses/two")
    facts = look(admin)
    assert facts.default_classes == ("one",)
    assert list(mistakes(facts, facts.version)) == []
    minor = int(facts.version.split(".")[1])
    assert list(mistakes(facts, f"1.{minor + 1}.0")) == []
    [skew] = mistakes(facts, f"1.{minor + 2}.0")
    assert skew.variable == "platform_kubernetes_version"
    assert facts.version in skew.problem


def test_who_may_not_do_what_the_platform_does_is_told(server: ApiServer) -> None:
    rule = {"apiGroups": ["", "storage.k8s.io"], "resources": ["nodes", "storageclasses"], "verbs": ["get", "list"]}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "looks"},
        "rules": [rule],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "looks"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "looks"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "looker"}],
    }
    server.kubectl("apply", "-f", "-", text=yaml.safe_dump_all([role, binding]))
    parameters = {
        "kubeconfig": str(server.kubeconfig_for("looker")),
        "kubernetes_version": "1.99.0",
        "default_class": False,
    }
    told = cluster_facts.call(parameters, Mode(check=True, diff=False))
    assert told["failed"]
    for words in (
        "rights: create namespaces",
        "cluster administrator",
        "platform_kubernetes_version: 1.99.0",
        "Nothing has been touched",
    ):
        assert words in told["msg"]


def test_a_cluster_out_of_reach_is_told(tmp_path: Path) -> None:
    user: Object = {"name": "u", "user": {"token": "t"}}
    cluster: Object = {"name": "c", "cluster": {"server": "https://127.0.0.1:9"}}
    context: Object = {"name": "x", "context": {"cluster": "c", "user": "u"}}
    config = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "x"}
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    told = facts_of(path, "1.37.2")
    assert told["failed"]
    assert "https://127.0.0.1:9 does not answer" in told["msg"]


def play(server: ApiServer, directory: Path, *arguments: str, **variables: Any) -> dict[str, Any]:
    """Run the role as site does; returns the counts of the recap."""
    playbook = directory / "openshift.yml"
    playbook.write_text(yaml.safe_dump(PLAY))
    given = {
        "platform_kubeconfig": str(server.kubeconfig),
        "platform_kubernetes_version": look(Client(load(str(server.kubeconfig), None))).version,
        "platform_address": "https://platform.apps.example.com",
        "platform_registry_address": "registry.example.com:5000",
        "platform_image_source": "bundle",
        "bundle_images": {
            "docker.io/library/redis:8": {},
            "quay.io/cilium/cilium:v1": {},
            "docker.io/istio/pilot:1": {},
        },
        "openshift_state": "present",
        **variables,
    }
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.json",
    }
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "localhost,", "-e", json.dumps(given)]
    command += ["-e", "ansible_connection=local", *arguments, str(playbook)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    stats: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])["stats"]["localhost"]
    return stats


def released(server: ApiServer) -> list[str]:
    """Names of what the role has made."""
    kinds = "securitycontextconstraints,imagedigestmirrorsets,routes,clusterroles,clusterrolebindings"
    text = server.kubectl("get", kinds, "--all-namespaces", "-o", "name", "-l", "applyset.kubernetes.io/part-of")
    return sorted(text.split())


def test_openshift_is_known_by_its_groups_and_gets_what_it_needs(
    server: ApiServer, admin: Client, tmp_path: Path
) -> None:
    server.kubectl("apply", "-f", str(OPENSHIFT))
    server.kubectl("wait", "--for=condition=Established", "customresourcedefinitions", "--all")
    create(admin, "/api/v1/namespaces", {"metadata": {"name": "istio-ingress"}})
    facts = look(admin)
    assert facts.openshift
    assert facts.mirrors

    assert play(server, tmp_path, "--check")["changed"] == 2
    assert released(server) == []
    assert play(server, tmp_path)["changed"] == 2
    made = released(server)
    assert [name.rpartition("/")[2] for name in made if name.startswith("securitycontext")] == [
        "gantry-mesh",
        "gantry-node-figures",
    ]
    assert play(server, tmp_path)["changed"] == 0

    route = json.loads(server.kubectl("get", "route/platform", "--namespace=istio-ingress", "-o", "json"))["spec"]
    assert route["host"] == "platform.apps.example.com"
    assert route["tls"] == {"termination": "passthrough", "insecureEdgeTerminationPolicy": "Redirect"}
    mirrors = json.loads(server.kubectl("get", "imagedigestmirrorset/gantry", "-o", "json"))
    assert [one["source"] for one in mirrors["spec"]["imageDigestMirrors"]] == ["docker.io", "quay.io"]

    # A sidecar's rights are those of meshed namespaces alone, by the API server's own word.
    for namespace, allowed in (("shop", "yes"), ("monitoring", "no"), ("default", "no")):
        command = [str(server.binaries["kubectl"]), f"--kubeconfig={server.kubeconfig}", "auth", "can-i", "use"]
        command += [
            "securitycontextconstraints/gantry-mesh",
            "--as=u",
            f"--as-group=system:serviceaccounts:{namespace}",
        ]
        assert subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() == allowed

    assert play(server, tmp_path, platform_image_source="upstream")["changed"] == 1
    assert [name for name in released(server) if "mirror" in name] == []
    assert play(server, tmp_path, openshift_state="absent")["changed"] == 2
    assert released(server) == []
    assert play(server, tmp_path, openshift_state="absent")["changed"] == 0
