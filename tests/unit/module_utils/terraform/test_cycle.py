"""The life of a root module, driven by the real program."""

from __future__ import annotations

import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import LockedError, TerraformError

from .conftest import Bench

SECRET = "hunter2-and-more"


def test_check_mode_is_the_plan_and_changes_nothing(bench: Bench) -> None:
    outcome = bench.drive(check=True)
    assert outcome.changed
    assert [change.address for change in outcome.summary.changes] == ["terraform_data.node[0]", "terraform_data.vault"]
    assert outcome.summary.counted() == "2 to add, 0 to change, 0 to destroy"
    assert not bench.state.exists()


def test_what_is_applied_is_there_and_a_second_run_changes_nothing(bench: Bench) -> None:
    outcome = bench.drive()
    assert outcome.changed
    assert outcome.outputs == {"nodes": ["node 0"]}
    assert outcome.sensitive_outputs == ["secret"]
    again = bench.drive()
    assert not again.changed
    assert again.summary.changes == ()
    assert again.outputs == {"nodes": ["node 0"]}


def test_one_more_is_one_change(bench: Bench) -> None:
    bench.drive()
    grown = bench.drive(check=True, variables={"count_of": 2})
    assert [(change.address, change.action) for change in grown.summary.changes] == [
        ("terraform_data.node[1]", "create")
    ]


def test_nothing_secret_is_shown_or_left_readable(bench: Bench) -> None:
    first = bench.drive()
    second = bench.drive(sensitive_variables={"secret": "another-secret"}, check=True)
    assert SECRET not in repr([first, second])
    vault = next(change for change in first.summary.changes if change.address == "terraform_data.vault")
    assert vault.after["input"] == "(sensitive)"
    for path in [bench.state, *bench.root.data_directory.rglob("*")]:
        if path.is_file() and not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path
    assert bench.root.data_directory.stat().st_mode & 0o077 == 0


def test_a_secret_variable_reaches_the_program_by_its_environment_alone(bench: Bench) -> None:
    bench.root = replace(bench.root, variables={"TF_VAR_secret": "another-secret"})
    bench.drive(sensitive_variables={"secret": "another-secret"})
    (vault,) = [r for r in bench.written()["resources"] if r["name"] == "vault"]
    assert json.dumps(vault).count("another-secret") >= 1
    for path in bench.root.data_directory.rglob("*"):
        if path.is_file():
            assert b"another-secret" not in path.read_bytes(), path


def test_what_destroys_is_refused_until_the_environment_is_named(bench: Bench) -> None:
    bench.drive(variables={"count_of": 2})
    with pytest.raises(TerraformError, match=r"destroys terraform_data\.node\[1\].*confirm=bench.*given: 'local'"):
        bench.drive(variables={"count_of": 1}, confirm="local")
    assert bench.addresses() == ["terraform_data.node0", "terraform_data.node1", "terraform_data.vault"]
    assert bench.drive(variables={"count_of": 1}, check=True).summary.destroys == ["terraform_data.node[1]"]
    assert bench.drive(variables={"count_of": 1}, confirm="bench").changed
    assert bench.addresses() == ["terraform_data.node0", "terraform_data.vault"]


def test_to_make_something_anew_destroys_it_too(bench: Bench) -> None:
    bench.drive()
    with pytest.raises(TerraformError, match=r"destroys terraform_data\.node\[0\]"):
        bench.drive(options=["-replace=terraform_data.node[0]"])


def test_absent_needs_the_name_and_leaves_nothing(bench: Bench) -> None:
    bench.drive()
    with pytest.raises(TerraformError, match="confirm=bench"):
        bench.drive("absent")
    assert bench.drive("absent", confirm="bench").changed
    assert bench.addresses() == []
    assert not bench.drive("absent", confirm="bench").changed


