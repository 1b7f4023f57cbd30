"""terraform/ as data: held against the provider's schema, against itself, and against the inventory's contract."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.contract.differences import read
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.outputs import Outputs
from ansible_collections.gantry.platform.plugins.module_utils.infrastructure.variables import (
    backend,
    bootstrap,
    variables,
)

from tests.terraform import checks
from tests.terraform.configuration import Configuration, references
from tests.tools import aws_schema

ROOT = Path(__file__).parents[2] / "terraform"
DIRECTORIES = Configuration.directories(ROOT, "aws")
ENVIRONMENTS = [path for path in DIRECTORIES if path.parent.name == "environments"]
ROOTS = [*ENVIRONMENTS, ROOT / "bootstrap"]
SCHEMA: dict[str, Any] = json.loads(aws_schema.SCHEMA.read_text())


def contract(environment: str) -> Contract:
    """The contract that an inventory of the project holds."""
    given = read(ROOT.parent / "inventories" / environment)[1]
    return Contract.model_validate({key: value for key, value in given.items() if key in Contract.model_fields})


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DIRECTORIES, ids=name)
def test_the_configuration_is_one_that_terraform_takes(path: Path) -> None:
    assert checks.problems(Configuration.read(path), SCHEMA) == []


def test_the_schema_is_of_what_is_used_and_of_the_locked_package() -> None:
    resources, data = aws_schema.used(map(Configuration.read, DIRECTORIES))
    assert (set(SCHEMA["resources"]), set(SCHEMA["data"])) == (resources, data), "run: make aws-schema"
    assert SCHEMA["package"] == aws_schema.package_lock()


@pytest.mark.parametrize("path", DIRECTORIES, ids=name)
def test_the_provider_is_that_of_the_schema(path: Path) -> None:
    configuration = Configuration.read(path)
    [terraform] = configuration.blocks("terraform")
    minor = SCHEMA["provider_version"].rpartition(".")[0]
    assert configuration.providers() == {"aws": {"source": "hashicorp/aws", "version": f"~> {minor}"}}
    assert terraform.arguments == {"required_version": ">= 1.11"}


def test_every_module_is_called() -> None:
    called = {module.path for path in DIRECTORIES for module in checks.called(Configuration.read(path)).values()}
    assert called == {path.resolve() for path in (ROOT / "modules").iterdir()}


def test_every_output_of_a_module_is_read() -> None:
    unread = []
    for path in DIRECTORIES:
        caller = Configuration.read(path)
        texts = [text for block in caller.all for text in block.expressions()]
        read = {reference.replace("[]", "") for text in texts for reference in references(text)}
        for call, module in checks.called(caller).items():
            for output in module.named("output"):
                if not {f"module.{call}", f"module.{call}.{output}"} & read:
                    unread.append(f"{name(path)}: module.{call}.{output}")
    assert unread == []


@pytest.mark.parametrize("path", ROOTS, ids=name)
def test_every_variable_of_a_root_is_fed_by_the_inventory(path: Path) -> None:
    declared = Configuration.read(path).named("variable")
    fed = bootstrap(contract("dev")) if path.name == "bootstrap" else variables(contract(path.name), ["busybox:1"])
    assert set(declared) == set(fed)
    assert not any("default" in block.arguments for block in declared.values())
    for variable, block in declared.items():
        assert fits(fed[variable], str(block.arguments["type"])), (variable, fed[variable])


def fits(value: Any, declared: str) -> bool:
    """Whether a value is of a type as HCL writes it."""
    text = re.sub(r"\s+", " ", declared.removeprefix("${").removesuffix("}"))
    simple: dict[str, type | tuple[type, ...]] = {"string": str, "bool": bool, "number": (int, float)}
    if text in simple:
        return isinstance(value, simple[text]) and (text == "bool") == isinstance(value, bool)
    kind, _, rest = text.partition("(")
    inner = rest.strip().removesuffix(")").strip()
    if kind == "list":
        return isinstance(value, list) and all(fits(entry, inner) for entry in value)
    if kind == "map":
        return isinstance(value, dict) and all(fits(entry, inner) for entry in value.values())
    fields = dict(fields_of(inner.removeprefix("{").removesuffix("}")))
    return (
        isinstance(value, dict) and set(value) == set(fields) and all(fits(value[key], fields[key]) for key in fields)
    )


def fields_of(text: str) -> list[tuple[str, str]]:
    """The fields of an object's type: `a = string, b = list(object({…}))`."""
    found: list[str] = [""]
    depth = 0
    for character in text:
        depth += {"(": 1, "{": 1, ")": -1, "}": -1}.get(character, 0)
        if character in ",\n" and depth == 0:
            found.append("")
        else:
            found[-1] += character
    pairs = (part.partition("=") for part in found if part.strip())
    return [(key.strip().strip('"'), kind.strip()) for key, _, kind in pairs]


@pytest.mark.parametrize(
    ("value", "declared", "so"),
    [
        ("a", "${string}", True),
        (True, "number", False),
        (1, "bool", False),
        ([1], "list(string)", False),
        ({"a": {"b": [{"c": 1}]}}, "map(object({ b = list(object({ c = number })) }))", True),
        ({"a": {"b": [{"d": 1}]}}, "map(object({ b = list(object({ c = number })) }))", False),
        ({"a": "x", "e": 1}, "object({ a = string })", False),
    ],
)
def test_types_are_told_apart(value: Any, declared: str, so: bool) -> None:
    assert fits(value, declared) is so


def test_every_output_is_read_by_later_stages() -> None:
    assert set(Configuration.read(ROOT / "modules/platform").named("output")) == set(Outputs.model_fields)


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=name)
def test_a_root_keeps_its_state_in_the_environments_bucket(path: Path) -> None:
    [terraform] = Configuration.read(path).blocks("terraform")
    [kept] = terraform.blocks("backend")
    assert kept.labels == ("s3",)
    assert kept.arguments == {}
    found = backend(contract(path.name))
    assert (found["key"], found["use_lockfile"]) == (f"{path.name}/platform.tfstate", True)
    assert path.name in found["bucket"]


def test_roots_differ_in_their_names_alone() -> None:
    texts = {path: (path / "main.tf").read_text().replace(path.name, "NAME") for path in ENVIRONMENTS}
    assert len(set(texts.values())) == 1
    assert {path.name for path in texts} == {"dev", "staging", "prod"}
    assert all((path / "variables.tf").samefile(ROOT / "modules/platform/variables.tf") for path in texts)


def test_nothing_is_done_in_another_account() -> None:
    for path in ROOTS:
        [provider] = Configuration.read(path).blocks("provider")
        assert provider.arguments["allowed_account_ids"] == ["${var.account}"]
