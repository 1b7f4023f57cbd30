"""The built collection: complete, clean, and usable where it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def run(tool: str, *arguments: str, cwd: Path) -> str:
    """Run one of Ansible's tools where only collections below ``cwd`` are seen; return what it printed."""
    configuration = cwd / "ansible.cfg"
    if not configuration.exists():
        configuration.write_text(f"[defaults]\ncollections_path = {cwd}\n")
    done = subprocess.run(
        [BIN / tool, *arguments],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_CONFIG": str(configuration)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def artefact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection's archive, built from what git tracks."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    archive = source.with_suffix(".tar")
    subprocess.run(
        ["tar", "--create", "--null", "--files-from=-", f"--file={archive}"], input=tracked, cwd=ROOT, check=True
    )
    subprocess.run(["tar", "--extract", f"--file={archive}"], cwd=source, check=True)
    run("ansible-galaxy", "collection", "build", "--output-path", str(out), cwd=source)
    return next(out.glob("gantry-platform-*.tar.gz"))


def names(artefact: Path) -> set[str]:
    """Every path in the archive."""
    with tarfile.open(artefact) as archive:
        return set(archive.getnames())


def test_holds_what_users_need(artefact: Path) -> None:
    held = names(artefact)
    assert {"playbooks/site.yml", "meta/runtime.yml", "README.md", "plugins/modules/k8s_release.py"} <= held
    roles = {path.parent.parent.relative_to(ROOT).as_posix() for path in ROOT.glob("roles/*/tasks/main.yml")}
    assert roles <= held


def test_holds_nothing_else(artefact: Path) -> None:
    strays = [
        name
        for name in names(artefact)
        if name.startswith((".git/", ".venv", ".platform", "collections/", "dist"))
        or "__pycache__" in name
        or "node_modules" in name
        or name.endswith((".pyc", ".tar.gz", ".key"))
    ]
    assert strays == []


def test_installed_elsewhere_documents_every_module(artefact: Path, tmp_path: Path) -> None:
    run("ansible-galaxy", "collection", "install", "--no-deps", "--offline", str(artefact), "-p", ".", cwd=tmp_path)
    wanted = {
        f"gantry.platform.{path.stem}" for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__"
    }
    documented = json.loads(run("ansible-doc", "--json", "--type", "module", *sorted(wanted), cwd=tmp_path))
    assert set(documented) == wanted
    assert all(entry["return"] and entry["examples"] for entry in documented.values())


def test_installed_elsewhere_documents_every_role(artefact: Path, tmp_path: Path) -> None:
    run("ansible-galaxy", "collection", "install", "--no-deps", "--offline", str(artefact), "-p", ".", cwd=tmp_path)
    wanted = {f"gantry.platform.{path.parent.parent.name}" for path in ROOT.glob("roles/*/meta/argument_specs.yml")}
    documented = json.loads(run("ansible-doc", "--json", "--type", "role", *sorted(wanted), cwd=tmp_path))
    assert set(documented) == wanted
    for name, entry in documented.items():
        assert set(entry["entry_points"]) >= {"main"}, name
        assert all(point["short_description"] for point in entry["entry_points"].values()), name


def test_action_group_names_every_module() -> None:
    groups = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())["action_groups"]
    modules = {
        f"gantry.platform.{path.stem}" for path in (ROOT / "plugins/modules").glob("*.py") if path.stem != "__init__"
    }
    assert set(groups["platform"]) == modules
