"""Audits a shop that runs: ``python -m tests.shop.audit --kubeconfig .platform/local/kubeconfig``.

Counts events, orders, charges at the provider, stock and mails, waits until nothing is under way, and says whether the
books agree: no order lost, none doubled, every confirmed order charged once, no cancelled one charged for good, stock
conserved. Ends with 1 and the names of what is wrong; with 2 where it could not ask.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.shop.collect import CollectError, Shop
from tests.shop.judge import findings, told


def accepted(paths: Sequence[Path]) -> dict[str, list[str]]:
    """Orders by Idempotency-Key from reports of traffic."""
    orders: dict[str, list[str]] = {}
    for path in paths:
        orders |= json.loads(path.read_text(encoding="utf-8"))["orders"]
    return orders


def main(arguments: Sequence[str]) -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.shop.audit", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--namespace", default="shop")
    parser.add_argument(
        "--accepted", type=Path, action="append", default=[], help="a report of traffic; may be given more than once"
    )
    parser.add_argument("--settle", type=float, default=120, help="seconds to wait until nothing is under way")
    parser.add_argument(
        "--stock", type=Path, help="file with pieces by SKU to hold the stock against; made where it is missing"
    )
    given = parser.parse_args(arguments)
    try:
        orders = accepted(given.accepted)
        facts = Shop(given.kubeconfig, given.namespace).settled(given.settle)
        received: Mapping[str, int] = {}
        if given.stock and given.stock.exists():
            received = json.loads(given.stock.read_text(encoding="utf-8"))
        elif given.stock:
            given.stock.write_text(json.dumps(facts.told()), encoding="utf-8")
    except (CollectError, OSError, ValueError, KeyError) as error:
        print(f"audit: {error}", file=sys.stderr)
        return 2
    found = findings(facts, orders, received)
    print(told(facts, found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
