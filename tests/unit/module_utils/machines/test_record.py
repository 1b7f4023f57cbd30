"""What was made, in files."""

from __future__ import annotations

import stat
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, Pool, make_plan
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import (
    Record,
    other_environments,
    read_host,
    read_record,
    write_host,
    write_record,
)


def machines(count: int) -> tuple[Machine, ...]:
    pool = Pool.parse({"name": "general", "role": "worker", "count": count, "size": {"cpu": 1, "memory": "1Gi"}})
    return make_plan("e", IPv4Network("10.90.0.0/24"), [pool], []).machines


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    record = Record().extended("10.90.0.0/24", machines(2), tmp_path)
    write_record(tmp_path / "e", record)
    assert read_record(tmp_path / "e") == record
    assert stat.S_IMODE((tmp_path / "e/machines.json").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "e").iterdir()] == ["machines.json"]


def test_no_record_is_an_empty_one(tmp_path: Path) -> None:
    assert read_record(tmp_path) == Record()


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "machines.json").write_text("{")
    with pytest.raises(MachinesError, match=r"machines\.json cannot be understood"):
        read_record(tmp_path)


def test_a_machine_keeps_its_template_while_that_exists(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    record = Record().extended("n", machines(1), old)
    assert record.extended("n", machines(2), new).templates == {"e-general-1": str(old), "e-general-2": str(new)}
    old.rmdir()
    assert set(record.extended("n", machines(2), new).templates.values()) == {str(new)}


def test_a_new_machine_needs_a_template() -> None:
    with pytest.raises(MachinesError, match="e-general-1 needs a template"):
        Record().extended("n", machines(1), None)


def test_a_removed_machine_is_forgotten_whole(tmp_path: Path) -> None:
    record = Record().extended("n", machines(2), tmp_path)
    assert record.without(["e-general-2"]) == Record().extended("n", machines(1), tmp_path)


def test_the_hosts_settings_are_shared_by_environments(tmp_path: Path) -> None:
    write_host(tmp_path / "one", {"sysctls": {"a": "1"}})
    assert read_host(tmp_path / "two") == {"sysctls": {"a": "1"}}
    write_host(tmp_path / "two", {})
    assert read_host(tmp_path / "one") == {}


def test_other_environments_are_those_with_machines(tmp_path: Path) -> None:
    write_record(tmp_path / "one", Record())
    write_record(tmp_path / "two", Record())
    (tmp_path / "three").mkdir()
    assert other_environments(tmp_path / "one") == ["two"]
