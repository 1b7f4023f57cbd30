# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
DOCUMENTATION = r"""
module: server_answer
short_description: Asks a server what preflight must know of it
version_added: 0.1.0
description:
  - Asks a host by its shell, since it may lack Python, and only reads.
  - M(gantry.platform.contract) judges the answers of all servers, together with the inventory.
options:
  registry:
    description: Address (host:port) of the registry that the server must reach; empty asks for none.
    type: str
    default: ""
attributes:
  check_mode:
    description: It only reads.
    support: full
  diff_mode:
    description: Nothing is changed.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Ask every server
  gantry.platform.server_answer:
    registry: "{{ platform_registry_address }}"
"""

RETURN = r"""
answer:
  description: Lines of key, tab and value.
  returned: success
  type: str
  sample: "clock\t1764067200\nuser\t0\nsystem\tdebian 13\nend\t1764067201"
asked:
  description: This host's clock when it was asked, in seconds of the epoch.
  returned: success
  type: int
  sample: 1764067200
"""
