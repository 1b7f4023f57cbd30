#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Sum up how the cluster differs from what is declared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drift
short_description: Sum up how the cluster differs from what is declared
version_added: 0.1.0
description:
  - Takes the differences that M(gantry.platform.k8s_release) found with its option C(drift), and adds what belongs to
    no release. That is objects that people made (in the releases' namespaces, and those of no namespace), and releases
    that no role states any more.
  - Writes all of it to C(drift.json).
options:
  releases:
    description: What was collected, as the fact C(platform_drift) holds it.
    type: list
    elements: dict
    required: true
    suboptions:
      release:
        description: Name of the release.
        type: str
        required: true
      drift:
        description: Its differences.
        type: list
        elements: dict
        required: true
  directory:
    description: Directory of the report.
    type: path
    required: true
  repaired:
    description:
      - Whether the releases' differences have just been mended. Foreign objects that hold no data are removed then.
    type: bool
    default: false
extends_documentation_fragment:
  - gantry.platform.kubernetes
attributes:
  check_mode:
    description: Removes nothing and writes no report.
    support: full
  diff_mode:
    description: There is nothing to show beyond what is returned.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Sum up
  gantry.platform.drift:
    releases: "{{ ansible_facts.platform_drift }}"
    directory: "{{ platform_directory }}/reports"
    kubeconfig: "{{ platform_kubeconfig }}"
"""

RETURN = r"""
drift:
  description:
    - The differences. C(what) is C(missing), C(changed), C(left), C(foreign) or C(undeclared).
  returned: success
  type: list
  elements: dict
  sample:
    - release: ""
      what: foreign
      kind: ConfigMap
      namespace: shop
      name: notes
      fields: [{path: "", by: kubectl-create, at: "2026-01-01T00:00:00Z"}]
open:
  description: Those that are not mended.
  returned: success
  type: list
  elements: dict
  sample: []
lines:
  description: The differences for people, a line each.
  returned: success
  type: list
  elements: str
  sample: ["changed: Deployment shop/catalog: spec.replicas by kubectl-edit at 2026-01-01T00:00:00Z"]
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.release import foreign
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.drift import line
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "releases": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "release": {"type": "str", "required": True},
                    "drift": {"type": "list", "elements": "dict", "required": True},
                },
            },
            "directory": {"type": "path", "required": True},
            "repaired": {"type": "bool", "default": False},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    given: dict[str, Any] = module.params
    within = [one for release in given["releases"] for one in release["drift"]]
    try:
        client = Client(load(given["kubeconfig"], given["context"]), "gantry-drift")
        others = foreign.undeclared(client, [release["release"] for release in given["releases"]])
        found = foreign.find(client)
        removed = foreign.remove(client, found) if given["repaired"] and not module.check_mode else []
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    drift = [*within, *(one.told() for one in found), *others]
    mended = [*(within if given["repaired"] else []), *(one.told() for one in removed)]
    still = [one for one in drift if one not in mended]
    if not module.check_mode:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        path = Path(given["directory"]) / "drift.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"at": at, "drift": drift, "open": still}, indent=2) + "\n", encoding="utf-8")
    module.exit_json(changed=bool(removed), drift=drift, open=still, lines=[line(one) for one in drift])


if __name__ == "__main__":
    main()
