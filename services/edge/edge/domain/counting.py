"""Reads Varnish's own counters, named as varnishstat names them."""

from __future__ import annotations

from collections.abc import Mapping


def outcomes(counters: Mapping[str, int]) -> dict[str, int]:
    """Requests by outcome: hit (fresh), stale (served while renewed, or for want of a backend), miss, pass."""
    stale = counters.get("MAIN.cache_hit_grace", 0)
    return {
        "hit": counters.get("MAIN.cache_hit", 0) - stale,
        "stale": stale,
        "miss": counters.get("MAIN.cache_miss", 0),
        "pass": counters.get("MAIN.s_pass", 0),
    }


def backends(counters: Mapping[str, int]) -> dict[str, bool]:
    """Whether each backend answered its last probe: the lowest bit of its history."""
    found = {}
    for name, value in counters.items():
        if name.startswith("VBE.") and name.endswith(".happy"):
            found[name.split(".")[-2]] = bool(value & 1)
    return found
