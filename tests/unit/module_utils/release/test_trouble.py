"""When waiting longer is in vain."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.release.trouble import (
    Acceptors,
    Patience,
    pods_of,
    refused,
)

Object = dict[str, Any]
NOT_FOUND = "code = NotFound: not found"
REFUSED = "connection refused"


def pod(reason: str = "", message: str = "", restarts: int = 0, **status: Any) -> Object:
    """A pod whose container waits."""
    container = {"name": "app", "restartCount": restarts, "state": {"waiting": {"reason": reason, "message": message}}}
    return {"metadata": {"uid": "1", "name": "web-1"}, "status": {"containerStatuses": [container], **status}}


def verdicts(*steps: tuple[float, Object], fresh: bool = True, crash_counts: bool = True) -> list[bool]:
    """Whether each step (seconds, pod) ends the wait."""
    acceptors = Acceptors(Patience())
    return [acceptors.judge(one, now, fresh, crash_counts) is not None for now, one in steps]


def test_an_image_that_is_not_there_counts_at_the_second_word() -> None:
    assert verdicts((0, pod("ErrImagePull", NOT_FOUND)), (1, pod("ImagePullBackOff", "Back-off"))) == [False, True]
    assert verdicts((0, pod("ErrImagePull", NOT_FOUND)), (3, pod("ErrImagePull", NOT_FOUND))) == [False, True]
    assert verdicts((0, pod("ImagePullBackOff", f"Back-off: ErrImagePull: {NOT_FOUND}"))) == [True]


def test_a_registry_that_does_not_answer_gets_a_second_pull() -> None:
    first = [(0.0, pod("ErrImagePull", REFUSED)), (1.0, pod("ImagePullBackOff", "Back-off"))]
    assert verdicts(*first, (9, pod("ImagePullBackOff", "Back-off")), (11, pod("ErrImagePull", REFUSED))) == [
        False,
        False,
        False,
        True,
    ]


BACK_OFF = pod("ImagePullBackOff", f"Back-off pulling image: ErrImagePull: {NOT_FOUND}")


def test_an_old_pods_missing_image_may_have_been_mended() -> None:
    steps = [(0.0, BACK_OFF), (8.0, BACK_OFF), (120.0, BACK_OFF), (121.0, pod("ContainerCreating"))]
    assert verdicts(*steps, fresh=False) == [False] * 4


def test_a_pull_that_failed_before_does_not_count() -> None:
    failed = pod("ErrImagePull", NOT_FOUND)
    assert verdicts((0, failed), (9, failed), (10, BACK_OFF), (40, BACK_OFF), fresh=False) == [False] * 4


def test_an_old_pods_missing_image_counts_when_the_next_pull_fails_too() -> None:
    steps = [(0.0, BACK_OFF), (60.0, pod("ErrImagePull", NOT_FOUND)), (61.0, BACK_OFF)]
    assert verdicts(*steps, fresh=False) == [False, False, True]


def test_an_old_pods_silent_registry_counts_when_two_more_pulls_fail() -> None:
    wait, fail = pod("ImagePullBackOff", f"Back-off: {REFUSED}"), pod("ErrImagePull", REFUSED)
    steps = [(0.0, wait), (60.0, fail), (61.0, wait), (180.0, fail)]
    assert verdicts(*steps, fresh=False) == [False, False, False, True]


def test_a_crash_loop_counts_after_the_tolerated_restart() -> None:
    assert verdicts((0, pod("CrashLoopBackOff", restarts=1)), (9, pod("CrashLoopBackOff", restarts=2))) == [False, True]


def test_an_old_crash_loop_must_crash_again() -> None:
    steps = [(0.0, pod("CrashLoopBackOff", restarts=7)), (60.0, pod("CrashLoopBackOff", restarts=8))]
    assert verdicts(*steps, fresh=False) == [False, True]


def test_a_jobs_crashes_are_the_jobs_business() -> None:
    assert verdicts((0, pod("CrashLoopBackOff", restarts=9)), crash_counts=False) == [False]


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull"])
def test_what_no_try_mends_counts_at_once(reason: str) -> None:
    assert verdicts((0, pod(reason))) == [True]


def test_a_container_that_cannot_be_made_counts_after_the_grace() -> None:
    broken = pod("CreateContainerConfigError", 'secret "x" not found')
    assert verdicts((0, broken), (7, broken), (8, broken)) == [False, False, True]
    assert verdicts((0, broken), (7, pod("ContainerCreating")), (9, broken)) == [False, False, False]


def test_an_unschedulable_pod_counts_after_the_grace() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    nowhere = {"metadata": {"uid": "1", "name": "web-1"}, "status": {"conditions": [condition]}}
    placed = pod("ContainerCreating")
    assert verdicts((0, nowhere), (7, nowhere), (8, nowhere)) == [False, False, True]
    assert verdicts((0, nowhere), (7, placed), (9, nowhere)) == [False, False, False]


def test_a_pod_that_is_leaving_does_not_count() -> None:
    leaving = pod("InvalidImageName")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert verdicts((0, leaving)) == [False]


@pytest.mark.parametrize(
    ("message", "final"),
    [
        ('pods "x" is forbidden: exceeded quota: none', True),
        ('violates PodSecurity "restricted"', True),
        ("admission webhook denied the request: no", True),
        ("failed calling webhook: connection refused", False),
    ],
)
def test_refusals(message: str, final: bool) -> None:
    assert refused(message) == final


def owned(name: str, by: str, revision: str = "", **labels: str) -> Object:
    """Something with a controller."""
    references = [{"uid": by, "controller": True}]
    annotations = {"deployment.kubernetes.io/revision": revision}
    return {
        "metadata": {
            "uid": name,
            "name": name,
            "ownerReferences": references,
            "annotations": annotations,
            "labels": labels,
        }
    }


def test_pods_of_a_deployments_current_revision() -> None:
    deployment = owned("d", "", "2") | {"kind": "Deployment", "status": {}}
    sets = [owned("old", "d", "1"), owned("new", "d", "2"), owned("other", "e", "2")]
    pods = [owned("1", "old"), owned("2", "new"), owned("3", "other")]
    assert [one["metadata"]["name"] for one in pods_of(deployment, pods, sets)] == ["2"]
    deployment["metadata"]["generation"] = 3
    assert pods_of(deployment, pods, sets) == []


def test_pods_of_a_stateful_sets_current_revision() -> None:
    stateful_set = {"kind": "StatefulSet", "metadata": {"uid": "s"}, "status": {"updateRevision": "b"}}
    pods = [owned("1", "s", **{"controller-revision-hash": "a"}), owned("2", "s", **{"controller-revision-hash": "b"})]
    assert [one["metadata"]["name"] for one in pods_of(stateful_set, pods, [])] == ["2"]
