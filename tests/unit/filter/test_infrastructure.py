"""An inventory's variables become Terraform's, among all that a host has; mistakes are told as preflight tells them."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.gantry.platform.plugins.filter import infrastructure as filters

from tests.unit.module_utils.infrastructure.example import inventory

HOST = {**inventory(), "ansible_connection": "local", "bundle_images": {}, "platform_directory": "/x"}


def test_variables_of_the_contract_alone_are_read() -> None:
    assert filters.terraform_variables(HOST, {"busybox:1": {}})["repositories"] == ["docker.io/library/busybox"]
    assert filters.terraform_bootstrap(HOST)["bucket"] == filters.terraform_backend(HOST)["bucket"]


def test_mistakes_are_told() -> None:
    with pytest.raises(AnsibleFilterError, match=r"platform_aws\.region(.|\n)*right form"):
        filters.terraform_variables({**HOST, "platform_aws": {**inventory()["platform_aws"], "region": "x"}})


@pytest.mark.parametrize("name", ["terraform_variables", "terraform_bootstrap", "terraform_backend"])
def test_other_drivers_are_refused(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match="platform_driver is 'existing'"):
        filters.FilterModule().filters()[name]({**HOST, "platform_driver": "existing"})


def test_outputs_of_another_release_are_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="are not those of terraform/environments"):
        filters.terraform_outputs({"platform": {"cluster_name": "x"}})
