"""Where the module decides that an object is unchanged, the server's dry run says so too; by random objects."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release import report
from ansible_collections.gantry.platform.plugins.module_utils.release.client import APPLY, Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ApiError
from ansible_collections.gantry.platform.plugins.module_utils.release.kinds import Catalogue, Kind, discover
from ansible_collections.gantry.platform.plugins.module_utils.release.objects import prepare, without_nulls
from ansible_collections.gantry.platform.plugins.module_utils.release.unchanged import is_unchanged
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.conftest import Object
from tests.integration.test_waves import definition

MANAGER = "property"
COUNTER = itertools.count()
Draw = Any


def maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """A mapping of which each field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


def some(strategy: st.SearchStrategy[Any], key: str, most: int = 3) -> st.SearchStrategy[list[Any]]:
    """A list whose items differ by a key."""
    return st.lists(strategy, max_size=most, unique_by=lambda item: item.get(key))


WORDS = st.sampled_from(["a", "b", "1", "1000m", "true"])
LABELS = st.dictionaries(
    st.sampled_from(["app", "tier", "x.example.org/y"]), st.sampled_from(["a", "b", "1000m"]), max_size=2
)
METADATA = maybe(labels=LABELS, annotations=LABELS, creationTimestamp=st.none())
CPU = st.sampled_from(["1", "1000m", 1, "0.5", "500m", "100m"])
MEMORY = st.sampled_from(["1Gi", "1024Mi", "1073741824", 1073741824, "0.5Gi", "1G", "128974848"])
AMOUNTS = maybe(cpu=CPU, memory=MEMORY)
PORT = st.sampled_from([80, "http", 8080])
PROBE = maybe(
    httpGet=st.fixed_dictionaries(
        {"port": PORT}, optional={"path": WORDS, "scheme": st.sampled_from(["HTTP", "HTTPS"])}
    ),
    periodSeconds=st.sampled_from([1, 10]),
).filter(lambda probe: "httpGet" in probe)
ENV = st.one_of(
    st.fixed_dictionaries({"name": WORDS}, optional={"value": st.one_of(WORDS, st.just(""))}),
    st.fixed_dictionaries(
        {
            "name": WORDS,
            "valueFrom": st.fixed_dictionaries(
                {
                    "fieldRef": st.fixed_dictionaries(
                        {"fieldPath": st.just("metadata.name")}, optional={"apiVersion": st.just("v1")}
                    )
                }
            ),
        }
    ),
)
CONTAINER_PORT = st.fixed_dictionaries(
    {"containerPort": st.sampled_from([80, 8080])},
    optional={"protocol": st.sampled_from(["TCP", "UDP"]), "name": st.sampled_from(["http", "dns"])},
)
CONTAINER = st.fixed_dictionaries(
    {"name": st.sampled_from(["one", "two"]), "image": st.sampled_from(["x:1", "x:2", "x"])},
    optional={
        "env": st.one_of(some(ENV, "name"), st.none()),
        "ports": some(CONTAINER_PORT, "containerPort"),
        "resources": maybe(requests=AMOUNTS),
        "readinessProbe": PROBE,
        "command": st.one_of(st.lists(WORDS, max_size=2), st.none()),
        "securityContext": maybe(runAsUser=st.just(1000), capabilities=maybe(drop=st.just(["ALL"]))),
        "imagePullPolicy": st.sampled_from(["Always", "IfNotPresent"]),
    },
)
VOLUME = st.one_of(
    st.fixed_dictionaries({"name": st.just("tmp"), "emptyDir": maybe(sizeLimit=MEMORY)}),
    st.fixed_dictionaries({"name": st.just("tmp"), "emptyDir": st.none()}),
    st.fixed_dictionaries(
        {
            "name": st.just("files"),
            "configMap": st.fixed_dictionaries(
                {"name": st.just("files")},
                optional={"defaultMode": st.sampled_from([0o644, 0o600]), "optional": st.booleans()},
            ),
        }
    ),
)
POD = st.fixed_dictionaries(
    {"containers": some(CONTAINER, "name").filter(bool)},
    optional={
        "volumes": some(VOLUME, "name"),
        "nodeSelector": LABELS,
        "terminationGracePeriodSeconds": st.sampled_from([30, 5]),
        "serviceAccountName": st.just("web"),
        "securityContext": maybe(runAsNonRoot=st.booleans()),
        "tolerations": st.lists(maybe(key=st.just("spot"), operator=st.just("Exists")), max_size=1),
        "hostNetwork": st.one_of(st.none(), st.just(False)),
    },
)
TEMPLATE = st.fixed_dictionaries({"metadata": st.just({"labels": {"app": "web"}}), "spec": POD})
SELECTOR = st.just({"matchLabels": {"app": "web"}})
CLAIM = st.fixed_dictionaries(
    {
        "metadata": st.just({"name": "data"}),
        "spec": st.fixed_dictionaries(
            {
                "accessModes": st.just(["ReadWriteOnce"]),
                "resources": st.fixed_dictionaries({"requests": st.fixed_dictionaries({"storage": MEMORY})}),
            },
            optional={"volumeMode": st.just("Filesystem"), "storageClassName": WORDS},
        ),
    }
)
SERVICE_PORT = st.fixed_dictionaries(
    {"port": st.sampled_from([80, 443]), "name": st.sampled_from(["http", "https"])},
    optional={"protocol": st.just("TCP"), "targetPort": PORT},
)
POLICY_PORT = st.fixed_dictionaries({"port": PORT}, optional={"protocol": st.sampled_from(["TCP", "UDP"])})
PEER = st.one_of(
    st.fixed_dictionaries({"podSelector": maybe(matchLabels=LABELS)}),
    st.fixed_dictionaries({"ipBlock": st.fixed_dictionaries({"cidr": st.just("10.0.0.0/8")})}),
)
METRIC = st.fixed_dictionaries(
    {
        "type": st.just("Resource"),
        "resource": st.fixed_dictionaries(
            {
                "name": st.just("cpu"),
                "target": st.one_of(
                    st.fixed_dictionaries(
                        {"type": st.just("Utilization"), "averageUtilization": st.sampled_from([50, 80])}
                    ),
                    st.fixed_dictionaries({"type": st.just("AverageValue"), "averageValue": CPU}),
                ),
            }
        ),
    }
)
FREE: st.SearchStrategy[Any] = st.recursive(
    st.one_of(WORDS, st.booleans(), st.integers(0, 3), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)),
    max_leaves=5,
)

