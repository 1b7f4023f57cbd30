"""What stands inside a machine."""

from __future__ import annotations

import stat
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.guest import (
    Guest,
    lasting_files,
    resolver,
    shared_files,
)
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import Machine, Size

NETWORK = IPv4Network("10.90.0.0/24")


def machine(name: str = "e-a-1", address: str = "10.90.0.10") -> Machine:
    return Machine(name, address, "a", "worker", "on_demand", Size(1, "1Gi"))


def test_files_are_written_whole_and_found_equal_afterwards(tmp_path: Path) -> None:
    guest = Guest(tmp_path)
    files = lasting_files(machine(), NETWORK, 1400, "-----BEGIN OPENSSH PRIVATE KEY-----\n")
    assert guest.differing(files) == files
    guest.write(files)
    assert guest.differing(files) == {}
    assert not list(guest.root.rglob(".*.new"))


def test_modes_fit_what_a_file_is(tmp_path: Path) -> None:
    guest = Guest(tmp_path)
    guest.write(
        {"/key": "-----BEGIN OPENSSH PRIVATE KEY-----\n", "/script": "#!/bin/sh\n", "/text": "x\n", "/link": "-> /text"}
    )
    modes = {path.name: stat.S_IMODE(path.lstat().st_mode) for path in guest.root.iterdir() if not path.is_symlink()}
    assert modes == {"key": 0o600, "script": 0o755, "text": 0o644}
    assert (guest.root / "link").readlink() == Path("/text")


def test_a_link_out_of_the_machine_is_replaced_and_not_followed(tmp_path: Path) -> None:
    guest = Guest(tmp_path / "machine")
    (guest.root / "etc").mkdir(parents=True)
    outside = tmp_path / "outside"
    outside.write_text("the host's own")
    (guest.root / "etc/resolv.conf").symlink_to(outside)
    guest.write({"/etc/resolv.conf": "nameserver 1.1.1.1\n"})
    assert outside.read_text() == "the host's own"
    assert not (guest.root / "etc/resolv.conf").is_symlink()


def test_two_machines_differ_in_name_address_and_identity() -> None:
    one = lasting_files(machine(), NETWORK, 1500, "")
    two = lasting_files(machine("e-a-2", "10.90.0.11"), NETWORK, 1500, "")
    differing = {path for path in one if one[path] != two[path]}
    assert differing == {"/etc/hostname", "/etc/machine-id", "/etc/systemd/system/gantry-network.service"}
    assert "10.90.0.10/24" in one["/etc/systemd/system/gantry-network.service"]
    assert "via 10.90.0.1 " in one["/etc/systemd/system/gantry-network.service"]


def test_a_process_killed_for_want_of_memory_does_not_end_its_service() -> None:
    """Else a command by SSH that asks for too much shuts the way in, where control groups are unified."""
    settings = lasting_files(machine(), NETWORK, 1500, "")["/etc/systemd/system.conf.d/gantry.conf"]
    assert "DefaultOOMPolicy=continue\n" in settings


def test_every_machine_is_known_by_name() -> None:
    others = [machine("e-b-1", "10.90.0.12"), machine()]
    hosts = shared_files(machine(), others, "", "")["/etc/hosts"].splitlines()
    assert hosts[2:] == ["10.90.0.10 e-a-1", "10.90.0.12 e-b-1"]


def test_name_servers_on_the_hosts_loopback_are_passed_over(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\noptions edns0\n")
    real.write_text("# made by hand\nnameserver 127.0.0.1\nnameserver 10.0.0.2\nsearch corp.example\n")
    assert resolver([stub, real]) == "nameserver 10.0.0.2\nsearch corp.example\n"
    assert resolver([stub]).startswith("#")
    assert resolver([tmp_path / "missing"]).startswith("#")


def test_a_template_that_is_no_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MachinesError, match="holds no root file system with systemd"):
        Guest(tmp_path / "machine").mount(tmp_path)


def test_removing_a_machine_that_is_gone_is_no_error(tmp_path: Path) -> None:
    Guest(tmp_path / "gone").remove()
