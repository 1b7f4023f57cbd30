"""Installs the provider `gantry` for OpenTofu and Terraform: no registry has it, so a directory stands in for one.

Its Python packages rest in the user's cache, one environment a lock and Python; what points at them and at this
checkout lies in a directory of the environment. The file that Terraform knows by its hash holds neither path.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.terraform.errors import TerraformError

HOST, NAME, VERSION = "gantry.dev", "platform/gantry", "0.1.0"
EXECUTABLE = "terraform-provider-gantry"
PACKAGE = f"{HOST}/{NAME}/{VERSION}/linux_amd64/{EXECUTABLE}"
"""Its place in a mirror. Source: provider installation, filesystem_mirror, unpacked layout."""
LAUNCHER = f"""#!/bin/sh
# The provider of the directory that this mirror is in.
exec "$(dirname "$(readlink -f "$0")"){"/.." * PACKAGE.count("/")}/../provider" "$@"
"""
_CONFIG = """# Written by role infrastructure: where providers come from.
provider_installation {{
  filesystem_mirror {{
    path    = "{mirror}"
    include = ["{host}/*/*"]
  }}
  direct {{
    exclude = ["{host}/*/*"]
  }}
}}
"""


@dataclass(frozen=True)
class Installation:
    """Where the provider comes from and goes to.

    `collection`: root of this collection; `cache`: the user's; `directory`: of the environment, absolute.
    """

    collection: Path
    cache: Path
    directory: Path

    @property
    def source(self) -> Path:
        """The provider's own code and lock."""
        return self.collection / "terraform" / "provider"

    @property
    def environment(self) -> Path:
        """The Python environment of this lock."""
        lock = self.source / "requirements.txt"
        try:
            text = lock.read_bytes()
        except OSError as error:
            raise TerraformError(f"{lock} cannot be read: {error.strerror}; is this a whole checkout?") from error
        key = hashlib.sha256(text + f"{sys.version_info[:2]}".encode()).hexdigest()[:20]
        return self.cache / "terraform" / f"provider-{key}"

    @property
    def cli_config(self) -> Path:
        """What TF_CLI_CONFIG_FILE is to name."""
        return self.directory / "cli.tfrc"

    @property
    def collections(self) -> Path:
        """Directory with ansible_collections/, by which Python finds this collection."""
        link = self.collection / "collections"
        return link if (link / "ansible_collections").is_dir() else self.collection.parents[2]

    def files(self) -> Mapping[Path, str]:
        """What is written into the directory; what begins with #! is executable."""
        path = f"{self.source}:{self.collections}"
        return {
            self.directory / "mirror" / PACKAGE: LAUNCHER,
            self.directory / "provider": (
                f"#!/bin/sh\nexec env PYTHONPATH='{path}' '{self.environment}/bin/python' -m gantry_provider \"$@\"\n"
            ),
            self.cli_config: _CONFIG.format(mirror=self.directory / "mirror", host=HOST),
        }

    def missing(self) -> list[str]:
        """What would have to be done, in words."""
        differing = [path for path, text in self.files().items() if _read(path) != text]
        made = [] if self.environment.is_dir() else ["install the provider's Python packages"]
        return made + [f"write {path.name}" for path in differing]

    def install(self) -> None:
        """Do it. Raises TerraformError with what pip says."""
        if not self.environment.is_dir():
            self._make_environment()
        for path, text in self.files().items():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.new")
            beside.write_text(text, encoding="utf-8")
            beside.chmod(0o755 if text.startswith("#!") else 0o644)
            beside.replace(path)

    def _make_environment(self) -> None:
        """Whole or not at all."""
        staging = self.environment.with_name(f"{self.environment.name}.partial")
        shutil.rmtree(staging, ignore_errors=True)
        staging.parent.mkdir(parents=True, exist_ok=True)
        requirements = self.source / "requirements.txt"
        pip = [str(staging / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        for command in (
            [sys.executable, "-m", "venv", str(staging)],
            [*pip, "--require-hashes", "--no-deps", "--requirement", str(requirements)],
        ):
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode:
                said = " ".join((done.stderr or done.stdout).split())[-600:]
                raise TerraformError(f"{' '.join(command[:4])} ended with {done.returncode}: {said}")
        staging.rename(self.environment)


def package_hash(text: str = LAUNCHER) -> str:
    """The hash by which .terraform.lock.hcl knows the package. Source: golang.org/x/mod/sumdb/dirhash, Hash1.

    >>> package_hash().startswith("h1:")
    True
    """
    line = f"{hashlib.sha256(text.encode()).hexdigest()}  {EXECUTABLE}\n"
    return f"h1:{base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()}"


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
