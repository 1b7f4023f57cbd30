"""The role certificates, as a play runs it: issue, keep, renew, remove; keys never in its output."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
FILES = ("ca.key", "ca.crt", "gateway.key", "gateway.crt")


class Play:
    """Runs the role on a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pki = directory / "state/pki"

    def run(self, *arguments: str, **variables: Any) -> str:
        """The output of a run that must succeed."""
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "roles": ["gantry.platform.certificates"],
            "vars": {
                "platform_environment": "test",
                "platform_domain": "test.gantry.internal",
                "platform_state_directory": str(self.directory / "state"),
                "platform_directory": str(self.directory / "platform"),
                "certificates_gateway_addresses": ["192.0.2.1"],
                **variables,
            },
        }
        path = self.directory / "play.yml"
        path.write_text(yaml.safe_dump([play]))
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "ansible.cli.playbook",
                "--inventory",
                "none,",
                path,
                *arguments,
            ],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def changed(self, *arguments: str, **variables: Any) -> int:
        """How many tasks of a run changed something."""
        found = re.search(r"changed=(\d+)", self.run(*arguments, **variables))
        assert found
        return int(found[1])

    def state(self) -> dict[str, bytes]:
        """What the files hold."""
        return {name: (self.pki / name).read_bytes() for name in FILES if (self.pki / name).exists()}


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path)


def test_life_of_the_certificates(play: Play) -> None:
    assert play.changed("--check") > 0
    assert play.state() == {}

    output = play.run("--diff", "-vvv")
    first = play.state()
    for name in ("ca.key", "gateway.key"):
        secret = first[name].decode().splitlines()[1]
        assert "PRIVATE KEY" not in output
        assert secret not in output
        assert stat.S_IMODE((play.pki / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(play.pki.stat().st_mode) == 0o700
    assert (play.directory / "platform/ca.crt").read_bytes() == first["ca.crt"]

    authority = x509.load_pem_x509_certificate(first["ca.crt"])
    gateway = x509.load_pem_x509_certificate(first["gateway.crt"])
    key = authority.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    gateway.verify_directly_issued_by(authority)
    names = gateway.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "test.gantry.internal",
        "*.test.gantry.internal",
        "istio-ingressgateway.istio-ingress.svc",
    ]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]

    assert play.changed() == 0
    assert play.state() == first

    assert play.changed(certificates_gateway_addresses=["192.0.2.2"]) == 1
    second = play.state()
    assert {name for name in FILES if first[name] != second[name]} == {"gateway.crt"}

    ends_within = {"certificates_gateway_addresses": ["192.0.2.2"], "certificates_renew_days": 398}
    assert play.changed("--check", **ends_within) == 1
    assert play.state() == second
    assert play.changed(**ends_within, certificates_gateway_days=800) == 1
    assert {name for name in FILES if second[name] != play.state()[name]} == {"gateway.crt"}

    (play.pki / "gateway.key").unlink()
    assert play.changed(certificates_gateway_addresses=["192.0.2.2"]) == 1
    renewed = x509.load_pem_x509_certificate(play.state()["gateway.crt"])
    renewed.verify_directly_issued_by(authority)

    assert play.changed(certificates_state="absent") == 1
    assert not play.pki.exists()
    assert not (play.directory / "platform/ca.crt").exists()
