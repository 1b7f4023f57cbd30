"""What is asked for, within bounds: load goes to a private address only, and ends."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

SCENARIOS = ("browse", "buy", "peak")
MOST_USERS = 200
MOST_SECONDS = 3600


class OptionError(ValueError):
    """An option that cannot be meant; names it, its value and the remedy."""

    def __init__(self, name: str, value: object, remedy: str) -> None:
        super().__init__(f"{name} is {str(value)!r}: {remedy}")


@dataclass(frozen=True)
class Options:
    """One run. `address`: the shop's base URL, such as https://10.90.0.10:30443/shop; `ca` signs its certificate.

    `users` at one time, for `seconds`; `report` is the file that the result is written to, as JSON.
    """

    scenario: str
    users: int
    seconds: int
    address: str
    ca: Path | None
    report: Path | None

    def __post_init__(self) -> None:
        if self.scenario not in SCENARIOS:
            raise OptionError("scenario", self.scenario, f"give one of {', '.join(SCENARIOS)}")
        for name, most in (("users", MOST_USERS), ("seconds", MOST_SECONDS)):
            if not 1 <= (value := getattr(self, name)) <= most:
                raise OptionError(name, value, f"give a whole number from 1 to {most}")
        _private(self.address)
        if self.ca and not self.ca.is_file():
            raise OptionError("ca", self.ca, "give the file of the platform's CA, .platform/<environment>/ca.crt")


def _private(address: str) -> None:
    try:
        parts = urlsplit(address)
        host = ip_address(parts.hostname or "")
    except ValueError:
        raise OptionError("address", address, "give a URL with an IP address, such as the platform's") from None
    if parts.scheme not in ("http", "https"):
        raise OptionError("address", address, "give a URL that begins with https://")
    if not host.is_private:
        raise OptionError("address", address, "load is for a platform of one's own: give a private address")


def read(arguments: Sequence[str]) -> Options:
    """Options from a command line. Raises OptionError."""
    parser = argparse.ArgumentParser(prog="python -m traffic", description=__doc__)
    parser.add_argument("--scenario", default="browse", help=" | ".join(SCENARIOS))
    parser.add_argument("--users", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--address", required=True, help="base URL of the shop")
    parser.add_argument("--ca", type=Path, help="file of the CA that signs its certificate")
    parser.add_argument("--report", type=Path, help="file for the result as JSON")
    given = parser.parse_args(arguments)
    return Options(given.scenario, given.users, given.seconds, given.address.rstrip("/"), given.ca, given.report)
