"""What Terraform would say of a configuration before it asks AWS: held against the provider's schema and itself.

Each check yields problems as text that begins with the file and the block's address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.terraform.configuration import Block, Configuration, references

Schema = Mapping[str, Any]

META = {"count", "for_each", "provider", "depends_on"}
META_BLOCKS = {
    "lifecycle": {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by"},
    "timeouts": {"create", "read", "update", "delete"},
}
_LITERALS: dict[str, tuple[type, ...]] = {"list": (list,), "map": (dict,), "number": (int, float), "bool": (bool,)}


def schema(configuration: Configuration, known: Schema) -> Iterator[str]:
    """Types, arguments and blocks that the provider does not know, lacks, or wants in another shape."""
    for kind, types in (("resource", known["resources"]), ("data", known["data"])):
        for block in configuration.blocks(kind):
            place, type_ = f"{block.file}: {block.address}", block.labels[0]
            if type_ not in types:
                yield f"{place}: the provider has no {kind} {type_}"
            else:
                yield from _body(block, types[type_]["arguments"], place, META)
    for block in configuration.blocks("provider"):
        yield from _body(block, known["provider"], f"{block.file}: {block.address}", {"alias"})


def _body(block: Block, known: Schema | None, place: str, meta: set[str]) -> Iterator[str]:
    """A block against the arguments that it may have; `known` is None where the schema does not tell."""
    if known is None:
        return
    inner = [_content(found) for found in block.inner if not (meta and found.kind in META_BLOCKS)]
    for found in block.inner:
        if meta and found.kind in META_BLOCKS:
            unknown = set(found.arguments) - META_BLOCKS[found.kind]
            yield from (f"{place}.{found.kind}: no argument {name}" for name in sorted(unknown))
    for name, value in block.arguments.items():
        if name in meta:
            continue
        if name not in known:
            yield f"{place}: no argument {name}"
        elif known[name]["type"] == "block":
            yield f"{place}: {name} is a block, not an argument"
        else:
            yield from _literal(value, known[name]["type"], f"{place}.{name}")
    for found, repeated in inner:
        if found.kind not in known:
            yield f"{place}: no block {found.kind}"
        elif known[found.kind]["type"] != "block":
            yield f"{place}: {found.kind} is an argument, not a block"
        else:
            several = sum(other.kind == found.kind for other, _ in inner) > 1 and not repeated
            if known[found.kind]["block"] == "single" and several:
                yield f"{place}: more than one block {found.kind}"
            yield from _body(found, known[found.kind]["arguments"], f"{place}.{found.kind}", set())
    present = set(block.arguments) | {found.kind for found, _ in inner}
    for name, entry in known.items():
        if entry.get("required") and name not in present:
            yield f"{place}: {name} is missing"


def _content(block: Block) -> tuple[Block, bool]:
    """A block, or what a dynamic one makes; and whether it is dynamic."""
    if block.kind != "dynamic":
        return block, False
    (content,) = block.blocks("content")
    return Block(block.labels[0], (), block.file, content.arguments, content.inner), True


def _literal(value: Any, kind: str, place: str) -> Iterator[str]:
    """A value that is no expression, against its type."""
    if (isinstance(value, str) and "${" in value) or value is None or value == "null":
        return
    wanted = _LITERALS.get(kind, (str, int, float, bool) if kind == "string" else (object,))
    boolean = isinstance(value, bool) or value in ("true", "false")
    if kind == "bool" and boolean:
        return
    if not isinstance(value, wanted) or (kind == "number" and boolean):
        yield f"{place} is to be a {kind}"


def names(configuration: Configuration, known: Schema, outputs: Mapping[str, set[str]]) -> Iterator[str]:
    """References to what is not there, and declarations that nothing refers to.

    `outputs`: module that the configuration calls → the names of its outputs.
    """
    declared = {
        "var": set(configuration.named("variable")),
        "local": set(configuration.locals()),
        "module": set(configuration.named("module")),
    }
    objects = {block.address: block for kind in ("resource", "data") for block in configuration.blocks(kind)}
    used: set[str] = set()
    for block in configuration.all:
        for text in block.expressions():
            for reference in references(text):
                kind, name, *_ = re.split(r"\.|\[", reference)
                place = f"{block.file}: {block.address or block.kind}"
                used.add(f"{kind}.{name}")
                if kind in declared and name not in declared[kind]:
                    yield f"{place}: there is no {kind}.{name}"
                elif kind == "module":
                    yield from _output(reference, outputs, place)
                elif kind == "data" or kind.startswith("aws_"):
                    address = ".".join(reference.replace("[]", "").split(".")[: 3 if kind == "data" else 2])
                    used.add(address)
                    if address not in objects:
                        yield f"{place}: there is no {address}"
                    else:
                        yield from _attribute(reference, address, objects[address], known, place)
    for kind in ("var", "local"):
        yield from (f"{kind}.{name} is not used" for name in sorted(declared[kind]) if f"{kind}.{name}" not in used)
    yield from (
        f"{address} is not used" for address in sorted(objects) if address.startswith("data.") and address not in used
    )


def _output(reference: str, outputs: Mapping[str, set[str]], place: str) -> Iterator[str]:
    parts = reference.replace("[]", "").split(".")
    if len(parts) > 2 and parts[2] not in outputs.get(parts[1], set()):
        yield f"{place}: module.{parts[1]} has no output {parts[2]}"


def _attribute(reference: str, address: str, block: Block, known: Schema, place: str) -> Iterator[str]:
    """The attribute that a reference reads, and whether it says which of several."""
    rest = reference[len(address) :]
    many = bool({"for_each", "count"} & set(block.arguments))
    if rest.startswith(".") and many:
        yield f"{place}: {address} is several; say which one ({reference})"
    if rest.startswith("[]") and not many:
        yield f"{place}: {address} is one, not several ({reference})"
    entry = known["data" if block.kind == "data" else "resources"].get(block.labels[0])
    path = [part for part in rest.replace("[]", "").split(".") if part]
    if entry is None or not path:
        return
    arguments: Any = entry["arguments"]
    attributes: Any = entry["attributes"]
    for part in path:
        argument = (arguments or {}).get(part)
        if argument is None and part not in (attributes or {}):
            yield f"{place}: {address} has no attribute {'.'.join(path)}"
            return
        arguments = (argument or {}).get("arguments")
        attributes = (attributes or {}).get(part)
        if not arguments and not attributes:
            return


def calls(configuration: Configuration, modules: Mapping[str, Configuration]) -> Iterator[str]:
    """Modules that are given what they do not take, or not what they need. `modules`: by the call's name."""
    for block in configuration.blocks("module"):
        place, variables = f"{block.file}: {block.address}", modules[block.labels[0]].named("variable")
        given = set(block.arguments) - META - {"source", "version", "providers"}
        yield from (f"{place}: no variable {name}" for name in sorted(given - set(variables)))
        needed = {name for name, variable in variables.items() if "default" not in variable.arguments}
        yield from (f"{place}: {name} is missing" for name in sorted(needed - given))


def documented(configuration: Configuration) -> Iterator[str]:
    """Variables without a type, variables and outputs without a description."""
    for kind, wanted in (("variable", ("type", "description")), ("output", ("value", "description"))):
        for block in configuration.blocks(kind):
            missing = [name for name in wanted if name not in block.arguments]
            yield from (f"{block.file}: {block.address} has no {name}" for name in missing)


def called(configuration: Configuration) -> dict[str, Configuration]:
    """The modules that a configuration calls, by the calls' names. Raises ValueError where a source is no directory."""
    found = {}
    for block in configuration.blocks("module"):
        path = (configuration.path / str(block.arguments["source"])).resolve()
        if not path.is_dir():
            raise ValueError(f"{block.file}: {block.address}: {block.arguments['source']} is no directory")
        found[block.labels[0]] = Configuration.read(path)
    return found


def problems(configuration: Configuration, known: Schema) -> list[str]:
    """Everything that is wrong with a directory of configuration."""
    modules = called(configuration)
    outputs = {name: set(module.named("output")) for name, module in modules.items()}
    return [
        *schema(configuration, known),
        *names(configuration, known, outputs),
        *calls(configuration, modules),
        *documented(configuration),
    ]
