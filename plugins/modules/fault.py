#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Make one fault in the shop, for a while."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fault
short_description: Make one fault in the shop, for a while
version_added: 0.1.0
description:
  - Makes a fault, waits for its time to pass, and ends it; also where the module is told to end meanwhile.
  - Run it with C(async), as C(playbooks/faults.yml) does, so that the fault ends even if the play is killed.
  - Faults of the payment provider and of a database end by themselves, whatever becomes of the module.
options:
  name:
    description:
      - C(latency) and C(errors) come from the sidecar of the service, so that its callers' proxies see them as its own.
      - C(payment_errors), C(payment_latency) and C(payment_lost) come from the payment provider.
      - C(slow_database) holds up those who write events into the service's database.
      - C(broker_stop) scales the broker to zero and back; C(pod_kill) kills one pod of the service.
      - C(none) ends every fault.
    type: str
    required: true
    choices:
      - latency
      - errors
      - payment_errors
      - payment_latency
      - payment_lost
      - slow_database
      - broker_stop
      - pod_kill
      - none
  service:
    description: The service that it happens to.
    type: str
    default: catalog
    choices: [catalog, basket, orders, orderview, stock, payments, notifications, shopapi, storefront]
  seconds:
    description: How long it lasts, 1 to 600.
    type: int
    default: 30
  percent:
    description: Of how many requests, 1 to 100.
    type: int
    default: 50
  milliseconds:
    description:
      - By how much requests are late, 1 to 30000.
      - For C(slow_database) how long writers wait in every second, below 1000.
    type: int
    default: 500
  namespace:
    description: Namespace of the shop.
    type: str
    default: shop
  data_namespace:
    description: Namespace of its stores and of the broker.
    type: str
    default: data
extends_documentation_fragment:
  - gantry.platform.kubernetes
attributes:
  check_mode:
    description: Tells what would be done, and fails where there is nothing that it could be done to.
    support: full
  diff_mode:
    description: A fault is gone at the end, so there is no difference to show.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Half of the catalog's answers are errors, for a minute
  gantry.platform.fault:
    name: errors
    service: catalog
    seconds: 60
    kubeconfig: "{{ platform_kubeconfig }}"
  async: 240
  poll: 2
"""

RETURN = r"""
done:
  description: What was (in check mode, would be) done.
  returned: success
  type: list
  elements: str
  sample: [50 % of the requests to catalog are answered with 503]
seconds:
  description: How long it took in all, with its end.
  returned: success
  type: float
  sample: 60.4
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.gantry.platform.plugins.module_utils.faults.model import NAMES, SERVICES, Fault, FaultError
from ansible_collections.gantry.platform.plugins.module_utils.release.client import Client
from ansible_collections.gantry.platform.plugins.module_utils.release.errors import ReleaseError
from ansible_collections.gantry.platform.plugins.module_utils.release.kubeconfig import load

try:
    from ansible_collections.gantry.platform.plugins.module_utils.faults.inject import MANAGER, Injection
    from ansible_collections.gantry.platform.plugins.module_utils.verify.cluster import Cluster

    MISSING_LIBRARY = ""
except ImportError as error:
    MISSING_LIBRARY = error.name or str(error)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True, "choices": list(NAMES)},
            "service": {"type": "str", "default": "catalog", "choices": list(SERVICES)},
            "seconds": {"type": "int", "default": 30},
            "percent": {"type": "int", "default": 50},
            "milliseconds": {"type": "int", "default": 500},
            "namespace": {"type": "str", "default": "shop"},
            "data_namespace": {"type": "str", "default": "data"},
            "kubeconfig": {"type": "path"},
            "context": {"type": "str"},
        },
        supports_check_mode=True,
    )
    if MISSING_LIBRARY:
        module.fail_json(msg=missing_required_lib(MISSING_LIBRARY))
    given = module.params
    try:
        fault = Fault(*(given[key] for key in ("name", "service", "seconds", "percent", "milliseconds")))
        client = Client(load(given["kubeconfig"], given["context"]), MANAGER)
        cluster = Cluster(Path(given["kubeconfig"] or Path.home() / ".kube/config"), timeout=15)
        injection = Injection(client, cluster, fault, given["namespace"], given["data_namespace"])
        result = injection.run(bool(module.check_mode))
    except (FaultError, ReleaseError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
