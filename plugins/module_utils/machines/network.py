"""The machines' network on the host: a bridge with an address, and address translation to the outside."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.machines.errors import MachinesError, run
from ansible_collections.gantry.platform.plugins.module_utils.machines.plan import bridge_address
from ansible_collections.gantry.platform.plugins.module_utils.machines.steps import Outcome


@dataclass(frozen=True)
class Network:
    """The network of one environment."""

    environment: str
    network: IPv4Network

    @property
    def bridge(self) -> str:
        """The bridge's name; 14 characters at most, as the kernel takes 15."""
        return f"gt-{self.environment}"

    @property
    def _address(self) -> str:
        return f"{bridge_address(self.network)}/{self.network.prefixlen}"

    def bridge_is_up(self) -> bool:
        """Whether the bridge is there with its address, up."""
        link = find_link(self.bridge)
        return (
            link is not None
            and "UP" in link["flags"]
            and self._address in {f"{a['local']}/{a['prefixlen']}" for a in link["addr_info"]}
        )

    def raise_bridge(self) -> None:
        """Make the bridge, or mend it."""
        if find_link(self.bridge) is None:
            run(["ip", "link", "add", self.bridge, "type", "bridge"])
        run(["ip", "address", "replace", self._address, "dev", self.bridge])
        run(["ip", "link", "set", self.bridge, "up", "mtu", str(outer_mtu())])

    def bridge_is_there(self) -> bool:
        """Whether the bridge is there in any state."""
        return find_link(self.bridge) is not None

    def remove_bridge(self) -> None:
        """Remove the bridge if it is there."""
        if self.bridge_is_there():
            run(["ip", "link", "delete", self.bridge])

    def ensure(self, outcome: Outcome) -> None:
        """Have the bridge up and addresses translated."""
        outcome.do(not self.bridge_is_up(), f"raise the bridge {self.bridge}", self.raise_bridge)
        outcome.do(not self.translates(), f"translate addresses of {self.network}", self.translate)

    def remove(self, outcome: Outcome) -> None:
        """Have neither."""
        outcome.do(self.bridge_is_there(), f"remove the bridge {self.bridge}", self.remove_bridge)
        outcome.do(self.has_rules(), f"stop translating addresses of {self.network}", self.stop_translating)

    def refuse_overlap(self) -> None:
        """Raise MachinesError if the host reaches another network by addresses of this one."""
        for route in json.loads(run(["ip", "-json", "-4", "route", "show"]) or "[]"):
            if (
                route["dst"] != "default"
                and route.get("dev") != self.bridge
                and IPv4Network(route["dst"], strict=False).overlaps(self.network)
            ):
                raise MachinesError(
                    f"platform_networks.machines {self.network} overlaps {route['dst']}, which this host reaches by "
                    f"{route.get('dev')}: choose another"
                )

    # --- address translation

    @property
    def _table(self) -> str:
        return f"gantry-{self.environment}"

    def ruleset(self) -> str:
        """The environment's nftables table; the last rule carries the table's own digest, to be recognised by."""
        rules = (
            f"table inet {self._table} {{\n"
            "  chain forward {\n    type filter hook forward priority filter; policy accept;\n"
            f'    iifname "{self.bridge}" accept\n    oifname "{self.bridge}" accept\n  }}\n'
            "  chain postrouting {\n    type nat hook postrouting priority srcnat; policy accept;\n"
            f'    ip saddr {self.network} oifname != "{self.bridge}" masquerade COMMENT\n  }}\n}}\n'
        )
        return rules.replace("COMMENT", f'comment "gantry:{hashlib.sha256(rules.encode()).hexdigest()[:12]}"')

    def iptables_rules(self, translate: bool) -> list[Rule]:
        """The same for iptables; translate means with address translation, which stands in for nftables altogether."""
        mark = ("-m", "comment", "--comment", self._table)
        rules = [
            Rule("filter", "FORWARD", ("-i", self.bridge, *mark, "-j", "ACCEPT")),
            Rule("filter", "FORWARD", ("-o", self.bridge, *mark, "-j", "ACCEPT")),
            Rule("filter", "INPUT", ("-i", self.bridge, *mark, "-j", "ACCEPT")),
        ]
        if translate:
            outward = ("-s", str(self.network), "!", "-o", self.bridge, *mark, "-j", "MASQUERADE")
            rules.append(Rule("nat", "POSTROUTING", outward))
        return rules

    def translates(self) -> bool:
        """Whether the environment's rules are in force."""
        if _has_nft():
            listed = _quiet(["nft", "list", "table", "inet", self._table])
            expected = self.ruleset()
            digest = expected[expected.index("gantry:") :].split('"')[0]
            if listed is None or digest not in listed or listed.count("accept") != expected.count("accept"):
                return False
        return all(rule.stands() for rule in self._needed_iptables())

    def translate(self) -> None:
        """Put the environment's rules in force, at once and whole."""
        if not _has_nft() and shutil.which("iptables") is None:
            raise MachinesError("this host has neither nft nor iptables: install nftables")
        if _has_nft():
            table = f"table inet {self._table}"
            run(["nft", "-f", "-"], stdin=f"{table}\ndelete {table}\n{self.ruleset()}")
        for rule in self._needed_iptables():
            if not rule.stands():
                run(rule.command("-I"))

    def stop_translating(self) -> None:
        """Remove the environment's rules."""
        if self._has_table():
            run(["nft", "delete", "table", "inet", self._table])
        for rule in self._left_iptables():
            run(rule.command("-D"))

    def has_rules(self) -> bool:
        """Whether any rule of the environment is left."""
        return self._has_table() or bool(self._left_iptables())

    def _has_table(self) -> bool:
        return _has_nft() and _quiet(["nft", "list", "table", "inet", self._table]) is not None

    def _needed_iptables(self) -> list[Rule]:
        """Rules for iptables: all without nftables, else those of chains that drop by policy, as Docker has them."""
        if not _has_nft():
            return self.iptables_rules(translate=True)
        dropping = _dropping_chains()
        return [rule for rule in self.iptables_rules(translate=False) if rule.chain in dropping]

    def _left_iptables(self) -> list[Rule]:
        """The environment's rules of iptables that are in force."""
        if _has_nft() and not _iptables_in_use():
            return []
        return [rule for rule in self.iptables_rules(translate=not _has_nft()) if rule.stands()]


