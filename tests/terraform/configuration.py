"""Terraform's configuration as data: the blocks of a directory's `*.tf`, with their places. Parsed by python-hcl2."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

_BLOCK, _COMMENTS = "__is_block__", ("__comments__", "__inline_comments__")


@dataclass(frozen=True)
class Block:
    """A block: its kind, its labels, its arguments (as python-hcl2 gives them), the blocks within, its comments.

    Texts stand without quotes; `${…}` is an expression.
    """

    kind: str
    labels: tuple[str, ...]
    file: str
    arguments: dict[str, Any] = field(default_factory=dict)
    inner: tuple[Block, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """As Terraform names it: `aws_vpc.this`, `data.aws_region.this`, `module.network`, `var.x`."""
        prefix = {"resource": "", "variable": "var."}.get(self.kind, f"{self.kind}.")
        return prefix + ".".join(self.labels)

    def blocks(self, kind: str) -> list[Block]:
        """The blocks of a kind within."""
        return [block for block in self.inner if block.kind == kind]

    def plain(self) -> dict[str, Any]:
        """As {kind, labels, address, file, arguments, inner}; what a dynamic block makes stands as if written."""
        inner = [
            Block(block.labels[0], (), block.file, content.arguments, content.inner)
            if block.kind == "dynamic"
            else block
            for block in self.inner
            for content in (block.blocks("content") if block.kind == "dynamic" else [block])
        ]
        return {
            "kind": self.kind,
            "labels": list(self.labels),
            "address": self.address,
            "file": self.file,
            "arguments": self.arguments,
            "inner": [block.plain() for block in inner],
        }

    def expressions(self) -> Iterator[str]:
        """Every expression and text within, at any depth."""
        yield from _texts(self.arguments)
        for block in self.inner:
            yield from block.expressions()


@dataclass(frozen=True)
class Configuration:
    """All blocks of one directory: a module or a root."""

    path: Path
    all: tuple[Block, ...]

    @classmethod
    def read(cls, path: Path) -> Configuration:
        """Raises ValueError naming the file that is not HCL."""
        return cls(path, tuple(block for file in sorted(path.glob("*.tf")) for block in _file(file)))

    @classmethod
    def parse(cls, text: str, name: str = "main.tf") -> Configuration:
        """A configuration of one file, given as text."""
        return cls(Path(name), tuple(_blocks(_load(text, name), name)))

    @classmethod
    def directories(cls, root: Path, provider: str) -> list[Path]:
        """Every directory below `root` whose configuration needs a provider."""
        found = sorted({file.parent for file in root.rglob("*.tf") if ".terraform" not in file.parts})
        return [path for path in found if provider in cls.read(path).providers()]

    def blocks(self, kind: str) -> list[Block]:
        """The blocks of a kind at the top."""
        return [block for block in self.all if block.kind == kind]

    def named(self, kind: str) -> dict[str, Block]:
        """The blocks of a kind by their (last) label."""
        return {block.labels[-1]: block for block in self.blocks(kind)}

    def providers(self) -> dict[str, Any]:
        """The providers that it needs: name → {source, version}."""
        needed = [inner for block in self.blocks("terraform") for inner in block.blocks("required_providers")]
        return {name: value for block in needed for name, value in block.arguments.items()}

    def locals(self) -> dict[str, Any]:
        """Local values by name."""
        return {name: value for block in self.blocks("locals") for name, value in block.arguments.items()}


@cache
def _file(path: Path) -> tuple[Block, ...]:
    return tuple(_blocks(_load(path.read_text(), str(path)), path.name))


def _load(text: str, name: str) -> dict[str, Any]:
    try:
        return dict(hcl2.loads(text))
    except Exception as error:  # the parser's own errors share no class
        said = " ".join(str(error).split())[:300]
        raise ValueError(f"{name} is not HCL: {said}") from error


def _blocks(body: dict[str, Any], file: str) -> Iterator[Block]:
    """The blocks of a body. python-hcl2 nests labels as keys, and marks what is a block."""
    for kind, entries in body.items():
        if kind in _COMMENTS or not _is_blocks(entries):
            continue
        for entry in entries:
            yield from _labelled(kind, (), entry, file)


def _is_blocks(value: Any) -> bool:
    return (
        isinstance(value, list) and bool(value) and all(isinstance(entry, dict) and _marked(entry) for entry in value)
    )


def _marked(entry: dict[str, Any]) -> bool:
    return entry.get(_BLOCK) is True or (
        len(entry) == 1 and all(isinstance(value, dict) and _marked(value) for value in entry.values())
    )


def _labelled(kind: str, labels: tuple[str, ...], entry: dict[str, Any], file: str) -> Iterator[Block]:
    if entry.get(_BLOCK) is not True:
        for label, below in entry.items():
            yield from _labelled(kind, (*labels, label.strip('"')), below, file)
        return
    body = {key: value for key, value in entry.items() if key != _BLOCK}
    comments = tuple(str(comment["value"]) for key in _COMMENTS for comment in body.pop(key, []))
    arguments = {_plain(key): _plain(value) for key, value in body.items() if not _is_blocks(value)}
    yield Block(kind, labels, file, arguments, tuple(_blocks(body, file)), comments)


def _plain(value: Any) -> Any:
    """A value without the quotes of its texts."""
    if isinstance(value, str):
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {_plain(key): _plain(entry) for key, entry in value.items() if key not in (*_COMMENTS, _BLOCK)}
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, entry in value.items():
            yield from _texts(key)
            yield from _texts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _texts(entry)


_HEAD = re.compile(
    r"(?<![\w.:/-])(?:data\.aws_\w+\.\w+|aws_\w+\.\w+|(?:var|local|module|each|self|count|path|terraform)\.\w+)"
)


def references(text: str) -> Iterator[str]:
    """What a text with expressions refers to: `var.x`, `aws_vpc.this.id`, `aws_subnet.private[].id` (by an index)."""
    if "${" not in text:
        return
    for found in _HEAD.finditer(text):
        yield found[0] + "".join(_steps(text, found.end()))


def _steps(text: str, at: int) -> Iterator[str]:
    """What follows a name: `.attribute`, and `[]` for an index or a splat."""
    while at < len(text):
        if step := re.compile(r"\.(\w+|\*)").match(text, at):
            yield "[]" if step[1] == "*" else step[0]
            at = step.end()
        elif text[at] == "[":
            depth, at = 1, at + 1
            while at < len(text) and depth:
                depth += {"[": 1, "]": -1}.get(text[at], 0)
                at += 1
            yield "[]"
        else:
            return
