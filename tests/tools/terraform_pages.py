"""terraform/modules/*/README.md, from the configuration: what a module is for, what it takes, gives and makes."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.terraform.configuration import Configuration
from tests.tools.pages import NOTICE, ROOT, code, table

MODULES = ROOT / "terraform" / "modules"


def page(module: Path) -> str:
    """The page of one module."""
    configuration = Configuration.read(module)
    lines = [NOTICE, f"# {module.name}", "", purpose(module), ""]
    inputs = [
        (
            f"`{block.labels[0]}`",
            f"`{kind(str(block.arguments['type']))}`",
            code(block.arguments["default"]) if "default" in block.arguments else "required",
            str(block.arguments["description"]),
        )
        for block in configuration.blocks("variable")
    ]
    lines += [*table(("input", "type", "default", "meaning"), inputs), ""]
    outputs = [
        (f"`{block.labels[0]}`", str(block.arguments["description"])) for block in configuration.blocks("output")
    ]
    lines += [*table(("output", "meaning"), outputs), ""] if outputs else []
    modules = [
        f"[{block.labels[0]}]({block.arguments['source']}/README.md)" for block in configuration.blocks("module")
    ]
    lines += [f"It calls {', '.join(modules)}.", ""] if modules else []
    made = Counter(block.labels[0] for block in configuration.blocks("resource"))
    resources = [f"`{type_}`" + (f" ({count})" if count > 1 else "") for type_, count in sorted(made.items())]
    lines += [f"It makes {', '.join(resources)}.", ""] if resources else []
    reasons = [
        (f"`{found[0]}`", f"`{address}`", found[1])
        for address, comment in comments(configuration)
        for found in re.findall(r"checkov:skip=(\w+):(.+)", comment)
    ]
    lines += [*table(("check of checkov left out", "of", "because"), reasons), ""] if reasons else []
    return "\n".join(lines).rstrip() + "\n"


def purpose(module: Path) -> str:
    """The comment that main.tf begins with, as one line."""
    found = re.match(r"(?:# .*\n)+", (module / "main.tf").read_text())
    return " ".join(line.removeprefix("# ") for line in found[0].splitlines()) if found else ""


def kind(type_: str) -> str:
    """A type on one line."""
    return re.sub(r"\s+", " ", type_).removeprefix("${").removesuffix("}")


def comments(configuration: Configuration) -> list[tuple[str, str]]:
    """The comments of blocks: address and text."""
    return [(block.address, comment) for block in configuration.all for comment in block.comments]


def pages() -> dict[Path, str]:
    """Every page by its path."""
    return {path / "README.md": page(path) for path in sorted(MODULES.iterdir()) if path.is_dir()}
