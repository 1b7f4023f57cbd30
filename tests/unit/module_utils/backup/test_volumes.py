"""Volumes are packed while their writers stand still, and unpacked once."""

from __future__ import annotations

import os
import subprocess
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.backup import volumes
from ansible_collections.gantry.platform.plugins.module_utils.backup.volumes import BackupError, pack, stopped, unpack

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
WRITE = "mount --bind {0}/pvc-1 {0}/../seen; i=0; while :; do i=$((i+1)); echo $i >> {0}/../seen/lines; done"


def state(pid: int) -> str:
    """A process's state, as R, S or T."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("volumes/pvc-1", "seen"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "volumes"


@pytest.fixture
def writer(directory: Path) -> Iterator[int]:
    """A process that sees a volume mounted elsewhere, as a pod's does, and writes there."""
    command = ["unshare", "--mount", "--propagation=private", "/bin/sh", "-c", WRITE.format(directory)]
    with subprocess.Popen(command) as process:
        deadline = time.monotonic() + 10
        while not (directory / "pvc-1/lines").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process.pid
        process.kill()


def test_a_writer_stands_still_while_it_is_read_and_goes_on(directory: Path, writer: int, tmp_path: Path) -> None:
    assert volumes.writers(directory) == {writer}
    with stopped(directory, 30) as found:
        assert found == {writer}
        assert state(writer) == "T"
        before = (directory / "pvc-1/lines").stat().st_size
        time.sleep(0.1)
        assert (directory / "pvc-1/lines").stat().st_size == before
    assert state(writer) != "T"
    done = pack(directory, tmp_path / "archive.tar.gz", 30)
    assert (done.stopped, (tmp_path / "archive.tar.gz").stat().st_mode & 0o777) == (1, 0o600)
    with tarfile.open(tmp_path / "archive.tar.gz") as archive:
        packed = archive.extractfile("./pvc-1/lines")
        assert packed is not None
        lines = packed.read().split()
    assert lines == [str(number + 1).encode() for number in range(len(lines))]


def test_a_writer_goes_on_where_the_pack_fails_or_is_killed(directory: Path, writer: int, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="writers must not wait longer"):
        pack(directory, tmp_path / "archive.tar.gz", 0.0001)
    assert state(writer) != "T"
    assert not (tmp_path / "archive.tar.gz").exists()
    guard = volumes._guard([writer], 1)
    os.kill(writer, 19)  # as if we were killed with it standing still
    assert guard.wait(timeout=5) == 0
    assert state(writer) != "T"


def test_what_was_read_after_writers_went_on_is_refused(directory: Path, writer: int) -> None:
    with pytest.raises(BackupError, match="writers went on after 1 s"), stopped(directory, 1):
        time.sleep(1.5)
    assert state(writer) != "T"


def test_unpacked_once_and_only_where_nothing_is(directory: Path, tmp_path: Path) -> None:
    (directory / "pvc-1/lines").write_text("1\n")
    pack(directory, tmp_path / "archive.tar.gz", 30)
    new = tmp_path / "new"
    assert unpack(tmp_path / "archive.tar.gz", new, "first")
    assert (new / "pvc-1/lines").read_text() == "1\n"
    assert not unpack(tmp_path / "archive.tar.gz", new, "first")
    with pytest.raises(BackupError, match="holds volumes already"):
        unpack(tmp_path / "archive.tar.gz", new, "second")
    (new / volumes.MARK).write_text("begun first\n")
    assert unpack(tmp_path / "archive.tar.gz", new, "first")
