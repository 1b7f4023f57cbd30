"""Remembers the host as it is, or fails if something of an environment was left on it.

Usage: host.py remember FILE | host.py compare FILE MARK…
Other work may go on meanwhile, so only what carries one of the marks counts (the environment's name, its network); the
end-to-end test compares everything.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "collections"))

from ansible_collections.gantry.platform.plugins.module_utils.machines.host import difference, snapshot


def main(verb: str, file: Path, marks: Sequence[str]) -> int:
    """Do what verb says; return the exit status."""
    if verb == "remember":
        file.write_text(json.dumps(snapshot()), encoding="utf-8")
        return 0
    if not file.exists():
        return 0
    before = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    new = {key: values["new"] for key, values in difference(before, snapshot()).items()}
    left = {key: [line for line in lines if any(mark in line for mark in marks)] for key, lines in new.items()}
    print(json.dumps({key: lines for key, lines in left.items() if lines}, indent=1))
    return 1 if any(left.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
