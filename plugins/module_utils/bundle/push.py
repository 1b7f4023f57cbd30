"""Puts the bundle's images into a registry that somebody else runs, by skopeo, which knows every registry's ways."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.bundle.errors import BundleError

AT_ONCE = 4
"""Images that are asked for, or sent, at the same time."""
SECONDS = 900
"""Longest time that one image may take."""
ABSENT = ("manifest unknown", "name unknown", "not found", "repository does not exist")
"""Words by which registries say that they do not have an image, in lower case."""


@dataclass(frozen=True)
class Remote:
    """A registry. `authfile`: as `skopeo login` writes it; `certificates`: a directory with its authority."""

    address: str
    skopeo: str = "skopeo"
    authfile: Path | None = None
    certificates: Path | None = None
    plain_http: bool = False

    def missing(self, images: Mapping[str, Mapping[str, str]]) -> list[str]:
        """The references that it does not have with their digest, in order. Raises BundleError."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            there = list(pool.map(self._has, images, (image["digest"] for image in images.values())))
        return [reference for reference, has in zip(images, there, strict=True) if not has]

    def push(self, images: Mapping[str, Mapping[str, str]]) -> None:
        """Send images with the digests that they have here; what was sent before an error stays. Raises BundleError."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._send, images, (image["layout"] for image in images.values())))

    def _has(self, reference: str, digest: str) -> bool:
        done = self._run("inspect", "--no-tags", "--raw", *self._access(""), self._place(reference))
        if done.returncode == 0:
            return f"sha256:{hashlib.sha256(done.stdout).hexdigest()}" == digest
        told = done.stderr.decode(errors="replace")
        if any(words in told.lower() for words in ABSENT):
            return False
        raise self._error("asked for", reference, told)

    def _send(self, reference: str, layout: str) -> None:
        access = self._access("dest-")
        done = self._run("copy", "--quiet", "--preserve-digests", *access, f"oci:{layout}", self._place(reference))
        if done.returncode:
            raise self._error("sent", reference, done.stderr.decode(errors="replace"))

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self.skopeo, "--insecure-policy", *arguments], capture_output=True, check=False, timeout=SECONDS
            )
        except FileNotFoundError as error:
            raise BundleError(f"{self.skopeo} is not there: install the package skopeo") from error
        except subprocess.TimeoutExpired as error:
            raise BundleError(f"{self.address} took longer than {SECONDS} s for one image") from error

    def _place(self, reference: str) -> str:
        return f"docker://{self.address}/{reference}"

    def _access(self, prefix: str) -> list[str]:
        access = [f"--{prefix}tls-verify={str(not self.plain_http).lower()}"]
        access += [f"--authfile={self.authfile}"] if self.authfile else []
        return [*access, *([f"--{prefix}cert-dir={self.certificates}"] if self.certificates else [])]

    def _error(self, what: str, reference: str, told: str) -> BundleError:
        last = told.strip().splitlines()[-1:] or ["no word"]
        remedy = ""
        if "unauthorized" in told.lower() or "authentication required" in told.lower() or "denied" in told.lower():
            remedy = f"; log in with: skopeo login --authfile {self.authfile or 'FILE'} {self.address}"
        return BundleError(f"{reference} could not be {what} at {self.address}: {last[0]}{remedy}")
