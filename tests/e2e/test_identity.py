"""Who may call what: tokens at the gateway and again at the service, certificates between workloads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.identity import keys, tokens
from cryptography.hazmat.primitives.asymmetric import ec

from tests.e2e import meshed
from tests.e2e.conftest import CONTRACT, PLATFORM, STATE, drill, get, kubectl, play, wait_until

pytestmark = pytest.mark.e2e

EXPORT = "/shop/catalog/export"
INSIDE = "http://catalog.shop.svc.cluster.local:8080"
ISSUER = f"https://{CONTRACT['platform_domain']}"


def key() -> ec.EllipticCurvePrivateKey:
    """The issuer's own."""
    return keys.read_key(STATE / "pki/tokens.key")


def grant(**other: Any) -> tokens.Grant:
    """What opens the export, but for what is said otherwise."""
    return tokens.Grant(
        **{"issuer": ISSUER, "audience": "platform", "subject": "drill", "scopes": ("catalog.export",), **other}
    )


def good() -> str:
    return tokens.mint(key(), grant())


def altered() -> str:
    head, payload, signature = tokens.mint(key(), grant(scopes=())).split(".")
    mine = tokens.mint(keys.new_key(), grant()).split(".")[1]
    assert mine != payload
    return f"{head}.{mine}.{signature}"


TOKENS: dict[str, tuple[Callable[[], str], int]] = {
    "good": (good, 200),
    "none": (lambda: "", 403),
    "of another key": (lambda: tokens.mint(keys.new_key(), grant()), 401),
    "of another issuer": (lambda: tokens.mint(key(), grant(issuer="https://elsewhere.example")), 401),
    "for another audience": (lambda: tokens.mint(key(), grant(audience="elsewhere")), 403),
    "expired": (lambda: tokens.sign(key(), tokens.claims(grant(minutes=1), time.time() - 3600)), 401),
    "altered": (altered, 401),
    "no token at all": (lambda: "rubbish", 401),
    "without the scope": (lambda: tokens.mint(key(), grant(scopes=("catalog.read",))), 403),
}


def header(token: str) -> dict[str, str]:
    return {"x-platform-token": token} if token else {}


def test_the_gateway_and_the_service_open_for_the_right_token_alone() -> None:
    with drill("identity.tokens", "6", "The protected path opens for the right token alone") as told:
        wait_until(lambda: get(EXPORT, header(good())).status == 200, 30, "every proxy knows the key")
        seen = {name: get(EXPORT, header(make())).status for name, (make, _) in TOKENS.items()}
        told.evidence = f"GET {EXPORT}: " + ", ".join(f"{name} {status}" for name, status in seen.items())
        assert seen == {name: status for name, (_, status) in TOKENS.items()}


def test_what_is_not_protected_needs_no_token_but_bears_no_wrong_one() -> None:
    assert get("/shop/catalog/products?q=mug").status == 200
    assert get("/shop/catalog/products?q=mug", header(good())).status == 200
    assert get("/shop/catalog/products?q=mug", header("rubbish")).status == 401
    assert get("/shop/catalog/products", method="POST", body="{}").status == 403
    assert get("/shop/catalog/products", {"Authorization": "Bearer of-an-application"}).status == 200


def test_an_operator_makes_a_token_that_no_log_shows() -> None:
    run = play("playbooks/token.yml", "-e", "subject=drill", "-e", "scopes=catalog.export", "-e", "minutes=2", "-vvv")
    assert run.code == 0
    path = PLATFORM / "tokens/drill"
    token = path.read_text()
    assert token not in run.output
    assert token.split(".")[2] not in run.output
    assert path.stat().st_mode & 0o077 == 0
    assert get(EXPORT, header(token)).status == 200
    refused = play("playbooks/token.yml", "-e", "subject=drill", "-e", "minutes=1000")
    assert refused.code != 0
    assert "minutes is 1000: give more than 0 and at most 720" in refused.output


