"""Which variables an inventory may set: those of the contract and of the roles' argument specs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.gantry.platform.plugins.module_utils import documents
from ansible_collections.gantry.platform.plugins.module_utils.contract.mistakes import Mistake, nearest, shown
from ansible_collections.gantry.platform.plugins.module_utils.contract.model import Contract

CONTRACT_PREFIX = "platform_"
FACTS = frozenset(
    {"bundle_binaries", "bundle_files", "bundle_images", "bundle_rootfs", "bundle_signatures", "bundle_versions"}
)
"""What stages tell the later ones; no inventory sets them, but they are there when preflight is asked again."""
LIKENESS = 0.85
"""How like a known name a variable of a foreign prefix must be to count as its misspelling."""

Spec = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """Known names. `roles`: role → variable → its argument spec; `derived`: set by the playbooks, never by users."""

    contract: frozenset[str]
    derived: frozenset[str]
    roles: Mapping[str, Mapping[str, Spec]]

    @property
    def known(self) -> frozenset[str]:
        """All of them."""
        return self.contract | self.derived | FACTS | {name for specs in self.roles.values() for name in specs}

    def role_of(self, name: str) -> str:
        """The role whose prefix a variable has; empty where there is none. The longest prefix wins."""
        return max((role for role in self.roles if name.startswith(f"{role}_")), key=len, default="")


def load(collection: Path) -> Names:
    """Reads the names from a collection's root. A role without argument specs has no variables."""
    roles: dict[str, Mapping[str, Spec]] = {}
    for path in sorted((collection / "roles").iterdir()):
        specs = path / "meta" / "argument_specs.yml"
        body = _read(specs) if specs.is_file() else {}
        entries = body.get("argument_specs", {}).values()
        roles[path.name] = {name: spec for entry in entries for name, spec in entry.get("options", {}).items()}
    derived = _read(collection / "playbooks" / "group_vars" / "all" / "platform.yml")
    return Names(contract=frozenset(Contract.model_fields), derived=frozenset(derived), roles=roles)


def _read(path: Path) -> dict[str, Any]:
    """Raises ValueError naming the file."""
    try:
        return yaml.load(path.read_text(), Loader=documents.LOADER) or {}  # noqa: S506 (a safe one)
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def relevant(variables: Iterable[str], names: Names) -> list[str]:
    """The variables that are the collection's business: its prefixes, and likely misspellings of its names.

    Names with a leading underscore are internals of roles, and no inventory's.
    """
    public = [name for name in variables if not name.startswith("_") and name not in FACTS]
    return [name for name in public if _ours(name, names) or (name not in names.known and _misspelt(name, names))]


def _ours(name: str, names: Names) -> bool:
    return name.startswith(CONTRACT_PREFIX) or name in names.contract or bool(names.role_of(name))


def _misspelt(name: str, names: Names) -> str:
    return nearest(name, names.known, LIKENESS)


def check_names(variables: Mapping[str, Any], names: Names) -> list[Mistake]:
    """Unknown variables of our prefixes, and misspellings of our names."""
    mistakes = []
    for name in relevant(variables, names):
        if name in names.known:
            continue
        near = nearest(name, names.known)
        if role := names.role_of(name):
            problem = f"is not a variable of role {role}, to which its prefix belongs"
            other = f"remove it or rename it; docs/roles/{role}.md lists the role's variables"
        elif name.startswith(CONTRACT_PREFIX):
            problem = "is not a key of the contract"
            other = "remove it; docs/inventory.md lists the keys"
        else:
            problem = "looks like a misspelling"
            other = "rename it"
        remedy = f"did you mean '{near}'? Else {other}" if near else other
        mistakes.append(Mistake(name, _hidden(name, variables[name], names), problem, remedy))
    return mistakes


def _hidden(name: str, value: Any, names: Names) -> str:
    """A value for people; never that of a secret."""
    spec = next((specs[name] for specs in names.roles.values() if name in specs), {})
    secret = spec.get("no_log") or any(word in name for word in ("password", "secret", "token", "private"))
    return "(hidden)" if secret else shown(value)


def check_roles(variables: Mapping[str, Any], names: Names) -> list[Mistake]:
    """Values of role variables against their argument specs, booleans strictly."""
    mistakes = []
    for specs in names.roles.values():
        for name, spec in specs.items():
            if name in variables:
                mistakes += _check_value(name, variables[name], spec, names)
    return mistakes


def _check_value(name: str, value: Any, spec: Spec, names: Names) -> list[Mistake]:
    kind = spec.get("type", "str")
    text = _hidden(name, value, names)
    if kind == "bool" and not isinstance(value, bool):
        remedy = "write true or false without quotes (on the command line: -e '{\"" + name + "\": true}')"
        return [Mistake(name, text, "is not a boolean", remedy)]
    if value is None and not spec.get("required"):
        return []
    result = ArgumentSpecValidator({name: _plain(spec)}).validate({name: value})
    if not result.error_messages:
        return []
    choices = [str(choice) for choice in spec.get("choices", [])]
    if choices and str(value) not in choices:
        near = nearest(str(value), choices, cutoff=0.5)
        remedy = f"choose one of {', '.join(choices)}" + (f" (the nearest is '{near}')" if near else "")
        return [Mistake(name, text, "is not one of the choices", remedy)]
    description = spec.get("description", "")
    meaning = " ".join(description) if isinstance(description, list) else str(description)
    remedy = f"give a value of type {kind}: {meaning.rstrip('.')}"
    if text == "(hidden)":
        return [Mistake(name, text, f"is not of type {kind}", remedy)]
    said = "; ".join(result.error_messages).rstrip(".")
    return [Mistake(name, text, f"does not fit its type {kind}: {said}", remedy)]


def _plain(spec: Spec) -> Spec:
    """An argument spec without what only documentation reads, which the validator does not know."""
    kept: Spec = {key: value for key, value in spec.items() if key in _SPEC_KEYS}
    if "options" in kept:
        kept["options"] = {name: _plain(inner) for name, inner in kept["options"].items()}
    return kept


_SPEC_KEYS = frozenset({"type", "elements", "choices", "options", "required", "no_log"})
