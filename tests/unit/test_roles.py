"""Every role has the same shape, and what is written about it is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.contract.names import FACTS

from tests.tools import role_pages
from tests.tools.pages import ROOT, load

ROLES = sorted(path for path in (ROOT / "roles").iterdir() if path.is_dir())
FILES = ("README.md", "defaults/main.yml", "meta/argument_specs.yml", "meta/main.yml", "tasks/main.yml")
UNVERIFIED = {"infrastructure", "backup"}
"""A role that chooses between others, which are verified themselves, and one of which nothing is left running."""

each_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def options(role: Path) -> dict[str, Any]:
    """The variables in a role's argument specs, of all entry points."""
    specs = load(role / "meta/argument_specs.yml")["argument_specs"]
    return {name: option for spec in specs.values() for name, option in spec.get("options", {}).items()}


@each_role
def test_it_has_the_shape_of_all(role: Path) -> None:
    wanted = [*FILES] if role.name in UNVERIFIED else [*FILES, "tasks/verify.yml"]
    assert [name for name in wanted if not (role / name).is_file()] == []
    assert (role / "README.md").read_text().startswith(f"# {role.name}\n")


@each_role
def test_its_metadata_is_that_of_the_collection(role: Path) -> None:
    body = load(role / "meta/main.yml")
    assert body["dependencies"] == []
    assert body["galaxy_info"]["license"] == "Apache-2.0"
    assert body["galaxy_info"]["min_ansible_version"] == "2.19"
    assert body["galaxy_info"]["description"]


@each_role
def test_defaults_and_argument_specs_say_the_same(role: Path) -> None:
    specs = options(role)
    defaults = load(role / "defaults/main.yml")
    assert {name: spec["default"] for name, spec in specs.items() if "default" in spec} == defaults
    assert [name for name, spec in specs.items() if "default" not in spec and not spec.get("required")] == []


@each_role
def test_every_variable_is_named_after_it_and_described(role: Path) -> None:
    for name, spec in options(role).items():
        assert name.startswith(f"{role.name}_")
        assert spec.get("description"), name
        assert spec.get("type"), name


@each_role
def test_every_default_has_a_comment(role: Path) -> None:
    bare = []
    commented = False
    for line in (role / "defaults/main.yml").read_text().splitlines():
        if not line.strip() or line == "---":
            commented = False
        elif line.startswith("#"):
            commented = True
        elif (found := re.match(r"\w+", line)) and not commented:
            bare.append(found[0])
    assert bare == []


@each_role
def test_its_internal_variables_are_marked(role: Path) -> None:
    internal = load(role / "vars/main.yml")
    assert [name for name in internal if not name.startswith(f"__{role.name}_")] == []
    tasks = [task for path in role.glob("tasks/*.yml") for task in role_pages.tasks(load(path))]
    registered = [task["register"] for task in tasks if "register" in task]
    assert [name for name in registered if not f"{name}_".startswith(f"__{role.name}_")] == []


def test_facts_that_roles_tell_are_known_to_preflight() -> None:
    tasks = [task for role in ROLES for path in role.glob("tasks/*.yml") for task in role_pages.tasks(load(path))]
    told = {name for task in tasks for name in task.get("ansible.builtin.set_fact", {}) if not name.startswith("_")}
    assert told - {"cacheable"} == FACTS


def test_verify_asks_every_role_of_site() -> None:
    (play,) = load(ROOT / "playbooks/verify.yml")
    asked = {
        task["ansible.builtin.import_role"]["name"].removeprefix("gantry.platform."): task["tags"]
        for task in play["tasks"]
        if "ansible.builtin.import_role" in task
    }
    site = {
        role["role"].removeprefix("gantry.platform.")
        for part in load(ROOT / "playbooks/site.yml")
        for role in part.get("roles", [])
    }
    assert site | {"machines"} <= set(asked) | UNVERIFIED
    assert asked == {name: [f"{name}_verify"] for name in asked}
    asking = next(task for task in play["tasks"] if "gantry.platform.verify" in task)
    assert sorted(asking["tags"]) == sorted(f"{name}_verify" for name in asked)


def test_every_check_has_an_id_of_its_own() -> None:
    ids = [
        check["id"]
        for role in ROLES
        for task in role_pages.tasks(load(role / "tasks/verify.yml"))
        for check in task.get("gantry.platform.check", {}).get("checks", [])
        if isinstance(check, dict)
    ]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("path", role_pages.pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_is_up_to_date(path: Path) -> None:
    assert path.is_file(), "run: make docs"
    assert path.read_text() == role_pages.pages()[path], "run: make docs"


def test_there_is_no_page_of_a_role_that_is_gone() -> None:
    assert set((ROOT / "docs/roles").glob("*.md")) <= set(role_pages.pages())


COMPONENTS = [
    role for role in ROLES if f"{role.name}_enabled" in load(role / "defaults/main.yml") and role.name != "grafana"
]


@pytest.mark.parametrize("role", COMPONENTS, ids=lambda role: role.name)
def test_every_component_has_a_scenario(role: Path) -> None:
    """Not Grafana: its image is to be had on some networks only."""
    scenario = load(ROOT / "molecule/roles" / role.name / "molecule.yml")
    assert scenario["scenario"]["name"] == role.name
