"""A page is rebuilt when something that its build reads changes, and only then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.bundle import npm
from ansible_collections.gantry.platform.plugins.module_utils.bundle.bundle import Bundle
from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError
from ansible_collections.gantry.platform.plugins.module_utils.bundle.runner import Runner

Opener = Callable[..., Bundle]

DECLARATION = """
  - name: page
    kind: npm
    directory: services/page
    inputs: [package.json, package-lock.json, src]
    node: envoy
"""


@pytest.fixture
def page(project: Path) -> Path:
    declarations = project / "bundle/artifacts.yml"
    text = declarations.read_text(encoding="utf-8")
    declarations.write_text(text.replace("artifacts:\n", f"artifacts:{DECLARATION}", 1), encoding="utf-8")
    directory = project / "services/page"
    for name in ("package.json", "package-lock.json", "src/main.ts", "tests/main.test.ts", "README.md"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text("{}", encoding="utf-8")
    return directory


def key(bundle: Bundle) -> str:
    return next(step.place.key for step in bundle.steps if step.id == "npm/page")


@pytest.mark.parametrize(
    ("path", "rebuilt"),
    [("src/main.ts", True), ("package-lock.json", True), ("tests/main.test.ts", False), ("README.md", False)],
)
def test_its_inputs_decide(page: Path, open_bundle: Opener, path: str, rebuilt: bool) -> None:
    before = key(open_bundle())
    (page / path).write_text("changed", encoding="utf-8")
    assert (key(open_bundle()) != before) is rebuilt


def test_node_comes_first_and_decides_too(page: Path, project: Path, open_bundle: Opener) -> None:
    bundle = open_bundle()
    before, plan = key(bundle), [step.id for step in bundle.steps]
    assert plan.index("pypi/envoy") < plan.index("npm/page")
    lock = project / "bundle/pypi.txt"
    lock.write_text(lock.read_text(encoding="utf-8").replace("1.40.0", "1.41.0"), encoding="utf-8")
    assert key(open_bundle()) != before


def test_a_missing_input_is_named(page: Path, open_bundle: Opener) -> None:
    (page / "package.json").unlink()
    with pytest.raises(BundleError, match=r"services/page/package\.json: no such file"):
        open_bundle()


def test_a_page_without_a_lock_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"no package-lock\.json among its inputs"):
        npm.build(tmp_path, tmp_path, tmp_path, Runner(tmp_path / "log"))
