"""The recap: what it says, and that it keeps quiet."""

from __future__ import annotations

from ansible_collections.gantry.platform.plugins.callback import recap


def clock() -> recap.Clock:
    """A run of two stages and three tasks."""
    found = recap.Clock(0)
    found.stage("Inventory", 0)
    found.task("preflight : Hold the inventory", 0.1)
    found.stage("Cluster", 0.5)
    found.task("kubernetes : First control plane", 1)
    found.stage("Cluster", 61)
    found.task("network : Cilium", 61)
    found.stop(75)
    return found


def test_time_is_summed_by_stage_and_by_task() -> None:
    found = clock()
    assert [(stage.name, stage.seconds) for stage in found.stages] == [("Inventory", 0.5), ("Cluster", 74.5)]
    assert [(task.name, task.seconds) for task in found.slowest()] == [
        ("kubernetes : First control plane", 60),
        ("network : Cilium", 14),
    ]


def test_durations_are_readable() -> None:
    assert [recap.duration(seconds) for seconds in (0.04, 9.96, 42.4, 185)] == ["0.0 s", "10.0 s", "42 s", "3 min 05 s"]


def test_after_success_it_says_where_everything_is() -> None:
    data = {
        "environment": "local",
        "systems": {
            "Argo CD": {"address": "https://10.90.0.2:30443/argocd", "user": "admin", "password": "/y/password"},
            "Shop": {"address": "https://10.90.0.2:30443/shop", "order": 1},
            "Grafana": {"address": ""},
        },
        "places": {"Kubeconfig": "/x/kubeconfig"},
        "next": {"Look at it": "", "Remove it all": "make destroy"},
    }
    lines = recap.success(data, clock(), check=False)
    assert lines[0] == "Environment local: ready in 75 s"
    assert lines[2:6] == [
        "Addresses",
        "  System   Address                         User   Password lies in",
        "  Shop     https://10.90.0.2:30443/shop    -      -",
        "  Argo CD  https://10.90.0.2:30443/argocd  admin  /y/password",
    ]
    assert not any("Grafana" in line for line in lines)
    assert "  Kubeconfig  /x/kubeconfig" in lines
    assert "  Remove it all  make destroy" in lines
    assert not any("Look at it" in line for line in lines)
    assert any(line.startswith("  Cluster") and "74 s" in line for line in lines)


def test_check_mode_does_not_claim_to_have_raised_anything() -> None:
    assert recap.success({"environment": "local"}, clock(), check=True)[0] == "Environment local: checked in 75 s"


def test_after_a_failure_it_says_what_failed_and_how_to_go_on() -> None:
    message = "\n".join(["The image does not exist", *(f"event {number}" for number in range(20))])
    failure = recap.Failure("Components", "istio : The mesh", "localhost", message)
    lines = recap.failed([failure], clock(), "ansible-playbook playbooks/site.yml")
    assert "  Components › istio : The mesh (on localhost)" in lines
    assert "    The image does not exist" in lines
    assert "    … 9 more lines above" in lines
    assert any(line.endswith("go on where it stopped  ansible-playbook playbooks/site.yml") for line in lines)


def test_values_of_extra_variables_are_not_repeated() -> None:
    arguments = ["playbooks/site.yml", "-e", "password=hunter2", "-e", "@vars.yml", "--extra-vars=x=y", "--tags", "a b"]
    assert recap.again(arguments) == (
        "ansible-playbook playbooks/site.yml -e … -e @vars.yml --extra-vars=… --tags 'a b'"
    )
