"""The shop's dashboard where the shop is off: every query is understood, and answers with one zero."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from dashboards import contract
from tests.policies.test_policies import binary


def test_every_query_answers_where_there_is_no_shop(tmp_path: Path) -> None:
    [dashboard] = [one for one in contract.load() if one["uid"] == "shop"]
    cases = []
    for target in contract.targets(dashboard):
        label = re.search(r'label_replace\(vector\(0\), "(\w+)", "none"', target.expr)
        sample = {"labels": f'{{{label[1]}="none"}}' if label else "{}", "value": 0}
        expr = contract.fill(target.expr, contract.INTERVALS)
        cases.append({"expr": expr, "eval_time": "5m", "exp_samples": [sample]})
    assert len(cases) > 15
    tests = {"tests": [{"interval": "15s", "promql_expr_test": cases}]}
    (tmp_path / "shop_test.yml").write_text(json.dumps(tests))
    command = [binary("promtool"), "test", "rules", "shop_test.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
