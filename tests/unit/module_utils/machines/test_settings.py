"""The host's own settings, shared by environments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines import host, settings
from ansible_collections.gantry.platform.plugins.module_utils.machines.cgroups import V1
from ansible_collections.gantry.platform.plugins.module_utils.machines.record import Record, write_record
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome

CGROUPS = V1("e", ())


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The settings of a kernel that is only a table."""
    values = {**dict.fromkeys(host.MINIMUM_SYSCTLS, "0"), "kernel.panic": "0"}

    def read(names: Iterable[str]) -> dict[str, str]:
        return {name: values[name] for name in names if name in values}

    def write(new: Mapping[str, str]) -> list[str]:
        values.update(new)
        return []

    monkeypatch.setattr(host, "read_sysctls", read)
    monkeypatch.setattr(host, "write_sysctls", write)
    monkeypatch.setattr(settings, "LOCK", tmp_path / "lock")
    return values


def test_settings_are_raised_and_put_back(kernel: dict[str, str], tmp_path: Path) -> None:
    before = dict(kernel)
    settings.raise_settings(Outcome(), tmp_path / "one", CGROUPS)
    assert kernel["net.ipv4.ip_forward"] == "1"
    kernel["kernel.panic"] = "10"
    settings.put_back(Outcome(), tmp_path / "one", CGROUPS)
    assert kernel == before


def test_a_higher_value_is_left_alone(kernel: dict[str, str], tmp_path: Path) -> None:
    kernel["fs.inotify.max_user_watches"] = "9999999"
    settings.raise_settings(Outcome(), tmp_path / "one", CGROUPS)
    assert kernel["fs.inotify.max_user_watches"] == "9999999"


@pytest.mark.parametrize("first_to_go", ["one", "two"])
def test_the_last_environment_puts_back_what_the_first_found(
    kernel: dict[str, str], tmp_path: Path, first_to_go: str
) -> None:
    before = dict(kernel)
    environments = {"one", "two"}
    for name in sorted(environments):
        write_record(tmp_path / name, Record())
        settings.raise_settings(Outcome(), tmp_path / name, CGROUPS)
    settings.put_back(Outcome(), tmp_path / first_to_go, CGROUPS)
    assert kernel["net.ipv4.ip_forward"] == "1"
    (tmp_path / first_to_go / "machines.json").unlink()
    settings.put_back(Outcome(), tmp_path / (environments - {first_to_go}).pop(), CGROUPS)
    assert kernel == before


def test_check_mode_tells_and_does_nothing(kernel: dict[str, str], tmp_path: Path) -> None:
    before, outcome = dict(kernel), Outcome(check=True)
    settings.raise_settings(outcome, tmp_path / "one", CGROUPS)
    assert "net.ipv4.ip_forward" in outcome.actions[0]
    assert kernel == before
    assert not (tmp_path / "host.json").exists()
