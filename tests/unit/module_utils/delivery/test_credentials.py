"""Secrets of delivery."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.delivery import credentials
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    directory = tmp_path / "argocd"
    first = credentials.keep(directory)
    assert first.new == credentials.NAMES
    again = credentials.keep(directory)
    assert again.new == ()
    assert again.values == first.values
    assert len(set(first.values.values())) == len(credentials.NAMES)
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert credentials.keep(tmp_path / "argocd", check=True).new == credentials.NAMES
    assert not (tmp_path / "argocd").exists()


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "server-key").touch()
    with pytest.raises(DeliveryError, match="server-key is empty; remove it"):
        credentials.keep(tmp_path)


@pytest.mark.parametrize("derive", [credentials.bcrypt, credentials.sha512])
def test_hashes_fit_their_secret_and_stay_the_same(derive: object) -> None:
    assert callable(derive)
    for secret in ("a", "correct horse", "x" * 40):
        digest = derive(secret)
        assert digest == derive(secret)
        library = ctypes.CDLL("libcrypt.so.1")
        library.crypt.restype = ctypes.c_char_p
        assert library.crypt(secret.encode(), digest.encode()).decode() == digest
        assert library.crypt(b"another", digest.encode()).decode() != digest


def test_the_git_servers_users() -> None:
    lines = credentials.users({"git-operator": "one", "git-argocd": "two"}).splitlines()
    assert [line.split(":")[0] for line in lines] == ["operator", "argocd"]
    assert all(":$6$" in line for line in lines)


def test_other_names_have_their_own_secrets(tmp_path: Path) -> None:
    kept = credentials.keep(tmp_path, ("orders", "stock"))
    assert kept.new == ("orders", "stock")
    assert credentials.keep(tmp_path, ("orders", "basket")).new == ("basket",)
    assert credentials.keep(tmp_path, ("orders",)).values["orders"] == kept.values["orders"]