KINDS: dict[str, tuple[str, st.SearchStrategy[Object]]] = {
    "ConfigMap": ("v1", maybe(data=st.dictionaries(WORDS, WORDS, max_size=3), immutable=st.just(False))),
    "Secret": ("v1", maybe(stringData=st.dictionaries(WORDS, WORDS, max_size=2), data=st.just({"k": "dmFsdWU="}))),
    "Service": (
        "v1",
        st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {"ports": some(SERVICE_PORT, "port").filter(bool)},
                    optional={
                        "selector": LABELS,
                        "type": st.sampled_from(["ClusterIP", "NodePort"]),
                        "sessionAffinity": st.just("None"),
                    },
                )
            }
        ),
    ),
    "Deployment": (
        "apps/v1",
        st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {"selector": SELECTOR, "template": TEMPLATE},
                    optional={
                        "replicas": st.sampled_from([1, 2]),
                        "strategy": st.fixed_dictionaries(
                            {"type": st.just("RollingUpdate")},
                            optional={"rollingUpdate": maybe(maxSurge=st.sampled_from([1, "25%", "1"]))},
                        ),
                    },
                )
            }
        ),
    ),
    "StatefulSet": (
        "apps/v1",
        st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {"selector": SELECTOR, "template": TEMPLATE, "serviceName": st.just("web")},
                    optional={"volumeClaimTemplates": st.lists(CLAIM, max_size=1)},
                )
            }
        ),
    ),
    "NetworkPolicy": (
        "networking.k8s.io/v1",
        st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {"podSelector": maybe(matchLabels=LABELS)},
                    optional={
                        "ingress": st.lists(
                            maybe(ports=st.lists(POLICY_PORT, max_size=2), **{"from": st.lists(PEER, max_size=1)}),
                            max_size=2,
                        ),
                        "policyTypes": st.sampled_from([["Ingress"], ["Ingress", "Egress"]]),
                    },
                )
            }
        ),
    ),
    "HorizontalPodAutoscaler": (
        "autoscaling/v2",
        st.fixed_dictionaries(
            {
                "spec": st.fixed_dictionaries(
                    {
                        "scaleTargetRef": st.just({"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}),
                        "maxReplicas": st.sampled_from([3, 4]),
                    },
                    optional={"minReplicas": st.sampled_from([1, 2]), "metrics": st.lists(METRIC, max_size=1)},
                )
            }
        ),
    ),
    "ResourceQuota": (
        "v1",
        st.fixed_dictionaries({"spec": st.fixed_dictionaries({"hard": maybe(cpu=CPU, **{"limits.memory": MEMORY})})}),
    ),
    "Role": (
        "rbac.authorization.k8s.io/v1",
        maybe(
            rules=st.lists(
                st.fixed_dictionaries(
                    {
                        "apiGroups": st.just([""]),
                        "resources": st.just(["pods"]),
                        "verbs": st.lists(WORDS, min_size=1, max_size=2),
                    }
                ),
                max_size=2,
            )
        ),
    ),
    "Thing": ("property.example.org/v1", maybe(spec=st.dictionaries(st.sampled_from("ab"), FREE, max_size=2))),
}


@pytest.fixture(scope="module")
def catalogue(client: Client) -> Catalogue:
    """What is served, one custom kind included."""
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    client.request("POST", path, body=definition("Thing", "property.example.org"))
    client.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "property"}})
    served = discover(client)
    while not served.find("property.example.org/v1", "Thing"):
        served = discover(client)
    return served


