"""Build the view anew from the first event on, by hand: `python3 -m orderview.rebuild`, with the service's settings."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict

import psycopg
from shopkit import logs
from shopkit.broker import BrokerError
from shopkit.settings import SettingError

from orderview import __version__
from orderview.adapters.settings import Settings
from orderview.application.ports import GenerationLostError, RebuildRunningError
from orderview.application.projecting import Rebuilt
from orderview.runtime import Runtime


async def rebuild(settings: Settings) -> Rebuilt:
    """Build it. Raises RebuildRunningError, GenerationLostError, BrokerError, psycopg.Error."""
    runtime = Runtime.of(settings)
    async with runtime.running():
        return await runtime.rebuilder.run()


def main() -> int:
    """Print what was done as JSON. Returns the exit status: 2 for settings, 1 where it did not come to its end."""
    try:
        settings = Settings.read(os.environ)
    except SettingError as error:
        print(f"orderview.rebuild: {error}", file=sys.stderr)
        return 2
    logs.configure("orderview", __version__, settings.common.environment, "warning")
    try:
        done = asyncio.run(rebuild(settings))
    except (RebuildRunningError, GenerationLostError, BrokerError, psycopg.Error) as error:
        print(f"orderview.rebuild: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(done)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