@dataclass(frozen=True)
class Rule:
    """A rule of iptables."""

    table: str
    chain: str
    words: tuple[str, ...]

    def command(self, verb: str) -> list[str]:
        """The command that inserts (-I), deletes (-D) or looks for (-C) the rule."""
        return ["iptables", "-w", "-t", self.table, verb, self.chain, *self.words]

    def stands(self) -> bool:
        """Whether the rule is in force."""
        return _quiet(self.command("-C")) is not None


def _iptables_in_use() -> bool:
    """Whether iptables has its tables in the kernel; iptables itself is not asked, as the question would make them."""
    legacy = Path("/proc/net/ip_tables_names")
    return shutil.which("iptables") is not None and (
        _quiet(["nft", "list", "table", "ip", "filter"]) is not None
        or (legacy.exists() and "filter" in legacy.read_text(encoding="utf-8").split())
    )


def _dropping_chains() -> set[str]:
    """Chains of iptables that drop by policy."""
    listed = (_quiet(["iptables", "-w", "-S"]) or "").splitlines() if _iptables_in_use() else []
    return {line.split()[1] for line in listed if line.startswith("-P") and line.endswith("DROP")}


def _has_nft() -> bool:
    return shutil.which("nft") is not None


def _quiet(argv: Sequence[str]) -> str | None:
    """What a command printed, or None where it failed: for questions whose answer may be no."""
    try:
        return run(argv)
    except MachinesError:
        return None


def find_link(name: str) -> dict[str, Any] | None:
    """A link of the host with its addresses, or None."""
    answer = _quiet(["ip", "-json", "address", "show", "dev", name])
    found: list[dict[str, Any]] = json.loads(answer) if answer else []
    return found[0] if found else None


def outer_mtu() -> int:
    """The packet size in bytes of the link that the host's default route takes; 1500 without one."""
    routes = json.loads(_quiet(["ip", "-json", "route", "show", "default"]) or "[]")
    device = routes[0].get("dev") if routes else None
    path = Path("/sys/class/net", device or "lo", "mtu")
    return int(path.read_text(encoding="utf-8")) if device and path.exists() else 1500


def port_of(leader: int) -> str | None:
    """The host's link that is the other end of host0 in the network of process leader."""
    try:
        index = Path(f"/proc/{leader}/root/sys/class/net/host0/iflink").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    for link in Path("/sys/class/net").iterdir():
        if (link / "ifindex").read_text(encoding="utf-8").strip() == index:
            return link.name
    return None


def remove_port(machine: str) -> None:
    """Remove the link that the container manager made for a machine.

    It outlives a killed machine while the machine's last connections linger, and stands in the way of a new one.
    """
    if find_link(f"vb-{machine}") is None:
        return
    try:
        run(["ip", "link", "delete", f"vb-{machine}"])
    except MachinesError:
        if find_link(f"vb-{machine}") is not None:  # the kernel may have removed it in between
            raise


def attached(port: str, bridge: str) -> bool:
    """Whether a link is a port of that bridge."""
    return Path("/sys/class/net", bridge, "brif", port).exists()


def attach(port: str, bridge: str) -> None:
    """Make a link a port of that bridge."""
    run(["ip", "link", "set", port, "master", bridge, "up"])
