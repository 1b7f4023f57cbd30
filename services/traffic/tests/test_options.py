"""What may be asked for, and what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from traffic.options import OptionError, read

GOOD = ["--address", "https://10.90.0.10:30443/shop/"]


def test_defaults() -> None:
    options = read(GOOD)
    assert (options.scenario, options.users, options.seconds) == ("browse", 10, 30)
    assert options.address == "https://10.90.0.10:30443/shop"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([*GOOD, "--scenario", "ddos"], "scenario is 'ddos': give one of browse, buy, peak"),
        ([*GOOD, "--users", "0"], "users is '0': give a whole number from 1 to 200"),
        ([*GOOD, "--users", "201"], "users is '201'"),
        ([*GOOD, "--seconds", "3601"], "seconds is '3601': give a whole number from 1 to 3600"),
        ([*GOOD, "--ca", "/nowhere/ca.crt"], "ca is '/nowhere/ca.crt'"),
        (["--address", "https://93.184.216.34/shop"], "a private address"),
        (["--address", "https://shop.example.com"], "a URL with an IP address"),
        (["--address", "https://[::bad/"], "a URL with an IP address"),
        (["--address", "ftp://10.0.0.1/"], "begins with https://"),
    ],
)
def test_what_cannot_be_meant_is_named(arguments: list[str], says: str) -> None:
    with pytest.raises(OptionError) as told:
        read(arguments)
    assert says in str(told.value)


def test_a_ca_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("")
    assert read([*GOOD, "--ca", str(file)]).ca == file
