"""Files come to be as wanted, once; check mode touches none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.files.place import Wanted, digest, newer_than, place


def text(path: Path, content: str, mode: int = 0o644, sensitive: bool = False) -> Wanted:
    return Wanted(dest=str(path), mode=mode, content=content, sensitive=sensitive)


def large(path: Path, source: Path, **more: Any) -> Wanted:
    found = source.stat()
    return Wanted(dest=str(path), mode=0o755, size=found.st_size, mtime=found.st_mtime_ns, **more)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"binary" * 100)
    os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
    return path


def test_a_text_is_written_once(tmp_path: Path) -> None:
    wanted = [text(tmp_path / "a/b.conf", "x = 1\n", 0o600)]
    assert place(wanted, [], check=True).changed == [wanted[0].dest]
    assert not (tmp_path / "a").exists()
    assert place(wanted, [], check=False).changed == [wanted[0].dest]
    assert (tmp_path / "a/b.conf").read_text() == "x = 1\n"
    assert (tmp_path / "a/b.conf").stat().st_mode & 0o777 == 0o600
    assert place(wanted, [], check=False).changed == []


def test_a_changed_text_or_mode_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "b.conf"
    path.write_text("old\n")
    diff = place([text(path, "new\n")], [], check=False).diff
    assert (diff[0]["before"], diff[0]["after"]) == ("old\n", "new\n")
    assert place([text(path, "new\n", 0o600)], [], check=False).changed == [str(path)]


def test_a_secret_is_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("hunter1")
    outcome = place([text(path, "hunter2", 0o600, sensitive=True)], [], check=False)
    assert "hunter" not in str(outcome)


def test_a_large_file_is_asked_for_then_placed_then_known_by_size_and_time(tmp_path: Path, source: Path) -> None:
    dest = tmp_path / "bin/tool"
    assert place([large(dest, source)], [], check=False).missing == [str(dest)]
    staged = tmp_path / "staged"
    staged.write_bytes(source.read_bytes())
    assert place([large(dest, source, staged=str(staged))], [], check=False).changed == [str(dest)]
    assert dest.stat().st_mtime_ns == source.stat().st_mtime_ns
    outcome = place([large(dest, source)], [], check=False)
    assert (outcome.changed, outcome.missing, outcome.undecided) == ([], [], [])


def test_where_only_the_time_differs_the_digest_decides(tmp_path: Path, source: Path) -> None:
    dest = tmp_path / "tool"
    dest.write_bytes(source.read_bytes())
    dest.chmod(0o755)
    assert place([large(dest, source)], [], check=False).undecided == [str(dest)]
    assert place([large(dest, source, sha256=digest(str(source)))], [], check=False).changed == []
    assert dest.stat().st_mtime_ns == source.stat().st_mtime_ns
    dest.write_bytes(b"tamper" * 100)
    assert place([large(dest, source, sha256=digest(str(source)))], [], check=False).missing == [str(dest)]


def test_check_mode_counts_a_large_file_as_a_change_and_asks_for_nothing(tmp_path: Path, source: Path) -> None:
    outcome = place([large(tmp_path / "tool", source)], [], check=True)
    assert (outcome.changed, outcome.missing) == ([str(tmp_path / "tool")], [])


def test_strays_are_purged(tmp_path: Path) -> None:
    for name in ("kept/hosts.toml", "stray/hosts.toml"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("x")
    wanted = [text(tmp_path / "kept/hosts.toml", "x")]
    assert place(wanted, [str(tmp_path)], check=True).changed == [str(tmp_path / "stray/hosts.toml")]
    place(wanted, [str(tmp_path)], check=False)
    assert not (tmp_path / "stray/hosts.toml").exists()
    assert (tmp_path / "kept/hosts.toml").exists()


def test_an_interrupted_write_leaves_no_trace(tmp_path: Path, source: Path) -> None:
    wanted = large(tmp_path / "tool", source, staged=str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError):
        place([wanted], [], check=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_what_is_newer_than_its_service_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("x")
    changed = int(path.stat().st_ctime)
    assert newer_than([str(path), str(tmp_path / "absent")], changed - 1) == [str(path)]
    assert newer_than([str(path)], changed) == []
    assert newer_than([str(path)], float("inf")) == []
