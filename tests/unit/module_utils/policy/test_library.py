"""Fitting policies to an environment."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.policy import library
from ansible_collections.gantry.platform.plugins.module_utils.policy.library import PolicyError, Wishes

POLICIES = Path(__file__).resolve().parents[4] / "policies"
TODAY = datetime.date(2026, 11, 23)
GOOD: dict[str, Any] = {"policies": ["probes"], "objects": ["shop/*"], "reason": "It is old", "until": "2026-11-23"}


@pytest.fixture(scope="module")
def policies() -> library.Library:
    return library.read(POLICIES)


def constraint(objects: list[library.Object], name: str) -> library.Object:
    (found,) = [item for item in objects if item["metadata"]["name"] == name and "constraints." in item["apiVersion"]]
    return found


def test_every_policy_is_read(policies: library.Library) -> None:
    assert len(policies.templates) == len(policies.constraints) == 9
    assert {item["kind"] for item in policies.shared} == {"ExpansionTemplate", "SyncSet"}


def test_constraints_come_a_wave_after_their_templates(policies: library.Library) -> None:
    objects = library.fit(policies, Wishes())
    waves = [item["metadata"].get("annotations", {}).get(library.WAVE, "0") for item in objects]
    assert waves == sorted(waves)
    assert waves.count("1") == 9


def test_enforcement_and_its_overrides(policies: library.Library) -> None:
    objects = library.fit(policies, Wishes(enforcement="warn", overrides={"probes": "dryrun"}))
    assert constraint(objects, "probes")["spec"]["enforcementAction"] == "dryrun"
    assert constraint(objects, "resources")["spec"]["enforcementAction"] == "warn"


def test_exceptions_reach_their_policies_alone(policies: library.Library) -> None:
    exempt = library.exceptions(
        [GOOD, {**GOOD, "policies": ["*"], "objects": ["kube-system/*"]}], policies.constraints, TODAY
    )
    objects = library.fit(policies, Wishes(exceptions=exempt))
    assert constraint(objects, "probes")["spec"]["parameters"]["exceptions"] == ["kube-system/*", "shop/*"]
    assert constraint(objects, "resources")["spec"]["parameters"]["exceptions"] == ["kube-system/*"]
    assert "until 2026-11-23: It is old" in constraint(objects, "probes")["metadata"]["annotations"][library.EXCEPTIONS]


def test_the_library_itself_stays_as_it_is(policies: library.Library) -> None:
    library.fit(
        policies, Wishes(enforcement="dryrun", exceptions=library.exceptions([GOOD], policies.constraints, TODAY))
    )
    assert policies.constraints["probes"]["spec"]["enforcementAction"] == "deny"
    assert policies.constraints["probes"]["spec"]["parameters"]["exceptions"] == []


def test_images_of_the_bundle(policies: library.Library) -> None:
    images = library.pinned(
        {"registry.example:5000/team/app:1.2": {"digest": "sha256:ab"}, "a.example/b:1": {"digest": "sha256:cd"}}
    )
    assert images == ("a.example/b@sha256:cd", "registry.example:5000/team/app@sha256:ab")
    objects = library.fit(policies, Wishes(images=images))
    assert constraint(objects, "image-digests")["spec"]["parameters"]["images"] == list(images)


def test_what_looks_up_others_judges_pods_as_they_come(policies: library.Library) -> None:
    objects = library.fit(policies, Wishes(namespaces=("dev-*",)))
    assert constraint(objects, "default-deny")["spec"]["match"]["source"] == "Original"
    assert "source" not in constraint(objects, "probes")["spec"]["match"]
    assert constraint(objects, "probes")["spec"]["match"]["namespaces"] == ["dev-*"]


def test_what_a_webhook_must_see(policies: library.Library) -> None:
    rules = {rule["apiGroups"][0]: rule["kinds"] for rule in library.judged_kinds(policies)}
    assert rules[""] == ["Pod", "Service"]
    assert rules["apps"] == ["DaemonSet", "Deployment", "StatefulSet"]
    assert rules["batch"] == ["CronJob", "Job"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"until": "2026-11-22"}, "ended on 2026-11-22 (shop/*): remove it, or give it a new date"),
        ({"until": "next year"}, "until: 'next year' is not a day"),
        ({"until": ""}, "until is missing"),
        ({"reason": ""}, "reason is missing"),
        ({"policies": ["probe"]}, "policies: probe: unknown; did you mean probes?"),
        ({"objects": ["shop"]}, "objects: 'shop' is not namespace/name"),
        ({"untill": "x"}, "untill: unknown; did you mean until?"),
    ],
)
def test_wrong_exceptions(policies: library.Library, change: dict[str, Any], says: str) -> None:
    with pytest.raises(PolicyError) as error:
        library.exceptions([GOOD, {**GOOD, **change}], policies.constraints, TODAY)
    assert f"exceptions[1]: {says}" in str(error.value)


def test_all_mistakes_at_once(policies: library.Library) -> None:
    with pytest.raises(PolicyError) as error:
        library.exceptions(["x", {**GOOD, "reason": ""}, {**GOOD, "until": "x"}], policies.constraints, TODAY)
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("wishes", "says"),
    [
        (Wishes(enforcement="block"), "enforcement is 'block': use one of deny, warn, dryrun"),
        (Wishes(overrides={"probes": "off"}), "overrides.probes is 'off'"),
        (Wishes(overrides={"probs": "warn"}), "overrides: probs: unknown; did you mean probes?"),
        (Wishes(parameters={"probes": {"probe": []}}), "parameters.probes.probe: unknown; did you mean probes?"),
        (Wishes(parameters={"labels": {}}), "parameters: labels: unknown"),
    ],
)
def test_wrong_wishes(policies: library.Library, wishes: Wishes, says: str) -> None:
    with pytest.raises(PolicyError) as error:
        library.fit(policies, wishes)
    assert says in str(error.value)


def test_a_directory_without_policies(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="holds no policy"):
        library.read(tmp_path)


def test_a_policy_without_its_constraint(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "template.yaml").write_text("kind: ConstraintTemplate")
    with pytest.raises(PolicyError, match=r"x/constraint\.yaml cannot be read"):
        library.read(tmp_path)


def test_kinds_that_are_not_served_are_not_looked_up(policies: library.Library) -> None:
    def synced(*unserved: str) -> list[str]:
        objects = library.fit(policies, Wishes(unserved=unserved))
        return [kind["kind"] for item in objects if item["kind"] == "SyncSet" for kind in item["spec"]["gvks"]]

    assert "VerticalPodAutoscaler" in synced()
    assert synced("autoscaling.k8s.io") == [kind for kind in synced() if kind != "VerticalPodAutoscaler"]
    assert synced("autoscaling.k8s.io", "autoscaling", "networking.k8s.io") == []
    assert "VerticalPodAutoscaler" in synced()
    groups = [rule["apiGroups"] for rule in library.judged_kinds(policies)]
    assert ["autoscaling.k8s.io"] in groups
    without = [rule["apiGroups"] for rule in library.judged_kinds(policies, ["autoscaling.k8s.io"])]
    assert without == [group for group in groups if group != ["autoscaling.k8s.io"]]
