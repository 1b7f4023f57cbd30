"""Handle dead letters again: `python3 -m payments.replay`, with the service's own settings; `--list` only shows them.

A letter that was handled does not come again; one that fails stays. Status 1: some are left, 3: a store is away.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack

import psycopg
import structlog
from shopkit.broker import BrokerError
from shopkit.deadletters import letters
from shopkit.events import Event
from shopkit.settings import SettingError

from payments.adapters.events import SERVICE, handle
from payments.adapters.settings import Settings
from payments.service import Service


async def replay(service: Service, *, only_list: bool) -> int:
    """Go through the letters once, oldest first; print a line for each. Returns how many are left."""
    left = 0
    async for letter in letters(service.broker, SERVICE):
        said = f"{letter.number} {letter.time:%Y-%m-%dT%H:%M:%SZ} {letter.subject}"
        if only_list:
            print(f"{said}: {letter.reason}")
            left += 1
            continue
        try:
            event = Event.decode(letter.body)
            await handle(service.payments, event)
        except psycopg.OperationalError:
            raise
        except Exception as error:
            print(f"{said}: still fails: {type(error).__name__}: {error}")
            left += 1
        else:
            await letter.done()
            print(f"{said}: done, order {event.subject}")
    return left


async def run(settings: Settings, *, only_list: bool) -> int:
    """Open what the service holds open, without serving. Returns the exit status."""
    service = Service(settings)
    async with AsyncExitStack() as stack:
        for resource in service.resources:
            await stack.enter_async_context(resource)
        left = await replay(service, only_list=only_list)
    print(f"{left} left")
    return 1 if left and not only_list else 0


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m payments.replay", description="Handle dead letters again.")
    parser.add_argument("--list", action="store_true", help="show them, handle none")
    arguments = parser.parse_args()
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 2
    # Standard output is for what became of the letters.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    try:
        return asyncio.run(run(settings, only_list=arguments.list))
    except (BrokerError, psycopg.OperationalError) as error:
        print(f"{SERVICE}: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
