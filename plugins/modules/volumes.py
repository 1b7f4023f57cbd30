#!/usr/bin/python
# Copyright: The gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""Pack and unpack the volumes of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: volumes
short_description: Pack the volumes of a node while nobody writes, and unpack them on a new one
version_added: 0.1.0
description:
  - Packs every volume on the node's own disk into one archive. The processes of its pods are stopped meanwhile, so that
    all volumes of the node are of one moment, and go on in any case.
  - Unpacks them on a node that has none; what was interrupted is done again.
options:
  state:
    description: What to do.
    type: str
    choices: [packed, unpacked]
    required: true
  directory:
    description: Directory of the volumes.
    type: path
    required: true
  archive:
    description: Path of the archive on the node, a tar with gzip.
    type: path
    required: true
  backup:
    description: Name of the backup that is unpacked.
    type: str
  seconds:
    description: How long pods may be stopped at most.
    type: float
    default: 60
attributes:
  check_mode:
    description: Nothing is packed or unpacked.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
author:
  - The gantry.platform authors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Pack the node's volumes
  gantry.platform.volumes:
    state: packed
    directory: /var/lib/gantry/volumes
    archive: /var/lib/gantry/backup/volumes.tar.gz
"""

RETURN = r"""
bytes:
  description: Size of the archive.
  returned: with O(state=packed)
  type: int
  sample: 104857600
stopped:
  description: How many processes were stopped.
  returned: with O(state=packed)
  type: int
  sample: 12
seconds:
  description: For how long.
  returned: with O(state=packed)
  type: float
  sample: 1.4
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.gantry.platform.plugins.module_utils.backup.volumes import BackupError, pack, unpack


def main() -> None:
    """Runs on the node."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "choices": ["packed", "unpacked"], "required": True},
            "directory": {"type": "path", "required": True},
            "archive": {"type": "path", "required": True},
            "backup": {"type": "str"},
            "seconds": {"type": "float", "default": 60},
        },
        required_if=[("state", "unpacked", ["backup"])],
        supports_check_mode=True,
    )
    wanted = module.params
    directory, archive = Path(wanted["directory"]), Path(wanted["archive"])
    try:
        if module.check_mode:
            module.exit_json(changed=True)
        if wanted["state"] == "unpacked":
            module.exit_json(changed=unpack(archive, directory, wanted["backup"]))
        module.exit_json(changed=True, **asdict(pack(directory, archive, wanted["seconds"])))
    except (BackupError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
