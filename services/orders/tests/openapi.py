"""Prints the API's description: `make openapi`."""

from __future__ import annotations

import json
from datetime import timedelta

from shopkit.metrics import Metrics

from orders.adapters.http import application
from orders.application.ordering import Ordering


async def _ready() -> bool:
    return True


def described() -> str:
    """openapi.json as the code says it."""
    ordering = Ordering(None, None, None, timedelta())  # type: ignore[arg-type]  # only described, never asked
    app = application(ordering, Metrics("orders"), None, _ready)
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(described(), end="")
