"""A thousand objects."""

from __future__ import annotations

from tests.integration.conftest import Releases, config_map


def test_a_thousand_objects(release: Releases) -> None:
    objects = [config_map(f"settings-{number:04}") for number in range(1000)]
    assert release(objects)["counts"]["created"] == 1001
    again = release(objects)
    assert again["counts"] == {"unchanged": 1000}
    assert sum(again["seconds"].values()) < 3
    pruned = release(objects[:500], prune=True)
    assert pruned["counts"]["pruned"] == 500
