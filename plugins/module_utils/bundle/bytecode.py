"""Compiles Python to bytecode that depends on the source alone; run as a program by the Python that will load it.

`compileall` gives other bytes in another environment: what it imports itself is written as any import is, with times,
and then left; and marshal marks an object as one that may be referred to again by its count of references, in which
other modules have a part. Here nothing is left, and every object is held once more, so all are marked. The files are
of PEP 552's kind whose source is never looked at, so no times are in them either.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any

_UNCHECKED = (1).to_bytes(4, "little")
"""The flags word of a file that is bound to its source by a hash, and is not checked against it."""


def bytecode(source: bytes, path: str) -> bytes:
    """The content of the .pyc of a module whose source lies at `path`. Raises SyntaxError."""
    code = compile(source, path, "exec", dont_inherit=True, optimize=0)
    kept = list(_parts(code))
    data = marshal.dumps(code)
    del kept
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source) + data


def compile_tree(top: Path) -> list[str]:
    """Write the bytecode of all modules below `top`; returns a line for each that is not Python."""
    refused = []
    for path in sorted(path for path in top.rglob("*.py") if path.is_file()):
        source = path.read_bytes()
        try:
            content = bytecode(source, str(path))
        except (SyntaxError, ValueError) as error:
            refused.append(f"{path}: {error}")
            continue
        target = Path(importlib.util.cache_from_source(str(path)))
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
    return refused


def _parts(value: Any) -> Iterator[Any]:
    """All that marshal writes of a code object, and of what is in it."""
    yield value
    if isinstance(value, CodeType):
        names = (value.co_names, value.co_varnames, value.co_cellvars, value.co_freevars)
        tables = (value.co_linetable, getattr(value, "co_exceptiontable", b""))
        texts = (value.co_filename, value.co_name, getattr(value, "co_qualname", ""))
        for part in (value.co_consts, *names, *tables, *texts):
            yield from _parts(part)
    elif isinstance(value, (tuple, frozenset)):
        for item in value:
            yield from _parts(item)


if __name__ == "__main__":
    os.umask(0o022)
    for number in range(256):  # texts of one character are one object for all; marshal says whether it is interned
        sys.intern(chr(number))
    refused = [line for top in sys.argv[1:] for line in compile_tree(Path(top))]
    for line in refused:
        print(line)
    sys.exit(bool(refused))