def ready(kind: Kind, name: str, metadata: Object, body: Object) -> Object:
    """An object as the module would apply it."""
    described = {**metadata, "labels": {"member": "x", **metadata.get("labels", {})}}  # as every member has one
    document = {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {**described, "name": name, "namespace": "property"},
    }
    desired = prepare([("test", {**document, **copy.deepcopy(body)})])[0].desired
    return without_nulls(desired) if kind.builtin else desired


def interfere(client: Client, path: str, draw: Draw) -> None:
    """Another manager sets a label or the value of a field that may be there, or nothing happens."""
    act = draw(st.sampled_from(["nothing", "label", "replicas", "take"]))
    patches: dict[str, Object] = {
        "label": {"metadata": {"labels": {"app": "a", "other": "x"}}},
        "replicas": {"spec": {"replicas": 2}},
        "take": {"metadata": {"annotations": {"tier": "b"}}},
    }
    if act in patches and not (act == "replicas" and "deployments" not in path):
        client.request("PATCH", path, {"fieldManager": "other"}, patches[act], "application/merge-patch+json")


def settled(live: Object) -> Object:
    """Less what controllers write meanwhile, between a look and the dry run: the status and a Deployment's revision."""
    metadata = copy.deepcopy(live["metadata"])
    metadata.get("annotations", {}).pop("deployment.kubernetes.io/revision", None)
    if not metadata.get("annotations", True):
        del metadata["annotations"]
    fields = metadata.get("managedFields", [])
    metadata["managedFields"] = [entry for entry in fields if entry.get("subresource") != "status"]
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}


def content(live: Object) -> Object:
    """What of a live object can be compared."""
    return report.content(settled(live))


def ownership(live: Object) -> object:
    """Who owns what of it."""
    return report.ownership(settled(live))


def must_be_invalid(error: ApiError) -> None:
    """Not every random object is valid; nothing else may go wrong."""
    assert error.status in (400, 422), error


@pytest.mark.parametrize("name", KINDS)
def test_what_we_call_unchanged_the_server_calls_unchanged(name: str, client: Client, catalogue: Catalogue) -> None:
    api_version, bodies = KINDS[name]
    kind = catalogue.find(api_version, name)
    assert kind
    decided = {"same": 0, "all": 0}

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.data())
    def explore(data: st.DataObject) -> None:
        number = f"{name.lower()}-{next(COUNTER)}"
        path = kind.path("property", number)
        query = {"fieldManager": MANAGER, "fieldValidation": "Strict", "force": "true"}
        first = ready(kind, number, data.draw(METADATA), data.draw(bodies))
        try:
            client.request("PATCH", path, query, first, APPLY)
        except ApiError as error:
            must_be_invalid(error)
            return
        interfere(client, path, data.draw)
        live = client.get(path)
        again = data.draw(st.booleans())
        second = first if again else ready(kind, number, data.draw(METADATA), data.draw(bodies))
        verdict = is_unchanged(second, live, MANAGER, kind.builtin)
        try:
            _, dry = client.request("PATCH", path, {**query, "dryRun": "All"}, second, APPLY)
        except ApiError as error:
            must_be_invalid(error)
            assert not verdict
            return
        same = content(dry) == content(live) and ownership(dry) == ownership(live)
        assert same or not verdict, f"the server would change {live} by {second}"
        decided["all"] += same
        decided["same"] += verdict

    explore()
    assert decided["same"] >= decided["all"] * 0.7, (
        f"of {decided['all']} unchanged objects only {decided['same']} are seen"
    )
