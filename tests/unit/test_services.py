"""The services: each has what a service has, and all of the shop's run from one lock."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.run import SERVICES

SERVICES_DIRECTORY = Path(__file__).parent.parent.parent / "services"
LIBRARY = SERVICES_DIRECTORY / "_lib"
SHOP = sorted(
    makefile.parent
    for makefile in SERVICES_DIRECTORY.glob("*/Makefile")
    if re.search(r"^SHOPKIT\s*:=", makefile.read_text(), re.MULTILINE) and makefile.parent != LIBRARY
)
"""The services that run from the library's lock."""
DONE = [service for service in SHOP if service.name in SERVICES]


def pins(lock: Path) -> dict[str, str]:
    """Versions by package."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", lock.read_text(), re.MULTILINE))


def names(services: list[Path]) -> list[str]:
    return [service.name for service in services]


def test_there_are_services() -> None:
    assert {"basket", "orders", "stock"} <= set(names(SHOP))


@pytest.mark.parametrize("service", SHOP, ids=names(SHOP))
def test_a_services_tests_run_with_the_versions_of_its_image(service: Path) -> None:
    image, tests = pins(LIBRARY / "requirements.txt"), pins(service / "requirements-dev.txt")
    assert image.items() <= tests.items(), f"make -C services/{service.name} lock"


@pytest.mark.parametrize(
    "lock", sorted(SERVICES_DIRECTORY.glob("*/*.txt")), ids=lambda lock: f"{lock.parent.name}/{lock.name}"
)
def test_locks_carry_hashes_and_no_hosts(lock: Path) -> None:
    text = lock.read_text()
    assert pins(lock)
    assert len(re.findall(r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==.*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(
        pins(lock)
    )
    assert "://" not in text


@pytest.mark.parametrize("service", DONE, ids=names(DONE))
def test_a_service_has_what_a_service_has(service: Path) -> None:
    module = service / service.name
    wanted = ["README.md", "openapi.json", f"{service.name}/__main__.py", f"{service.name}/py.typed"]
    assert [name for name in wanted if not (service / name).exists()] == []
    version = re.search(r'__version__(?:: (?:Final|str))? = "(.+)"', (module / "__init__.py").read_text())
    assert version is not None
    assert f'\nversion = "{version[1]}"\n' in (service / "pyproject.toml").read_text()


def containerfile(service: Path) -> list[tuple[str, str]]:
    """The instructions of its last stage, comments and continuation lines resolved."""
    made = subprocess.run(
        ["make", "--silent", "-C", str(service), "containerfile"], capture_output=True, text=True, check=True
    ).stdout
    lines = re.sub(r"^#.*\n|\\\n", "", made, flags=re.MULTILINE).splitlines()
    instructions = [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line)]
    last = max(number for number, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last:]


@pytest.mark.parametrize("service", SHOP, ids=names(SHOP))
def test_an_engines_image_is_of_the_shape_of_the_bundles(service: Path) -> None:
    bundle = SERVICES_DIRECTORY.parent / "bundle"
    recipes: list[dict[str, Any]] = yaml.safe_load((bundle / "images.yml").read_text())["images"]
    [recipe] = [recipe for recipe in recipes if recipe["ref"] == f"gantry.internal/services/{service.name}:{{version}}"]
    made = yaml.safe_load((bundle / "artifacts.yml").read_text())
    artifacts = {artifact["name"]: artifact for artifact in made["artifacts"]}
    says = containerfile(service)
    said = dict(says)
    assert said["FROM"] == f"docker.io/library/debian:{made['suite']}-slim"
    assert said["USER"] == recipe["user"]
    assert said["WORKDIR"] == recipe["working_directory"]
    assert json.loads(said["ENTRYPOINT"]) == recipe["entrypoint"]
    assert dict(pair.split("=", 1) for pair in said["ENV"].split()) == recipe["environment"]
    copied = {target: source for name, rest in says if name == "COPY" for source, target in [rest.split()[-2:]]}
    packages = artifacts["shop-packages"]
    assert copied.pop(packages["layer"]) == packages["layer"]
    assert copied == {to: source.removeprefix("services/") for to, source in recipe["sources"].items()}
    installed = set(said["RUN"].split("--no-install-recommends")[1].split("&&")[0].split())
    layers = [artifacts[name] for name in (recipe["base"], *recipe["layers"]) if artifacts[name]["kind"] == "deb"]
    assert installed <= {package for layer in layers for package in layer["packages"]}
    for layer in layers:
        assert installed & set(layer["packages"]), f"nothing of {layer['name']}: name it in DEBIAN of its Makefile"


@pytest.mark.parametrize("service", SHOP, ids=names(SHOP))
def test_imports_point_inwards(service: Path) -> None:
    """The domain knows neither use cases nor adapters nor frameworks; use cases know no adapters."""
    forbidden = {"domain": ["application", "adapters"], "application": ["adapters"]}
    frameworks = r"shopkit|fastapi|psycopg|nats|redis|opentelemetry|structlog"
    for layer, outer in forbidden.items():
        files = [*(service / service.name / layer).glob("**/*.py"), *(service / service.name).glob(f"{layer}.py")]
        assert files, f"services/{service.name} has no {layer}"
        for file in files:
            found = re.findall(
                rf"^\s*(?:from|import) ({service.name}\.(?:{'|'.join(outer)})\S*)", file.read_text(), re.MULTILINE
            )
            if layer == "domain":
                found += re.findall(rf"^\s*(?:from|import) ((?:{frameworks})\b\S*)", file.read_text(), re.MULTILINE)
            assert found == [], file
