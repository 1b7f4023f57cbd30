"""Writes docs/roles/*.md, docs/inventory.md and terraform/modules/*/README.md (``make docs``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.tools import inventory_page, terraform_pages
from tests.tools.pages import NOTICE, ROOT, code, load, sentences, table

PAGES = ROOT / "docs" / "roles"


def page(role: Path) -> str:
    """The page of one role: what it does, its variables, what verify asks."""
    specs: Mapping[str, Any] = load(role / "meta" / "argument_specs.yml").get("argument_specs", {})
    lines = [NOTICE, f"# {role.name}", ""]
    for name, spec in specs.items():
        if name != "main":
            lines += [f"## Entry point `{name}`", ""]
        lines += [f"{sentences(spec['short_description']).rstrip('.')}.", ""]
        if spec.get("description"):
            lines += [sentences(spec["description"]), ""]
        if rows := list(_variables(spec.get("options", {}))):
            lines += [*table(("variable", "type", "default", "meaning"), rows), ""]
    if checks := _checks(role):
        lines += ["What `verify` asks:", "", *table(("check", "row", "holds when"), checks), ""]
    lines += [f"How it works: [roles/{role.name}/README.md](../../roles/{role.name}/README.md)."]
    return "\n".join(lines) + "\n"


def _variables(options: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str, str, str]]:
    """Rows of variables, their suboptions below them."""
    rows = []
    for name, spec in options.items():
        kind = spec.get("type", "str") + (f" of {spec['elements']}" if "elements" in spec else "")
        choices = f": {', '.join(code(choice) for choice in spec['choices'])}" if "choices" in spec else ""
        default = "required" if spec.get("required") else code(spec["default"]) if "default" in spec else ""
        rows.append((f"`{prefix}{name}`", kind + choices, default, sentences(spec.get("description", ""))))
        inner = "[]." if spec.get("type") == "list" else "."
        rows += _variables(spec.get("options", {}), f"{prefix}{name}{inner}")
    return rows


def _checks(role: Path) -> list[tuple[str, str, str]]:
    """Rows of the checks that a role declares."""
    return [
        (f"`{check['id']}`", str(check["row"]), sentences(check["title"]))
        for task in tasks(load(role / "tasks" / "verify.yml"))
        for check in task.get("gantry.platform.check", {}).get("checks", [])
        if isinstance(check, dict) and isinstance(check.get("title"), str)
    ]


def tasks(entries: Any) -> list[dict[str, Any]]:
    """All tasks of a file, those within blocks too."""
    found = []
    for entry in entries or []:
        found.append(entry)
        for part in ("block", "rescue", "always"):
            found += tasks(entry.get(part))
    return found


def roles() -> list[Path]:
    """The collection's roles by name."""
    return sorted(path for path in (ROOT / "roles").iterdir() if (path / "meta" / "argument_specs.yml").is_file())


def index() -> str:
    """The list of all roles."""
    rows = [
        (f"[{role.name}]({role.name}.md)", sentences(spec["short_description"]))
        for role in roles()
        for spec in [load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]]
    ]
    return "\n".join([NOTICE, "# Roles", "", *table(("role", "what it brings"), rows)]) + "\n"


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    made = {PAGES / f"{role.name}.md": page(role) for role in roles()}
    made |= {PAGES / "README.md": index(), ROOT / "docs" / "inventory.md": inventory_page.page()}
    return made | terraform_pages.pages()


def main() -> None:
    """Writes all pages and removes those of roles that are gone."""
    made = pages()
    PAGES.mkdir(parents=True, exist_ok=True)
    for path in set(PAGES.glob("*.md")) - set(made):
        path.unlink()
    for path, text in made.items():
        path.write_text(text)
    print(f"{len(made)} pages in {PAGES.parent}")


if __name__ == "__main__":
    main()
