"""The machines' network on the host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from ipaddress import IPv4Network

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.machines import network
from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError
from ansible_collections.gantry.platform.plugins.module_utils.machines.network import Network

NET = Network("local", IPv4Network("10.90.0.0/24"))


def answer(monkeypatch: pytest.MonkeyPatch, answers: dict[str, str]) -> list[str]:
    """Have commands answered from a table, by how they begin; all others fail. Returns what was run."""
    ran: list[str] = []

    def run(argv: Sequence[str], **_: object) -> str:
        ran.append(" ".join(argv))
        for beginning, text in answers.items():
            if ran[-1].startswith(beginning):
                return text
        raise MachinesError(f"{ran[-1]}: no")

    monkeypatch.setattr(network, "run", run)
    return ran


def commands(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/sbin/{name}" if name in names else None)


def test_the_ruleset_carries_its_own_digest() -> None:
    other = Network("local", IPv4Network("10.91.0.0/24"))
    assert 'ip saddr 10.90.0.0/24 oifname != "gt-local" masquerade comment "gantry:' in NET.ruleset()
    assert NET.ruleset().split("gantry:")[1] != other.ruleset().split("gantry:")[1]


def test_rules_are_recognised_and_altered_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    commands(monkeypatch, "nft")
    answer(monkeypatch, {"nft list table inet gantry-local": NET.ruleset()})
    assert NET.translates()
    answer(
        monkeypatch, {"nft list table inet gantry-local": NET.ruleset().replace('    oifname "gt-local" accept\n', "")}
    )
    assert not NET.translates()
    answer(monkeypatch, {})
    assert not NET.translates()


def test_iptables_stands_in_where_nftables_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    commands(monkeypatch, "iptables")
    ran = answer(monkeypatch, {"iptables -w -t filter -I": "", "iptables -w -t nat -I": ""})
    NET.translate()
    inserted = [command for command in ran if " -I " in command]
    assert len(inserted) == 4
    assert inserted[-1].endswith("-s 10.90.0.0/24 ! -o gt-local -m comment --comment gantry-local -j MASQUERADE")


def test_a_chain_that_drops_is_opened_beside_nftables(monkeypatch: pytest.MonkeyPatch) -> None:
    commands(monkeypatch, "iptables", "nft")
    answers = {
        "nft": NET.ruleset(),
        "iptables -w -S": "-P INPUT ACCEPT\n-P FORWARD DROP\n",
        "iptables -w -t filter -I": "",
    }
    ran = answer(monkeypatch, answers)
    NET.translate()
    assert [command.split()[5] for command in ran if " -I " in command] == ["FORWARD", "FORWARD"]


def test_a_host_with_neither_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    commands(monkeypatch)
    answer(monkeypatch, {})
    assert not NET.translates()
    with pytest.raises(MachinesError, match="install nftables"):
        NET.translate()


def test_a_network_that_the_host_reaches_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = [{"dst": "default", "dev": "eth0"}, {"dst": "10.90.0.128/25", "dev": "wg0"}]
    answer(monkeypatch, {"ip -json -4 route": json.dumps(routes)})
    with pytest.raises(MachinesError, match=r"overlaps 10\.90\.0\.128/25, which this host reaches by wg0"):
        NET.refuse_overlap()
    routes[1]["dev"] = "gt-local"
    answer(monkeypatch, {"ip -json -4 route": json.dumps(routes)})
    NET.refuse_overlap()


def test_a_bridge_without_its_address_is_not_up(monkeypatch: pytest.MonkeyPatch) -> None:
    link = {"ifname": "gt-local", "flags": ["UP"], "addr_info": [{"local": "10.90.0.1", "prefixlen": 24}]}
    answer(monkeypatch, {"ip -json address": json.dumps([link])})
    assert NET.bridge_is_up()
    answer(monkeypatch, {"ip -json address": json.dumps([{**link, "addr_info": []}])})
    assert not NET.bridge_is_up()
