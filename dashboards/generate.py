"""Render the dashboards: ``python -m dashboards.generate [--check]``.

Writes ``json/<uid>.json``, Grafana's own format, and ``json/index.json``, the list that the dashboards page shows.
The same code gives the same bytes; ``--check`` writes nothing and fails, naming the files, where the committed ones
differ from them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import kubernetes, mesh, platform, service, shop

OUTPUT = Path(__file__).resolve().parent / "json"

#: In the order in which the page lists them.
DASHBOARDS: tuple[Callable[[], Dashboard], ...] = (
    platform.dashboard,
    service.dashboard,
    shop.dashboard,
    mesh.dashboard,
    kubernetes.dashboard,
)


def _text(content: object) -> str:
    return json.dumps(content, cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def render() -> dict[str, str]:
    """File name to content, of every file in ``json/``."""
    built = [make() for make in DASHBOARDS]
    index = [{"uid": one.uid, "title": one.title, "description": one.description, "tags": one.tags} for one in built]
    return {"index.json": _text(index), **{f"{one.uid}.json": _text(one) for one in built}}


def stale(directory: Path, files: dict[str, str]) -> list[str]:
    """Names of the files in ``directory`` that are missing, different or no longer rendered."""
    there = {path.name: path.read_text(encoding="utf-8") for path in directory.glob("*.json")}
    return sorted(name for name in {*there, *files} if there.get(name) != files.get(name))


def write(directory: Path, files: dict[str, str]) -> None:
    """Make ``directory`` hold exactly ``files``."""
    directory.mkdir(exist_ok=True)
    for path in directory.glob("*.json"):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="fail if the committed files are not what the code renders"
    )
    files = render()
    if not parser.parse_args().check:
        write(OUTPUT, files)
        return 0
    if old := stale(OUTPUT, files):
        print(f"not what the code renders: {', '.join(old)}; run make dashboards", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
