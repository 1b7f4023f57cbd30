"""Bytecode is the same wherever it is made."""

from __future__ import annotations

import importlib.util
import marshal
import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle import bytecode

SOURCE = b'''"""A module with something of everything."""
from __future__ import annotations
import json
NAMES = frozenset({"peach_of_a_name", "plum", "pear"})
class Basket(dict[str, int]):
    def total(self, *, peach_of_a_name: int = 3) -> int:
        def inner() -> tuple[int, str]:
            return peach_of_a_name + 70000, f"text {peach_of_a_name!r} {json.__name__}"
        try:
            return inner()[0]
        except (KeyError, ValueError):
            return 0
'''


def test_what_else_holds_its_objects_does_not_matter() -> None:
    alone = bytecode.bytecode(SOURCE, "/app/basket.py")
    held = [compile(SOURCE, "/app/basket.py", "exec", dont_inherit=True) for _ in range(3)]
    assert bytecode.bytecode(SOURCE, "/app/basket.py") == alone
    shared = marshal.loads(alone[16:])
    assert marshal.dumps(shared) != alone[16:], "not every object is marked"
    assert isinstance(shared, type(held[0]))


def test_other_environments_and_another_order_give_the_same(tmp_path: Path) -> None:
    found = []
    for number, extra in enumerate(({}, {"PYTHONPATH": "/none", "LANGUAGE": "de", "COLUMNS": "40"})):
        top = tmp_path / str(number) / "app"
        names = ["basket.py", "inner/deep.py"] if number else ["inner/deep.py", "basket.py"]
        for name in names:
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_bytes(SOURCE)
        os.utime(top / "basket.py", (number, number))
        program = [sys.executable, bytecode.__file__, "app"]
        subprocess.run(program, cwd=top.parent, check=True, env={"PYTHONHASHSEED": "0", **extra})
        found.append({str(path.relative_to(top)): path.read_bytes() for path in sorted(top.rglob("*.pyc"))})
    assert len(found[0]) == 2
    assert found[0] == found[1]


def test_it_is_loaded_without_a_look_at_the_source(tmp_path: Path) -> None:
    path = tmp_path / "basket.py"
    path.write_bytes(SOURCE)
    assert bytecode.compile_tree(tmp_path) == []
    compiled = Path(importlib.util.cache_from_source(str(path)))
    assert compiled.read_bytes()[4:8] == b"\x01\0\0\0"
    path.write_text("raise ImportError('the source was read')")
    code = "import basket; print(basket.Basket().total())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "70003\n"


def test_what_is_no_python_is_named(tmp_path: Path) -> None:
    (tmp_path / "template.py").write_text("{{ name }} = =")
    (tmp_path / "good.py").write_text("A = 1\n")
    (tmp_path / "gone.py").symlink_to("nowhere")
    assert [line.partition(":")[0] for line in bytecode.compile_tree(tmp_path)] == [str(tmp_path / "template.py")]
    program = [sys.executable, bytecode.__file__, str(tmp_path)]
    assert subprocess.run(program, capture_output=True, check=False).returncode == 1
