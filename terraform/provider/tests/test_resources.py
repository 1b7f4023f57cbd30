"""What is read, planned and imported, of machines that are recorded. Machines are made in molecule/terraform."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import read_record, write_record
from tf.checker import check_attributes
from tf.iface import (
    CreateContext,
    DeleteContext,
    ImportContext,
    PlanContext,
    ReadContext,
    ReadDataContext,
    UpdateContext,
)
from tf.provider import ProviderServicer
from tf.types import Number, String, Unknown
from tf.utils import Diagnostics

from gantry_provider.data import GantryAddresses, GantryImage
from gantry_provider.provider import GantryProvider
from gantry_provider.resources import GantryMachine, GantryNetwork, GantryNodePool
from gantry_provider.types import Object

NAME, NETWORK = "unit-tf", "10.211.0.0/24"


def read(resource: Any, state: dict[str, Any]) -> Any:
    return resource.read(ReadContext(Diagnostics(), "gantry_thing"), state)


def planned(resource: Any, current: dict[str, Any], proposed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resource.plan(PlanContext(Diagnostics(), "gantry_thing", set()), current, proposed)
    return found


def test_schemas_are_sound() -> None:
    found = Diagnostics()
    for kind in (GantryNetwork, GantryNodePool, GantryMachine, GantryImage, GantryAddresses):
        check_attributes(found, kind.get_schema().attributes)
        for attribute in kind.get_schema().attributes:
            assert attribute.description, (kind, attribute.name)
            assert json.loads(attribute.type.tf_type())
    assert found.diagnostics == []


def test_an_object_has_all_its_names() -> None:
    kind = Object({"b": String(), "a": Number()})
    assert kind.tf_type() == b'["object",{"a":"number","b":"string"}]'
    assert kind.encode({"a": 1}) == {"a": 1, "b": None}
    assert kind.decode({"a": 1, "b": Unknown}) == {"a": 1, "b": Unknown}
    assert (kind.encode(None), kind.decode(Unknown)) == (None, Unknown)


def test_the_framework_takes_the_provider(provider: GantryProvider) -> None:
    from tf.gen import tfplugin_pb2 as pb

    answer = ProviderServicer(provider).GetProviderSchema(pb.GetProviderSchema.Request(), None)
    assert set(answer.resource_schemas) == {"gantry_network", "gantry_node_pool", "gantry_machine"}
    assert set(answer.data_source_schemas) == {"gantry_image", "gantry_addresses"}
    assert all(schema.version == 1 for schema in answer.resource_schemas.values())


class TestPool:
    def test_what_does_not_run_is_to_be_repaired(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        state = read(GantryNodePool(recorded), pool)
        assert state["machines"] == {
            f"{NAME}-work-1": {"address": "10.211.0.10", "state": "stopped"},
            f"{NAME}-work-2": {"address": "10.211.0.11", "state": "stopped"},
        }
        assert state["repairs"] == [f"create {NAME}-work-1", f"create {NAME}-work-2"]
        assert state["id"] == f"{NAME}/work"

    def test_the_plan_repairs_it(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        resource = GantryNodePool(recorded)
        state = read(resource, pool)
        plan = planned(resource, state, dict(state))
        assert {machine["state"] for machine in plan["machines"].values()} == {"running"}
        assert plan["repairs"] == []

    def test_one_more_is_one_machine_whose_address_is_not_known(
        self, recorded: GantryProvider, pool: dict[str, Any]
    ) -> None:
        resource = GantryNodePool(recorded)
        state = read(resource, pool)
        plan = planned(resource, state, {**state, "nodes": 3})
        assert set(plan["machines"]) - set(state["machines"]) == {f"{NAME}-work-3"}
        assert plan["machines"][f"{NAME}-work-3"]["address"] is Unknown

    def test_one_less_stays_as_surplus_unless_it_is_to_go(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        resource = GantryNodePool(recorded)
        state = read(resource, pool)
        assert planned(resource, state, {**state, "nodes": 1})["surplus"] == [f"{NAME}-work-2"]
        assert planned(resource, state, {**state, "nodes": 1, "remove_surplus": True})["surplus"] == []
        shrunk = read(resource, {**pool, "nodes": 1})
        assert (list(shrunk["machines"]), shrunk["surplus"]) == ([f"{NAME}-work-1"], [f"{NAME}-work-2"])

    def test_what_nothing_would_come_of_is_no_change(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        """Another template is for machines that are made, the removal of surplus for machines that are beyond."""
        resource = GantryNodePool(recorded)
        state = read(resource, {**pool, "remove_surplus": True})
        same = planned(resource, state, {**state, "template": "/other", "remove_surplus": False})
        assert (same["template"], same["remove_surplus"]) == (pool["template"], True)
        grown = planned(resource, state, {**state, "nodes": 3, "template": "/other"})
        assert grown["template"] == "/other"
        shrunk = planned(resource, state, {**state, "nodes": 1, "remove_surplus": False})
        assert (shrunk["remove_surplus"], shrunk["surplus"]) == (False, [f"{NAME}-work-2"])
        gone = {**state, "template": "/gone"}
        assert planned(resource, gone, {**state, "template": "/other"})["template"] == "/other"

    def test_how_many_may_be_unknown(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        resource = GantryNodePool(recorded)
        assert planned(resource, read(resource, pool), {**pool, "nodes": Unknown})["machines"] is Unknown

    def test_what_others_changed_shows(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        directory = recorded.state_directory / NAME
        record = read_record(directory)
        first = replace(record.machines[0], labels={"a": "changed"})
        write_record(directory, replace(record, machines=(first, *record.machines[1:])))
        assert read(GantryNodePool(recorded), pool)["labels"] == {"a": "changed"}
        assert read(GantryNodePool(recorded), {**pool, "labels": {"a": "changed"}})["labels"] == {"a": "b"}

    def test_a_pool_that_is_gone_is_gone(self, provider: GantryProvider, pool: dict[str, Any]) -> None:
        assert read(GantryNodePool(provider), pool) is None

    def test_a_pool_of_no_machines_is_there(self, provider: GantryProvider, pool: dict[str, Any]) -> None:
        assert read(GantryNodePool(provider), {**pool, "nodes": 0})["machines"] == {}

    def test_an_import_finds_all_that_is_recorded(self, recorded: GantryProvider, pool: dict[str, Any]) -> None:
        context = ImportContext(Diagnostics(), "gantry_node_pool")
        state = GantryNodePool(recorded).import_(context, f"{NAME}/work")
        assert state is not None
        assert {name: state[name] for name in pool if name != "taints"} == {
            name: value for name, value in pool.items() if name != "taints"
        }
        assert set(state) == {attribute.name for attribute in GantryNodePool.get_schema().attributes}

    def test_an_import_of_nothing_tells_what_there_is(self, recorded: GantryProvider) -> None:
        context = ImportContext(Diagnostics(), "gantry_node_pool")
        assert GantryNodePool(recorded).import_(context, f"{NAME}/wrok") is None
        (found,) = context.diagnostics.diagnostics
        assert found.detail == f"There are {NAME}/other, {NAME}/work."

    def test_a_broken_record_is_an_error_and_not_an_absence(
        self, recorded: GantryProvider, pool: dict[str, Any]
    ) -> None:
        (recorded.state_directory / NAME / "machines.json").write_text("{")
        context = ReadContext(Diagnostics(), "gantry_node_pool")
        assert GantryNodePool(recorded).read(context, pool) == pool
        assert "cannot be understood" in context.diagnostics.diagnostics[0].summary

    def test_what_cannot_be_made_is_an_error_and_nothing_is_recorded(
        self, recorded: GantryProvider, pool: dict[str, Any]
    ) -> None:
        before = read_record(recorded.state_directory / NAME)
        elsewhere = {**pool, "network": "10.212.0.0/24"}
        created = CreateContext(Diagnostics(), "gantry_node_pool")
        assert GantryNodePool(recorded).create(created, elsewhere) is None
        assert "the machines were made in 10.211.0.0/24: keep it, or destroy first" in str(created.diagnostics)
        updated = UpdateContext(Diagnostics(), "gantry_node_pool")
        assert GantryNodePool(recorded).update(updated, pool, elsewhere) == pool
        assert updated.diagnostics.has_errors()
        assert read_record(recorded.state_directory / NAME) == before


class TestMachine:
    def test_it_is_one_of_its_pool(self, recorded: GantryProvider) -> None:
        context = ImportContext(Diagnostics(), "gantry_machine")
        state = GantryMachine(recorded).import_(context, f"{NAME}/work/2")
        assert state is not None
        assert (state["name"], state["address"], state["state"]) == (f"{NAME}-work-2", "10.211.0.11", "stopped")
        assert state["repairs"] == [f"create {NAME}-work-2"]
        assert set(state) == {attribute.name for attribute in GantryMachine.get_schema().attributes}
        assert read(GantryMachine(recorded), state) == state
        assert planned(GantryMachine(recorded), state, dict(state))["state"] == "running"

    @pytest.mark.parametrize("id", [f"{NAME}/work/9", f"{NAME}/work", "nowhere"])
    def test_another_is_not_there(self, recorded: GantryProvider, id: str) -> None:
        context = ImportContext(Diagnostics(), "gantry_machine")
        assert GantryMachine(recorded).import_(context, id) is None
        assert "there is no machine" in context.diagnostics.diagnostics[0].summary


class TestNetwork:
    def test_it_cannot_be_another_while_there_are_machines(self, recorded: GantryProvider) -> None:
        created = CreateContext(Diagnostics(), "gantry_network")
        assert GantryNetwork(recorded).create(created, {"environment": NAME, "cidr": "10.212.0.0/24"}) is None
        assert created.diagnostics.has_errors()

    def test_what_cannot_be_removed_stays(self, recorded: GantryProvider) -> None:
        (recorded.state_directory / NAME / "machines.json").write_text("{")
        state, deleted = {"environment": NAME, "cidr": NETWORK}, DeleteContext(Diagnostics(), "gantry_network")
        assert GantryNetwork(recorded).delete(deleted, state) == state
        assert deleted.diagnostics.has_errors()

    def test_it_is_read_with_what_it_lacks(self, recorded: GantryProvider) -> None:
        state = read(GantryNetwork(recorded), {"environment": NAME, "cidr": NETWORK})
        assert (state["bridge"], state["gateway"], state["cidr"]) == (f"gt-{NAME}", "10.211.0.1", NETWORK)
        assert f"raise the bridge gt-{NAME}" in state["repairs"]
        assert planned(GantryNetwork(recorded), state, dict(state))["repairs"] == []

    def test_nothing_recorded_is_no_network(self, provider: GantryProvider) -> None:
        assert read(GantryNetwork(provider), {"environment": NAME, "cidr": NETWORK}) is None
        context = ImportContext(Diagnostics(), "gantry_network")
        assert GantryNetwork(provider).import_(context, NAME) is None
        assert context.diagnostics.has_errors()


class TestData:
    @staticmethod
    def read(source: Any, config: dict[str, Any]) -> tuple[Any, list[str]]:
        context = ReadDataContext(Diagnostics(), "gantry_data")
        state = source.read(context, config)
        return state, [f"{d.summary}: {d.detail}" for d in context.diagnostics.diagnostics]

    def test_an_image_is_found_in_the_bundle(self, provider: GantryProvider, template: str, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.json"
        bundle.write_text(json.dumps({"rootfs": {"machine": template}}))
        state, errors = self.read(GantryImage(provider), {"bundle": str(bundle), "name": "machine"})
        assert (state["path"], state["key"], errors) == (template, "template", [])

    @pytest.mark.parametrize(
        ("text", "words"),
        [(None, "cannot be read"), ("{", "cannot be read"), ("{}", "cannot be read")],
    )
    def test_a_bundle_that_cannot_be_read_is_named(
        self, provider: GantryProvider, tmp_path: Path, text: str | None, words: str
    ) -> None:
        bundle = tmp_path / "bundle.json"
        if text is not None:
            bundle.write_text(text)
        state, errors = self.read(GantryImage(provider), {"bundle": str(bundle), "name": "machine"})
        assert state is None
        assert words in errors[0]
        assert "playbooks/bundle.yml" in errors[0]

    def test_a_system_that_is_not_there_is_named(self, provider: GantryProvider, tmp_path: Path) -> None:
        bundle = tmp_path / "bundle.json"
        bundle.write_text(json.dumps({"rootfs": {"machine": str(tmp_path / "gone")}}))
        for name in ("machine", "other"):
            assert (
                f"has no system '{name}': It has machine."
                in self.read(GantryImage(provider), {"bundle": str(bundle), "name": name})[1][0]
            )

    def test_addresses_are_those_of_the_record(self, recorded: GantryProvider) -> None:
        state, _ = self.read(GantryAddresses(recorded), {"environment": NAME})
        assert state["network"] == NETWORK
        assert state["machines"][f"{NAME}-other-1"] == {
            "address": "10.211.0.12",
            "pool": "other",
            "role": "worker",
            "state": "stopped",
        }
        assert state["private_key_file"].endswith(f"{NAME}/ssh/id_ed25519")
        assert set(state) == {attribute.name for attribute in GantryAddresses.get_schema().attributes}
