"""How the provider is installed."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError
from ansible_collections.gantry.platform.plugins.module_utils.terraform.provider import (
    PACKAGE,
    VERSION,
    Installation,
    package_hash,
)

ROOT = Path(__file__).parents[4]


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """Of this checkout, with an environment whose python says what it is asked for."""
    made = Installation(ROOT, tmp_path / "cache", tmp_path / "environment")
    python = made.environment / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$PYTHONPATH $*"\n')
    python.chmod(0o755)
    return made


def test_it_is_written_once(installation: Installation) -> None:
    assert installation.missing() == ["write terraform-provider-gantry", "write provider", "write cli.tfrc"]
    installation.install()
    assert installation.missing() == []


def test_the_mirror_leads_to_the_provider_of_its_directory_also_by_a_link(
    installation: Installation, tmp_path: Path
) -> None:
    installation.install()
    # As Terraform does: a link to the package's directory.
    (tmp_path / "link").symlink_to((installation.directory / "mirror" / PACKAGE).parent)
    said = subprocess.run(
        [tmp_path / "link" / Path(PACKAGE).name, "--dev"], capture_output=True, text=True, check=True
    ).stdout
    assert said == f"{ROOT}/terraform/provider:{ROOT}/collections -m gantry_provider --dev\n"


def test_the_locks_know_the_package_and_its_version() -> None:
    for lock in ROOT.glob("terraform/environments/*/.terraform.lock.hcl"):
        text = lock.read_text()
        if "gantry.dev/" in text:
            assert package_hash() in text, f"{lock}: its hash is {package_hash()}"
            assert re.search(rf'version *= "{re.escape(VERSION)}"', text)
    assert any(ROOT.glob("terraform/environments/local/.terraform.lock.hcl"))


def test_another_lock_is_another_environment(installation: Installation, tmp_path: Path) -> None:
    other = replace(installation, collection=tmp_path / "collection")
    (other.source).mkdir(parents=True)
    (other.source / "requirements.txt").write_text("tf==0\n")
    assert other.environment != installation.environment
    assert "install the provider's Python packages" in other.missing()


def test_an_installed_collection_is_found_by_its_own_path(installation: Installation, tmp_path: Path) -> None:
    place = tmp_path / "site" / "ansible_collections" / "gantry" / "platform"
    place.mkdir(parents=True)
    assert replace(installation, collection=place).collections == tmp_path / "site"


def test_what_pip_says_is_told_and_nothing_half_made_is_left(installation: Installation, tmp_path: Path) -> None:
    other = replace(installation, collection=tmp_path / "collection")
    other.source.mkdir(parents=True)
    (other.source / "requirements.txt").write_text("not a requirement at all\n")
    with pytest.raises(TerraformError, match=r"pip.* ended with 1: .*not a requirement"):
        other.install()
    assert not other.environment.exists()


def test_a_missing_lock_is_named(installation: Installation, tmp_path: Path) -> None:
    with pytest.raises(TerraformError, match=r"requirements\.txt cannot be read: .*whole checkout"):
        _ = replace(installation, collection=tmp_path).environment


def test_the_launcher_is_executable_for_all(installation: Installation) -> None:
    installation.install()
    assert os.access(installation.directory / "mirror" / PACKAGE, os.X_OK)
