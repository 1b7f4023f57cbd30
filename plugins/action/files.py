# Copyright: the gantry.platform authors
# Apache License 2.0 (see LICENSE)
"""The controller's side of M(gantry.platform.files): resolve the sources, and send what the host lacks."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible_collections.gantry.platform.plugins.module_utils.files.place import digest
from ansible_collections.gantry.platform.plugins.modules import files as module
from ansible_collections.gantry.platform.plugins.plugin_utils.here import HereBase

KEYS = {"dest", "content", "src", "mode", "sensitive"}


def describe(file: dict[str, Any]) -> dict[str, Any]:
    """One entry of ``files`` as the module wants it: a source by its size, time and path, a text by its content.

    Raises ``ValueError`` that names the entry and what is wrong with it.
    """
    dest = file.get("dest")
    if not isinstance(dest, str) or not dest.startswith("/"):
        raise ValueError(f"files: dest '{dest}' is not an absolute path")
    if unknown := sorted(set(file) - KEYS):
        raise ValueError(f"files: {dest}: unknown {', '.join(unknown)}; known are {', '.join(sorted(KEYS))}")
    if (file.get("content") is None) == (file.get("src") is None):
        raise ValueError(f"files: {dest}: give one of content and src")
    mode = file.get("mode", "0644")
    try:
        described: dict[str, Any] = {"dest": dest, "mode": int(mode, 8), "sensitive": bool(file.get("sensitive"))}
    except (TypeError, ValueError) as error:
        raise ValueError(f"files: {dest}: mode '{mode}' is not a quoted octal number such as '0644'") from error
    if file.get("content") is not None:
        return described | {"content": str(file["content"])}
    source = Path(file["src"]).expanduser()
    try:
        found = source.stat()
    except OSError as error:
        raise ValueError(f"files: {dest}: source '{source}': {error.strerror}") from error
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"files: {dest}: source '{source}' is not a file")
    return described | {"src": str(source), "size": found.st_size, "mtime": found.st_mtime_ns}


class ActionModule(HereBase):
    """Asks the host once; only a host that lacks a large file, or cannot tell, is asked again."""

    _supports_async = False
    _supports_diff = True

    MODULE: ClassVar[ModuleType] = module

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task. ``tmp`` is unused and there for the base class's sake."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            described = [describe(file) for file in self._task.args.get("files") or []]
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        files = {file["dest"]: file for file in described}
        diff: list[dict[str, str]] = []
        changed: list[str] = []
        stale: list[str] = []
        while True:
            answer = self._ask(list(files.values()), task_vars)
            if answer.get("failed"):
                return result | answer
            diff += answer["diff"]
            changed += answer["changed_files"]
            stale = answer["stale"]
            if not answer["missing"] and not answer["undecided"]:
                break
            for dest in answer["undecided"]:
                files[dest]["sha256"] = digest(files[dest]["src"])
            for dest in answer["missing"]:
                files[dest]["staged"] = self._stage(files[dest]["src"])
        if tmpdir := self._connection._shell.tmpdir:
            self._remove_tmp_path(tmpdir)
        return result | {
            "changed": bool(changed or stale),
            "changed_files": changed,
            "stale": stale,
            "service_runs": answer["service_runs"],
            "diff": diff,
        }

    def _ask(self, files: list[dict[str, Any]], task_vars: dict[str, Any] | None) -> dict[str, Any]:
        """Run the module on the host. Secrets travel apart, in the one parameter that is never logged."""
        secrets = {file["dest"]: file["content"] for file in files if file["sensitive"] and "content" in file}
        shown = [{k: v for k, v in f.items() if k != "src" and not (k == "content" and f["sensitive"])} for f in files]
        arguments: dict[str, Any] = {
            "files": shown,
            "secrets": json.dumps(secrets),
            "purge": self._task.args.get("purge") or [],
        }
        arguments["service"] = self._task.args.get("service")
        answer = self.do(arguments, task_vars)
        answer.pop("invocation", None)
        return answer

    def _stage(self, source: str) -> str:
        """Copy a file of the controller to the host's temporary directory; its path there."""
        shell = self._connection._shell
        if not shell.tmpdir:
            self._make_tmp_path()
        staged: str = shell.join_path(shell.tmpdir, Path(source).name)
        self._transfer_file(source, staged)
        self._fixup_perms2((shell.tmpdir, staged))
        return staged
