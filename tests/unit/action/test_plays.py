"""The actions and the recap in real runs of ansible-playbook, with what Ansible does to variables."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
LOCAL = ROOT / "inventories/local"


@pytest.fixture
def play(tmp_path: Path) -> Any:
    """Runs tasks on localhost with the local inventory; returns the exit status and all output."""

    def run(tasks: list[dict[str, Any]], name: str = "Play", **variables: Any) -> tuple[int, str]:
        playbook = ROOT / "playbooks" / f".test-{os.getpid()}.yml"
        playbook.write_text(
            yaml.safe_dump([{"name": name, "hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        )
        command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(LOCAL), str(playbook)]
        command += ["-e", json.dumps(variables)] if variables else []
        environment = os.environ | {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        try:
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        finally:
            playbook.unlink()
        return done.returncode, done.stdout + done.stderr

    return run


PREFLIGHT = [{"ansible.builtin.import_role": {"name": "gantry.platform.preflight"}, "vars": {"preflight_host": False}}]


def test_the_local_inventory_passes_preflight(play: Any) -> None:
    code, output = play(PREFLIGHT)
    assert code == 0, output


def test_preflight_tells_all_mistakes_of_a_play_at_once(play: Any) -> None:
    code, output = play(
        PREFLIGHT,
        platfrom_driver="machines",
        platform_domain="{{ nowhere_to_be_found }}",
        platform_image_source="bundel",
        istio_tracing_enabled="true",
        istio_tag="{{ told_by_a_later_stage }}",
        my_own="{{ nowhere_to_be_found }}",
    )
    assert code != 0
    assert "The inventory of environment local does not fit: 4 mistakes. Nothing has been touched." in output
    assert "did you mean 'platform_driver'?" in output
    assert "'nowhere_to_be_found' is undefined" in output
    assert "the nearest is 'bundle'" in output
    assert 'istio_tracing_enabled: "true"' in output


def test_checks_are_collected_and_a_failing_one_ends_the_play_with_a_report(play: Any, tmp_path: Path) -> None:
    known = {"id": "a.known", "row": 9, "title": "It is known", "ok": True, "evidence": "seen"}
    asked = {"id": "a.nodes", "row": "K", "title": "Nodes are ready", "within": 0, "probe": {"type": "nodes_ready"}}
    verify = {
        "environment": "local",
        "kubeconfig": str(tmp_path / "none"),
        "directory": str(tmp_path / "reports"),
        "checks": "{{ ansible_facts.platform_checks }}",
    }
    code, output = play(
        [
            {"gantry.platform.check": {"checks": [known]}},
            {"gantry.platform.check": {"checks": [asked]}},
            {"gantry.platform.verify": verify},
        ]
    )
    assert code != 0
    assert "1 of 2 checks fail:\n- Nodes are ready (a.nodes): GET /api/v1: kubeconfig" in output
    body = json.loads((tmp_path / "reports/verify.json").read_text())
    assert [(check["id"], check["row"], check["ok"]) for check in body["checks"]] == [
        ("a.nodes", "K", False),
        ("a.known", "9", True),
    ]


def test_the_recap_is_said_where_a_play_asks_for_it_only(play: Any) -> None:
    given = (
        {"environment": "local", "systems": {"Shop": {"address": "https://x"}}},
        {"systems": {"Argo CD": {"address": "https://y", "user": "admin", "password": "/p"}}},
    )
    stats = [{"ansible.builtin.set_stats": {"data": {"platform_recap": one}}} for one in given]
    output = play(stats, name="Recap")[1]
    assert "Environment local: ready in" in output
    assert re.search(r"Argo CD +https://y +admin +/p\n +Shop +https://x", output)
    assert "Environment local: ready in" not in play(stats, name="Other")[1]


def test_the_recap_of_a_failure_names_task_and_remedy(play: Any) -> None:
    code, output = play([{"name": "Break", "ansible.builtin.fail": {"msg": "It is broken"}}], name="Recap")
    assert code != 0
    assert "  Recap › Break (on localhost)\n    It is broken" in output
    assert "go on where it stopped" in output


KEEP = {"directory": "{{ place }}/secrets", "names": ["orders"]}


def test_work_that_is_done_here_is_that_of_the_module(play: Any, tmp_path: Path) -> None:
    code, output = play(
        [
            {"gantry.platform.store_credentials": KEEP, "register": "here"},
            {"gantry.platform.store_credentials": KEEP, "environment": {"SENT": "yes"}, "register": "sent"},
            {
                "ansible.builtin.assert": {
                    "that": ["here is changed", "sent is not changed", "here.accounts == sent.accounts"]
                }
            },
            {"gantry.platform.store_credentials": {**KEEP, "name": "orders"}},
        ],
        place=str(tmp_path),
    )
    assert code != 0
    assert "Unsupported parameters: name. Supported are: directory, names" in output
    assert "ok=3" in output


def test_what_outlives_a_task_is_left_to_the_module(play: Any, tmp_path: Path) -> None:
    (tmp_path / "registry").mkdir()
    absent = {"state": "absent", "directory": str(tmp_path / "registry")}
    code, output = play(
        [
            {"gantry.platform.registry": absent, "check_mode": True, "register": "asked"},
            {"gantry.platform.registry": absent, "register": "done"},
            {"gantry.platform.registry": absent, "register": "again"},
            {"ansible.builtin.assert": {"that": ["asked is changed", "done is changed", "again is not changed"]}},
        ]
    )
    assert code == 0, output
    assert not (tmp_path / "registry").exists()


def test_a_secret_parameter_is_in_no_result(play: Any, tmp_path: Path) -> None:
    seed = {"url": f"{tmp_path}/none-abracadabra", "password": "abracadabra", "directory": str(tmp_path)}
    code, output = play([{"gantry.platform.git_seed": seed}])
    assert code != 0
    assert "none-********" in output
    assert "abracadabra" not in output.partition("fatal:")[2]


def test_templates_come_to_what_ansibles_own_lookup_makes_of_them(play: Any, tmp_path: Path) -> None:
    (tmp_path / "inner.j2").write_text("{{ word }}s\n")
    (tmp_path / "outer.j2").write_text(
        "{% if word %}\nof {% include 'inner.j2' %}{% endif %}\n{# none #}back\\\\slash {{ [word] | to_json }}\n\n"
    )
    names = f"'{tmp_path}/outer.j2', '{tmp_path}/inner.j2'"
    ours, theirs = (f"query('{name}.template', {names})" for name in ("gantry.platform", "ansible.builtin"))
    said = [f"{ours} == {theirs}", f"{ours} | length == 2", f"'of words' in ({ours} | first)"]
    code, output = play([{"ansible.builtin.assert": {"that": said}}], word="{{ 'wo' ~ 'rd' }}")
    assert code == 0, output
    code, output = play([{"ansible.builtin.debug": {"msg": "{{ lookup('gantry.platform.template', 'no-such.j2') }}"}}])
    assert code != 0
    assert "there is no template no-such.j2" in output
