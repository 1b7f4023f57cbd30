#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle_check
short_description: Holds objects, a cluster and a registry against the bundle
description:
  - Finds every image of objects and of a cluster's pods that the bundle lacks, or holds with another digest.
  - Finds every image of the bundle that its registry does not serve with its digest.
  - Changes nothing, and does not fail by itself; C(playbooks/verify.yml) reports what it finds.
options:
  bundle:
    description: The C(bundle.json) that M(gantry.platform.bundle) wrote.
    type: path
    required: true
  objects:
    description: Kubernetes objects whose images are looked up.
    type: list
    elements: dict
    default: []
  kubeconfig:
    description: Cluster whose pods are looked at.
    type: path
  registry:
    description: C(host:port) of the registry that is asked for every image.
    type: str
attributes:
  check_mode:
    description: Nothing is ever changed.
    support: full
  diff_mode:
    description: Nothing is ever changed.
    support: none
author:
  - The gantry.platform authors
"""

EXAMPLES = r"""
- name: Hold what runs against the bundle
  gantry.platform.bundle_check:
    bundle: .platform/local/bundle.json
    kubeconfig: .platform/local/kubeconfig
    registry: 10.90.0.1:5000
  register: checked

- name: Every image is the bundle's
  ansible.builtin.assert:
    that: checked.ok
    fail_msg: "{{ checked.evidence }}"
"""

RETURN = r"""
ok:
  description: Whether nothing is missing.
  returned: always
  type: bool
  sample: true
missing:
  description: Images that the bundle lacks or the registry does not serve, each with the reason.
  returned: always
  type: list
  elements: str
  sample: ["docker.io/istio/pilot:1.30: not in the bundle"]
evidence:
  description: What was seen, in words.
  returned: always
  type: str
  sample: 14 images in use, all of them the bundle's by digest; 16 served by 10.90.0.1:5000
seconds:
  description: How long it took.
  returned: always
  type: float
  sample: 0.2
"""

import json
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.references import (
        missing_images,
        object_images,
        pod_images,
    )
    from ansible_collections.gantry.platform.plugins.module_utils.bundle.serving import unserved
    from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster, ClusterError

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)

OPTIONS: dict[str, Any] = {
    "bundle": {"type": "path", "required": True},
    "objects": {"type": "list", "elements": "dict", "default": []},
    "kubeconfig": {"type": "path"},
    "registry": {"type": "str"},
}


def check(options: dict[str, Any], images: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Everything that was asked for, held against `images`; a cluster that cannot be asked shows nothing."""
    started = time.monotonic()
    used = set(object_images(options["objects"]))
    missing = []
    if options["kubeconfig"]:
        try:
            used |= set(pod_images(Cluster(Path(options["kubeconfig"])).get("/api/v1/pods")["items"]))
        except ClusterError as error:
            missing.append(str(error))
    missing += missing_images(sorted(used), images)
    seen = [f"{len(used)} images in use, all of them the bundle's by digest"] if used else []
    if options["registry"]:
        missing += unserved(options["registry"], images)
        seen.append(f"{len(images)} served by {options['registry']}")
    return {
        "ok": not missing,
        "missing": missing,
        "evidence": "; ".join(missing or seen),
        "seconds": round(time.monotonic() - started, 3),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    path = Path(module.params["bundle"])
    try:
        images = json.loads(path.read_text(encoding="utf-8"))["images"]
        result = check(module.params, images)
    except (OSError, ValueError, LookupError) as error:
        module.fail_json(msg=f"{path}: is no bundle.json ({error}); role bundle writes it")
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
