"""`ansible-test sanity` on the built collection, where Ansible wants it: in ansible_collections/gantry/platform.

Its tools come from PyPI, each test's into an environment of its own, which are kept in .cache/sanity for the next run.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.collection.test_artefact import BIN, ROOT, artefact

__all__ = ["artefact"]
HOME = ROOT / ".cache/sanity"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
BOOTSTRAP = """import subprocess, sys
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call(["{python}", "-m", "pip", "--python", sys.executable, "install", *words]))
"""
"""In the place of get-pip.py, which ansible-test would fetch from a host of its own: pip installs pip."""


@pytest.fixture(scope="module")
def home() -> Path:
    """A home directory whose ansible-test has what it starts with, and this user's settings of pip."""
    cache = HOME / ".ansible/test/cache"
    cache.mkdir(parents=True, exist_ok=True)
    spec = find_spec("ansible_test")
    assert spec
    assert spec.origin
    source = Path(spec.origin).parent / "_internal/python_requirements.py"
    pip = re.findall(r"pip='([\d.]+)'", source.read_text())[0]
    (cache / f"get_pip_{pip.replace('.', '_')}.py").write_text(BOOTSTRAP.format(python=sys.executable))
    for name in (".config", ".netrc"):
        if not (HOME / name).is_symlink():
            (HOME / name).symlink_to(Path.home() / name)
    return HOME


@pytest.mark.sanity
@pytest.mark.timeout(3600)
def test_sanity(artefact: Path, home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "sanity" not in request.config.getoption("markexpr"):
        pytest.skip("takes minutes: make sanity")
    collection = tmp_path / "ansible_collections/gantry/platform"
    collection.mkdir(parents=True)
    with tarfile.open(artefact) as archive:
        archive.extractall(collection, filter="data")
    done = subprocess.run(
        # pylint is left out: ruff and mypy judge in its place, and `_` is how this project names what it does not use.
        [BIN / "ansible-test", "sanity", "--color", "no", "--python", PYTHON, "--skip-test", "pylint"],
        cwd=collection,
        env={**os.environ, "HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wrong = [line for line in done.stdout.splitlines() if line.startswith(("ERROR", "FATAL"))]
    assert done.returncode == 0, "\n".join(wrong) or done.stdout
