"""Prints the API's description: `make openapi`."""

from __future__ import annotations

import json
from typing import cast

from shopkit.metrics import Metrics

from orderview.adapters.http import Rebuilds, application
from orderview.application.ports import Reader
from orderview.application.projecting import Rebuilder
from orderview.application.queries import Queries


async def _ready() -> bool:
    return True


def described() -> str:
    """openapi.json as the code says it; nothing behind it is asked."""
    metrics = Metrics("orderview")
    rebuilds = Rebuilds(cast("Rebuilder", None), metrics)
    app = application(Queries(cast("Reader", None)), rebuilds, metrics, None, _ready)
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(described(), end="")
