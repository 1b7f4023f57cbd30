"""From the variables of an inventory to the typed contract, and every mistake on the way in friendly words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, get_args, get_origin

from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import ABSENT, Mistake, nearest, shown
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract, NodePool
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_QUOTED = {"int_type", "bool_type", "float_type"}


def parse(variables: Mapping[str, Any]) -> tuple[Contract, frozenset[str], list[Mistake]]:
    """The contract as far as it can be read, the names of the fields that can be, and the mistakes.

    Every variable is read for itself, and every pool too: a mistake in one does not hide those in others.
    """
    values: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for name, field in Contract.model_fields.items():
        if name not in variables:
            if field.is_required():
                mistakes.append(_missing(name, field))
            else:
                values[name] = field.default
        elif name == "platform_node_pools":
            pools, found = _pools(variables[name])
            mistakes += found
            if not found:
                values[name] = pools
        else:
            try:
                values[name] = _adapter(field).validate_python(variables[name], strict=True)
            except ValidationError as error:
                mistakes += [_translate(name, field, variables[name], detail) for detail in error.errors()]
    return Contract.model_construct(None, **values), frozenset(values), mistakes


def _pools(given: Any) -> tuple[list[NodePool], list[Mistake]]:
    """Each pool for itself."""
    name, field = "platform_node_pools", Contract.model_fields["platform_node_pools"]
    if not isinstance(given, list):
        return [], [Mistake(name, shown(given), "is not a list of node pools", f"write {_example(name, field)}")]
    pools: list[NodePool] = []
    mistakes: list[Mistake] = []
    for index, item in enumerate(given):
        try:
            pools.append(NodePool.model_validate(item))
        except ValidationError as error:
            mistakes += [_translate(f"{name}[{index}]", field, item, detail, NodePool) for detail in error.errors()]
    return pools, mistakes


def _adapter(field: FieldInfo) -> TypeAdapter[Any]:
    """A field alone."""
    kind: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
    return TypeAdapter(kind)


def _missing(name: str, field: FieldInfo) -> Mistake:
    return Mistake(name, ABSENT, f"is needed: {field.description}", f"add {_example(name, field)}")


def _example(name: str, field: FieldInfo) -> str:
    leaf = name.rsplit(".", 1)[-1]
    return f"'{leaf}: {field.examples[0]}'" if field.examples else f"'{leaf}'"


def _translate(
    root: str, field: FieldInfo, given: Any, detail: ErrorDetails, model: type[BaseModel] | None = None
) -> Mistake:
    """One of pydantic's errors as a mistake: where, what, and what to do."""
    place = root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    inner, siblings = _locate(model or field.annotation, detail["loc"])
    at = inner or field
    value, kind = detail["input"], detail["type"]
    if root.endswith("]") and isinstance(given, dict) and given.get("name"):
        place += f" (pool {given['name']})"
    bare = place.split(" (")[0]
    if kind == "missing":
        return Mistake(place, ABSENT, f"is needed: {at.description}", f"add {_example(bare, at)}")
    if kind == "extra_forbidden":
        leaf = str(detail["loc"][-1])
        near = nearest(leaf, siblings, cutoff=0.6)
        remedy = f"did you mean '{near}'? Else remove it" if near else f"remove it; known are {', '.join(siblings)}"
        return Mistake(place, shown(value), "is not a key of the contract", remedy)
    if kind in _QUOTED:
        problem = f"is a {_kind(value)} where a {'boolean' if kind == 'bool_type' else 'whole number'} is expected"
        remedy = "write it without quotes" if isinstance(value, str) else f"write for example {_example(bare, at)}"
        return Mistake(place, shown(value), problem, remedy)
    if kind == "literal_error":
        choices = re.findall(r"'([^']+)'", detail["msg"]) or re.findall(r"\d+", detail["msg"])
        near = nearest(str(value), choices, cutoff=0.5)
        remedy = f"choose one of {', '.join(choices)}" + (f" (the nearest is '{near}')" if near else "")
        return Mistake(place, shown(value), "is not one of the choices", remedy)
    if kind in ("string_type", "string_pattern_mismatch", "string_too_long"):
        quoted = isinstance(value, float | int)
        problem = f"is a {_kind(value)}, not a text" if quoted else "does not have the right form"
        hint = "; quote it, or YAML reads it as a number" if quoted and not isinstance(value, bool) else ""
        return Mistake(place, shown(value), problem, f"{at.description}; for example {_example(bare, at)}{hint}")
    problem = detail["msg"].removeprefix("Value error, ")
    problem = problem[0].lower() + problem[1:]
    return Mistake(place, shown(value), problem, f"write for example {_example(bare, at)}: {at.description}")


def _locate(kind: Any, path: Sequence[int | str]) -> tuple[FieldInfo | None, list[str]]:
    """The field at a path below a type, and the names of its siblings."""
    found: FieldInfo | None = None
    siblings: list[str] = []
    for part in path:
        model = _model(kind)
        if isinstance(part, int) or model is None:
            continue
        siblings = list(model.model_fields)
        found = model.model_fields.get(part)
        kind = found.annotation if found else None
    return found, siblings


def _model(kind: Any) -> type[BaseModel] | None:
    """The model within a type such as `list[Taint]` or `Size | None`."""
    if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
        return kind
    return next((found for inner in get_args(kind) if (found := _model(inner))), None)


def _kind(value: Any) -> str:
    names = {
        str: "text",
        bool: "boolean",
        int: "number",
        float: "number",
        list: "list",
        dict: "map",
        type(None): "null",
    }
    return next((name for known, name in names.items() if isinstance(value, known)), type(value).__name__)
