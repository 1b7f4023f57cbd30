"""Backups: whole, damaged, of something else, interrupted, old."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.backup import manifest
from ansible_collections.gantry.platform.plugins.module_utils.backup.volumes import BackupError

NODES = ["x-control-1", "x-general-1"]


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    directory = tmp_path / "20260101T030000Z"
    directory.mkdir()
    (directory / "etcd.db").write_bytes(b"state" * 1000)
    (directory / "pki.tar.gz").write_bytes(b"keys")
    manifest.write(directory, "x", "1.37.2", "2026-01-01T03:00:00+00:00", NODES)
    return directory


def test_a_whole_backup_fits(backup: Path) -> None:
    found = manifest.verify(backup, "x", "1.37.9", [*NODES, "x-general-2"])
    assert [(one.name, one.bytes) for one in found.files] == [("etcd.db", 5000), ("pki.tar.gz", 4)]
    assert {path.name: path.stat().st_mode & 0o777 for path in backup.iterdir()} == dict.fromkeys(
        ("etcd.db", "pki.tar.gz", "manifest.json"), 0o600
    )


@pytest.mark.parametrize(
    ("harm", "environment", "version", "nodes", "told"),
    [
        ("", "y", "1.37.2", NODES, "it is of environment x, this is y: take that inventory"),
        ("", "x", "1.38.0", NODES, "set platform_kubernetes_version to 1.37.2, and upgrade afterwards"),
        ("", "x", "1.37.2", NODES[:1], "it has volumes of x-general-1, which no pool asks for"),
        ("etcd.db", "x", "1.37.2", NODES, "etcd.db is gone"),
    ],
)
def test_what_does_not_fit_is_told(
    backup: Path, harm: str, environment: str, version: str, nodes: list[str], told: str
) -> None:
    if harm:
        (backup / harm).unlink()
    with pytest.raises(BackupError, match="is not restored") as error:
        manifest.verify(backup, environment, version, nodes)
    assert told in str(error.value)


def test_all_that_is_wrong_is_told_at_once(backup: Path) -> None:
    (backup / "etcd.db").write_bytes(b"other" * 1000)
    with pytest.raises(BackupError) as error:
        manifest.verify(backup, "y", "1.36.3", [])
    assert str(error.value).count("\n- ") == 4
    assert "etcd.db is not as it was written (SHA-256)" in str(error.value)


def test_an_interrupted_backup_is_none(backup: Path) -> None:
    (backup / "manifest.json").unlink()
    with pytest.raises(BackupError, match="it is no backup, or one that was interrupted"):
        manifest.verify(backup, "x", "1.37.2", NODES)
    (backup / "manifest.json").write_text(json.dumps({"files": [{"name": 1}]}))
    with pytest.raises(BackupError, match="no manifest of a backup"):
        manifest.read(backup)


def test_the_newest_stay(tmp_path: Path) -> None:
    for day in range(1, 6):
        directory = tmp_path / f"2026010{day}T030000Z"
        directory.mkdir()
        if day != 2:  # interrupted
            manifest.write(directory, "x", "1.37.2", "", NODES)
    assert manifest.prune(tmp_path, 0, "x") == ["20260102T030000Z"]
    assert manifest.prune(tmp_path, 2, "x") == ["20260101T030000Z", "20260103T030000Z"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["20260104T030000Z", "20260105T030000Z"]


def test_what_is_no_backup_of_this_environment_stays(tmp_path: Path) -> None:
    for name in (".ssh", "0-photos", "2025"):
        (tmp_path / name).mkdir()
    (tmp_path / "0-photos/manifest.json").write_text("{}")
    for day, environment in ((1, "y"), (2, "x"), (3, "x")):
        directory = tmp_path / f"2026010{day}T030000Z"
        directory.mkdir()
        manifest.write(directory, environment, "1.37.2", "", NODES)
    assert manifest.prune(tmp_path, 1, "x") == ["20260102T030000Z"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".ssh",
        "0-photos",
        "2025",
        "20260101T030000Z",
        "20260103T030000Z",
    ]