NAME = "stranger"
SELECTOR = {"matchLabels": meshed.labels(NAME)}
CATALOG = {"matchLabels": {"app.kubernetes.io/name": "catalog"}}
PORT = [{"port": 8080, "protocol": "TCP"}]


def named(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": "shop", "labels": meshed.labels(NAME)}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


POLICIES = [
    named(
        "networking.k8s.io/v1",
        "NetworkPolicy",
        {
            "podSelector": SELECTOR,
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"podSelector": CATALOG}], "ports": PORT}],
        },
    ),
    {
        **named(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            {
                "podSelector": CATALOG,
                "policyTypes": ["Ingress"],
                "ingress": [{"from": [{"podSelector": SELECTOR}], "ports": PORT}],
            },
        ),
        "metadata": {"name": f"{NAME}-in", "namespace": "shop", "labels": meshed.labels(NAME)},
    },
]
WELCOME = named(
    "security.istio.io/v1",
    "AuthorizationPolicy",
    {
        "selector": CATALOG,
        "action": "ALLOW",
        "rules": [
            {
                "from": [{"source": {"principals": [f"cluster.local/ns/shop/sa/{NAME}"]}}],
                "to": [{"operation": {"methods": ["GET"], "paths": ["/products"]}}],
            },
            {
                "from": [{"source": {"principals": [f"cluster.local/ns/shop/sa/{NAME}"], "requestPrincipals": ["*"]}}],
                "to": [{"operation": {"methods": ["GET"], "paths": ["/export"]}}],
                "when": [{"key": "request.auth.claims[scope]", "values": ["catalog.export"]}],
            },
        ],
    },
)


@pytest.fixture(scope="module")
def stranger() -> Iterator[str]:
    """A pod of the mesh that no rule names; the network lets it reach the catalog, past the gateway."""
    pod = named("v1", "Pod", meshed.pod_spec(NAME))
    pod["metadata"]["annotations"] = meshed.UNSCRAPED
    items = [meshed.account(NAME, "shop"), *POLICIES, pod]
    meshed.apply(items)
    try:
        kubectl("wait", f"pod/{NAME}", "--namespace=shop", "--for=condition=Ready", "--timeout=90s")
        yield NAME
    finally:
        meshed.delete([WELCOME, *items])


def test_a_workload_that_no_rule_names_is_refused(stranger: str) -> None:
    with drill(
        "identity.workloads", "2", "A workload of the mesh that no rule names is refused by the service"
    ) as told:
        seen = {path: meshed.ask(stranger, "shop", INSIDE + path) for path in ("/products", "/export", "/metrics")}
        told.evidence = f"{NAME}, past the gateway: " + ", ".join(f"{path} {code}" for path, code in seen.items())
        assert set(seen.values()) == {403}
        assert meshed.ask(stranger, "shop", INSIDE + "/export", x_platform_token=good()) == 403


def heard() -> bool:
    """Whether every pod of the catalog knows the rule: which of them answers is the mesh's choice."""
    return all(meshed.ask(NAME, "shop", INSIDE + "/products") == 200 for _ in range(8))


def test_the_services_own_sidecar_checks_tokens_again(stranger: str) -> None:
    with drill("identity.sidecar", "6", "A service checks tokens itself, of callers past the gateway too") as told:
        meshed.apply([WELCOME])
        wait_until(heard, 30, "every pod of the catalog hears of its new caller")
        url = INSIDE + "/export"
        seen = {
            name: meshed.ask(stranger, "shop", url, **({"x_platform_token": make()} if make() else {}))
            for name, (make, _) in TOKENS.items()
        }
        told.evidence = f"{NAME}, named by a rule, past the gateway: " + ", ".join(
            f"{name} {status}" for name, status in seen.items()
        )
        assert seen == {name: status for name, (_, status) in TOKENS.items()}
        assert meshed.ask(stranger, "shop", INSIDE + "/prices?sku=enamel-mug") == 403
