"""What ends soon is known by looking at it, without a package for certificates."""

from __future__ import annotations

import datetime
import json
import ssl
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.node import not_after
from ansible_collections.gantry.platform.plugins.module_utils.kubernetes.renewal import due, ends_soon, issued

from tests.unit.module_utils.kubernetes.certificate import certificate


@pytest.mark.parametrize("year", [2031, 2049, 2050, 2120])
def test_the_end_of_a_certificate(year: int) -> None:
    """Until 2049 it is written with two digits of the year, then with four (RFC 5280, 4.1.2.5)."""
    end = datetime.datetime(year, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
    assert not_after(ssl.PEM_cert_to_DER_cert(certificate(end)[0])) == end


def test_what_ends_soon_is_missing_or_unreadable_is_due(tmp_path: Path) -> None:
    path = tmp_path / "server.pem"
    assert ends_soon(path, 1)
    path.write_text("nothing")
    assert ends_soon(path, 1)
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=40)
    path.write_text("-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n" + certificate(end)[0])
    assert not ends_soon(path, 30)
    assert ends_soon(path, 41)


def test_a_file_that_a_node_does_not_have_is_not_due() -> None:
    told = {
        "certificates": [
            {"name": "apiserver", "residualTime": 100, "missing": False},
            {"name": "admin.conf", "residualTime": 86400 * 300, "missing": False},
            {"name": "super-admin.conf", "residualTime": 0, "missing": True},
        ]
    }
    found = issued(json.dumps(told))
    assert due(found, 1) == ["apiserver"]
    assert due(found, 400) == ["apiserver", "admin.conf"]