class TestKeptPlan:
    def test_it_is_what_is_applied_and_then_gone(self, bench: Bench, tmp_path: Path) -> None:
        plan = tmp_path / "kept" / "reviewed.tfplan"
        kept = bench.drive("planned", plan_file=plan)
        assert (kept.changed, kept.plan_file) == (True, str(plan))
        assert not bench.state.exists()
        assert bench.drive(plan_file=plan, check=True).summary.counted() == "2 to add, 0 to change, 0 to destroy"
        applied = bench.drive(plan_file=plan)
        assert applied.changed
        assert bench.addresses() == ["terraform_data.node0", "terraform_data.vault"]
        assert list(plan.parent.iterdir()) == []

    def test_without_it_nothing_is_planned_instead(self, bench: Bench, tmp_path: Path) -> None:
        with pytest.raises(TerraformError, match=r"plan_file .*none\.tfplan is not there: make it with state planned"):
            bench.drive(plan_file=tmp_path / "none.tfplan")

    def test_a_changed_configuration_makes_it_stale(self, bench: Bench, tmp_path: Path) -> None:
        plan = tmp_path / "reviewed.tfplan"
        bench.drive("planned", plan_file=plan)
        (bench.root.directory / "more.tf").write_text('resource "terraform_data" "more" {}\n')
        with pytest.raises(TerraformError, match="is stale: the configuration changed since"):
            bench.drive(plan_file=plan)

    def test_changed_variables_make_it_stale(self, bench: Bench, tmp_path: Path) -> None:
        plan = tmp_path / "reviewed.tfplan"
        bench.drive("planned", plan_file=plan)
        with pytest.raises(TerraformError, match="is stale: the variables changed since"):
            bench.drive(plan_file=plan, variables={"count_of": 3})

    def test_a_changed_state_makes_it_stale(self, bench: Bench, tmp_path: Path) -> None:
        plan = tmp_path / "reviewed.tfplan"
        bench.drive()
        bench.drive("planned", plan_file=plan, variables={"count_of": 2})
        bench.drive(variables={"count_of": 3})
        with pytest.raises(TerraformError, match=r"is stale: the state \(serial \d+, now \d+\) changed since"):
            bench.drive(plan_file=plan, variables={"count_of": 2})

    def test_a_module_in_another_directory_belongs_to_the_configuration(self, bench: Bench, tmp_path: Path) -> None:
        module = tmp_path / "module"
        module.mkdir()
        (module / "main.tf").write_text("")
        (bench.root.directory / "uses.tf").write_text('module "other" {\n  source = "../module"\n}\n')
        plan = tmp_path / "reviewed.tfplan"
        bench.drive("planned", plan_file=plan)
        (module / "main.tf").write_text('resource "terraform_data" "more" {}\n')
        with pytest.raises(TerraformError, match="is stale: the configuration changed since"):
            bench.drive(plan_file=plan)


class TestLock:
    def test_its_holder_is_named_with_what_to_do(self, bench: Bench, tmp_path: Path) -> None:
        running = bench.in_background(tmp_path / "release")
        try:
            with pytest.raises(LockedError) as caught:
                bench.other().drive(lock_timeout=0)
        finally:
            (tmp_path / "release").touch()
            running.join()
        lock = caught.value.lock
        assert lock["operation"] == "OperationTypeApply"
        assert lock["who"] in str(caught.value)
        assert f"force-unlock {lock['id']}" in str(caught.value)
        assert f"since {lock['created']}" in str(caught.value)

    def test_it_is_waited_for(self, bench: Bench, tmp_path: Path) -> None:
        running = bench.in_background(tmp_path / "release")
        releasing = threading.Timer(1.0, (tmp_path / "release").touch)
        releasing.start()
        outcome = bench.other().drive(lock_timeout=60)
        running.join()
        assert not outcome.changed


def test_an_apply_that_was_killed_is_finished_by_the_next_run(bench: Bench) -> None:
    """The program dies at once while it makes the second of two; nothing is cleaned up by anybody."""
    bench.drive()
    child = os.fork()
    if child == 0:
        bench.drive(variables={"count_of": 2, "release": "/never"})
        os._exit(0)
    processes: list[int] = []

    def applying() -> bool:
        processes[:] = [
            int(path.parent.name)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if (words := _words(path)) and "apply" in words and f"-chdir={bench.root.directory}" in words
        ]
        return bool(processes) and "Creating..." in (bench.root.data_directory / "apply.log").read_text()

    bench.wait_for(applying)
    os.kill(child, signal.SIGKILL)
    for process in processes:
        os.killpg(process, signal.SIGKILL)
    os.waitpid(child, 0)
    outcome = bench.drive(variables={"count_of": 2})
    assert [(change.address, change.action) for change in outcome.summary.changes] == [
        ("terraform_data.node[1]", "create")
    ]
    assert not bench.drive(variables={"count_of": 2}).changed


def _words(path: Path) -> list[str]:
    try:
        return path.read_bytes().decode().split("\0")
    except OSError:
        return []


def test_a_state_that_could_not_be_written_is_not_forgotten(bench: Bench) -> None:
    (bench.root.directory / "errored.tfstate").write_text("{}")
    with pytest.raises(TerraformError, match=r"state push errored\.tfstate"):
        bench.drive()


def test_an_error_names_the_place_and_hides_the_secret(bench: Bench) -> None:
    (bench.root.directory / "more.tf").write_text(
        'resource "terraform_data" "bad" {\n  input = var.secret\n  provisioner "local-exec" {\n'
        '    command = "echo refused: $S >&2; exit 3"\n    environment = { S = nonsensitive(var.secret) }\n  }\n}\n'
    )
    with pytest.raises(TerraformError) as caught:
        bench.drive()
    said = str(caught.value)
    assert "terraform_data.bad" in said
    assert "refused: (sensitive)" in said
    assert SECRET not in said
    assert "mend this and run again" in said


def test_a_variable_that_no_one_declares_is_an_error_or_a_warning(bench: Bench) -> None:
    outcome = bench.drive(check=True, variables={"unknown": 1})
    assert any("undeclared variable" in warning for warning in outcome.warnings)
