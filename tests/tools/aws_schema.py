"""Writes tests/terraform/schema/aws.json: the AWS provider's schema of what terraform/ uses (`make aws-schema`).

The provider itself is a program of another world's registry; its schema is published as classes of the PyPI package
`cdktf-cdktf-provider-aws`, which are generated from it. They are read as text, never imported: the package (60 MB)
is fetched by its locked hash, and nothing of it is installed.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.terraform.configuration import Configuration
from tests.tools.pages import ROOT

PACKAGE = "cdktf_cdktf_provider_aws"
LOCK = ROOT / "requirements" / "aws-schema.txt"
SCHEMA = ROOT / "tests" / "terraform" / "schema" / "aws.json"
SYNTHETIC_ID = "automatically added to all resources"
"""What the documentation says of an `id` that cannot be set."""
_NAME = re.compile(r"\{@link \S+#(\w+) ")

Block = dict[str, Any]
"""Argument → {type, required, block}: `block` ("single" or "many") has `arguments` of its own."""


@dataclass(frozen=True)
class Package:
    """The package's modules. A resource is in the module of its name without `aws_`."""

    wheel: zipfile.ZipFile

    def classes(self, module: str) -> dict[str, ast.ClassDef]:
        """The classes of a module. Raises KeyError where the provider has no such type."""
        source = self.wheel.read(f"{PACKAGE}/{module}/__init__.py").decode()
        return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def resource(package: Package, module: str) -> dict[str, Any]:
    """Arguments and attributes of a resource's or data source's module."""
    classes = package.classes(module)
    name = next(name for name, node in classes.items() if _terraform(node))
    arguments = _arguments(classes, classes[f"{name}Config"])
    return {"arguments": arguments, "attributes": _attributes(classes, classes[name], arguments)}


def _terraform(node: ast.ClassDef) -> bool:
    return any(
        isinstance(base, ast.Attribute)
        and base.attr in ("TerraformResource", "TerraformDataSource", "TerraformProvider")
        for base in node.bases
    )


def _arguments(classes: Mapping[str, ast.ClassDef], node: ast.ClassDef, top: bool = True) -> Block:
    """`arguments` of a block is null where the package has no class for it (a statement of WAF, which nests itself)."""
    init = next(item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__")
    documented = dict(re.findall(r":param (\w+): (.*)", ast.get_docstring(init) or ""))
    found: Block = {}
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        said = documented.get(argument.arg, "")
        name = _NAME.search(said)
        if not name or (top and SYNTHETIC_ID in said):
            continue  # the language's own, or an id that cannot be set
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        entry: dict[str, Any] = {"type": _type(annotation)}
        if default is None:
            entry["required"] = True
        if said.startswith(f"{name[1]} block."):
            inner = next((word for word in re.findall(r"\w+", annotation) if word in classes), None)
            entry["type"] = "block"
            entry["block"] = "many" if "Sequence" in annotation else "single"
            entry["arguments"] = _arguments(classes, classes[inner], top=False) if inner else None
        found[name[1]] = entry
    return dict(sorted(found.items()))


def _type(annotation: str) -> str:
    """An annotation as a type of Terraform: string, number, bool, list, map, or any."""
    for text, kind in (("Sequence", "list"), ("Mapping", "map"), ("builtins.bool", "bool"), ("Number", "number")):
        if text in annotation:
            return kind
    return "string" if "builtins.str" in annotation and "Any" not in annotation else "any"


def _attributes(classes: Mapping[str, ast.ClassDef], node: ast.ClassDef, arguments: Block) -> dict[str, Any]:
    """What can be read and not set: attribute → the same below it, or null where it is a plain value.

    Below a block's name stands only what is computed within it.
    """
    found: dict[str, Any] = {}
    for item in node.body:
        if not isinstance(item, ast.FunctionDef) or item.returns is None:
            continue
        name = item.name
        decorators = [ast.unparse(decorator) for decorator in item.decorator_list]
        if "builtins.property" not in decorators or name.endswith("_input") or name in ("internal_value", "fqn"):
            continue
        given = arguments.get(name)
        inner = re.sub(r"(List)$", "OutputReference", ast.unparse(item.returns).strip("'"))
        below = _attributes(classes, classes[inner], (given or {}).get("arguments") or {}) if inner in classes else None
        if given is None or below:
            found[name] = below
    return dict(sorted(found.items()))


def used(configurations: Iterable[Configuration]) -> tuple[set[str], set[str]]:
    """Types of resources and of data sources of the provider that configurations name."""
    resources, data = set(), set()
    for configuration in configurations:
        resources |= {
            block.labels[0] for block in configuration.blocks("resource") if block.labels[0].startswith("aws_")
        }
        data |= {block.labels[0] for block in configuration.blocks("data") if block.labels[0].startswith("aws_")}
    return resources, data


def document(wheel: Path, resources: Iterable[str], data: Iterable[str]) -> dict[str, Any]:
    """The whole schema. Raises ValueError for a type that the provider does not have."""
    with zipfile.ZipFile(wheel) as archive:
        package = Package(archive)
        try:
            found = {
                "resources": {name: resource(package, name.removeprefix("aws_")) for name in sorted(resources)},
                "data": {name: resource(package, f"data_{name}") for name in sorted(data)},
                "provider": resource(package, "provider")["arguments"],
            }
        except KeyError as error:
            raise ValueError(f"the provider has no such type: {error}") from error
        source = archive.read(f"{PACKAGE}/vpc/__init__.py").decode()
    version = re.search(r"hashicorp/aws/([\d.]+)/docs", source)
    return {"provider_version": version[1] if version else "", "package": package_lock(), **found}


def text(found: Mapping[str, Any]) -> str:
    """A schema as JSON, a line for each type, so that a change of the provider can be read."""
    lines = []
    for name, value in found.items():
        if name in ("resources", "data"):
            types = ",\n".join(f"  {json.dumps(type_)}: {json.dumps(body)}" for type_, body in value.items())
            lines.append(f" {json.dumps(name)}: {{\n{types}\n }}")
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def package_lock() -> dict[str, str]:
    """The package's version and the wheel's SHA-256, as locked."""
    text = LOCK.read_text()
    name, version = re.findall(r"^([\w-]+)==([\d.]+)", text, flags=re.MULTILINE)[0]
    return {"name": name, "version": version, "sha256": re.findall(r"--hash=sha256:(\w+)", text)[0]}


def main() -> int:
    """Fetches the package by its hash, reads it, writes the schema."""
    configurations = [Configuration.read(path) for path in Configuration.directories(ROOT / "terraform", "aws")]
    resources, data = used(configurations)
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [
                sys.executable,
                *["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r"],
                str(LOCK),
                "-d",
                scratch,
            ],
            check=True,
        )
        (wheel,) = Path(scratch).glob("*.whl")
        found = document(wheel, resources, data)
    SCHEMA.parent.mkdir(parents=True, exist_ok=True)
    SCHEMA.write_text(text(found))
    print(f"{len(resources)} resources and {len(data)} data sources of hashicorp/aws {found['provider_version']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
