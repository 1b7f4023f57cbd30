"""What ends a run of Terraform, in words that say what to do."""

from __future__ import annotations


class TerraformError(Exception):
    """Nothing was applied, or not all; the message names the root, what is wrong and the remedy."""


class LockedError(TerraformError):
    """Somebody else holds the state's lock. `lock` is what they told: id, who, operation, created, path, version."""

    def __init__(self, message: str, lock: dict[str, str]) -> None:
        super().__init__(message)
        self.lock = lock
