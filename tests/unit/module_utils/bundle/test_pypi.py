"""Wheels are taken as they are: an installer would write this host's Python into them."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import pypi
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner


class Shelf(Runner):
    """In the place of a package index: brings the wheels that it was given."""

    def __init__(self, log: Path, **wheels: dict[str, str]) -> None:
        super().__init__(log)
        self.wheels = wheels

    def run(self, *command: str | Path, cwd: Path | None = None, environment: object = None) -> None:
        words = [str(word) for word in command]
        target = Path(words[words.index("--dest") + 1])
        target.mkdir()
        for name, files in self.wheels.items():
            with zipfile.ZipFile(target / f"{name}-1-py3-none-any.whl", "w") as wheel:
                for path, text in files.items():
                    info = zipfile.ZipInfo(path)
                    info.external_attr = (0o100755 if path.endswith(".sh") else 0o100600) << 16
                    wheel.writestr(info, text)


def test_modules_come_without_commands(tmp_path: Path) -> None:
    shelf = Shelf(
        tmp_path / "log",
        server={
            "server/__init__.py": "",
            "server-1.dist-info/entry_points.txt": "[console_scripts]\nserver = server:main\n",
        },
        native={
            "native-1.data/platlib/native/core.so": "x",
            "native-1.data/scripts/native": "#!python\n",
            "native-1.data/data/share/manual": "read",
            "native/__init__.py": "",
        },
    )
    into = tmp_path / "into"
    into.mkdir()
    pypi.install("server==1\nnative==1\n", into, tmp_path, shelf)
    assert {str(path.relative_to(into)) for path in into.rglob("*") if path.is_file()} == {
        "server/__init__.py",
        "server-1.dist-info/entry_points.txt",
        "native/__init__.py",
        "native/core.so",
    }


def test_modes_are_those_that_count(tmp_path: Path) -> None:
    pypi.unpack(
        "tool==1", tmp_path / "into", tmp_path, Shelf(tmp_path / "log", tool={"tool/run.sh": "", "tool/read": ""})
    )
    modes = {name: stat.S_IMODE((tmp_path / "into/tool" / name).stat().st_mode) for name in ("run.sh", "read")}
    assert modes == {"run.sh": 0o755, "read": 0o644}


def test_one_wheel_is_locked_and_one_must_come(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="tool==1: pip brought 2 wheels, one was locked"):
        pypi.unpack("tool==1", tmp_path / "into", tmp_path, Shelf(tmp_path / "log", one={}, two={}))


LOCK = """\
# locked
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via redis
tzdata==2026.6 ; sys_platform == 'win32' --hash=sha256:cc
psycopg-binary==3.3.9 ; implementation_name != 'pypy' --hash=sha256:dd
uvicorn==0.54.0 --hash=sha256:ee
"""


def test_markers_are_held_against_the_python_of_the_image() -> None:
    lines = [" ".join(line.split()) for line in pypi.applicable(LOCK, "3.11.2").splitlines() if line.strip()]
    assert [line for line in lines if not line.startswith("#")] == [
        "async-timeout==5.0.1 --hash=sha256:aa --hash=sha256:bb",
        "psycopg-binary==3.3.9 --hash=sha256:dd",
        "uvicorn==0.54.0 --hash=sha256:ee",
    ]


def test_a_newer_python_leaves_out_what_only_an_older_one_needs() -> None:
    assert "async-timeout" not in pypi.applicable(LOCK, "3.11.7")
