"""The inventories of AWS that come with the collection: each is whole, and they can live side by side."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.contract.differences import read
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.variables import variables

ROOT = Path(__file__).parents[4]
NAMES = ("dev", "staging", "prod")


def contract(name: str) -> Contract:
    given = read(ROOT / "inventories" / name)[1]
    return Contract.model_validate({key: value for key, value in given.items() if key in Contract.model_fields})


@pytest.mark.parametrize("name", NAMES)
def test_terraform_gets_every_variable(name: str) -> None:
    made = variables(contract(name), ["docker.io/library/redis:8"])
    assert made["environment"] == name
    assert made["repositories"] == ["docker.io/library/redis"]
    floor = {"dev": set(), "staging": {"spot-floor"}, "prod": {"spot-floor"}}[name]
    assert set(made["node_groups"]) == {"general", "spot"} | floor


def test_their_networks_are_disjoint_so_that_they_can_be_peered() -> None:
    networks = [
        network
        for name in NAMES
        for part in [contract(name).platform_networks]
        for network in (part.machines, part.pods, part.services)
    ]
    assert [pair for pair in combinations(networks, 2) if pair[0].overlaps(pair[1])] == []


def test_nothing_of_prod_is_anybody_elses() -> None:
    accounts = [aws.account for name in NAMES if (aws := contract(name).platform_aws)]
    assert len(set(accounts)) == len(NAMES)
    for name, account in zip(NAMES, accounts, strict=True):
        text = (ROOT / "inventories" / name / "group_vars/all/platform.yml").read_text()
        assert not any(other in text for other in accounts if other != account), name
