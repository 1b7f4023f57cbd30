"""Pages and programs in TypeScript: locked npm packages, built with the Node of a wheel. No package's script is run."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner


def build(page: Path, node: Path, cache: Path, runner: Runner) -> None:
    """Install what `page`/package-lock.json names and build into `page`/dist.

    `node` is the wheel's directory, `cache` npm's own; the registry and proxies are those of the host's npm settings.
    """
    program = node / "bin/node"
    client = (program, node / "lib/node_modules/npm/bin/npm-cli.js")
    if not (page / "package-lock.json").is_file():
        raise BundleError(
            f"{page.name}: no package-lock.json among its inputs; correct `inputs` in bundle/artifacts.yml"
        )
    environment = {"PATH": f"{program.parent}:/usr/bin:/bin", "NODE_ENV": "", "CI": "1"}
    quiet = ("--no-audit", "--no-fund", "--loglevel=error")
    runner.run(*client, "ci", "--ignore-scripts", f"--cache={cache}", *quiet, cwd=page, environment=environment)
    runner.run(*client, "run", "build", cwd=page, environment=environment)
    if not any((page / "dist").glob("*")):
        raise BundleError(f"{page.name}: its build left nothing in dist/; log {runner.log}")
