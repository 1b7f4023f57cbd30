"""What a node's disk can give back without a loss: images that no container uses, logs that were rotated away, caches.

The kubelet of the platform prunes no images by itself (``imageGCHighThresholdPercent: 100``): several nodes may share a
disk that is none of theirs. What is removed here is pulled again from the registry when it is asked for.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.gantry.platform.plugins.module_utils.remediation.components import RemediationError

ROTATED = (
    "var/log/kubernetes/audit-*.log",
    "var/log/pods/*/*/*.log.*",
    "var/cache/apt/archives/*.deb",
)
"""Files that nothing writes to any more, and a package manager's copies."""
JOURNAL = "var/log/journal"
PINNED = "io.cri-containerd.pinned"
"""Label of an image that the container runtime needs for itself."""
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


@dataclass(frozen=True)
class Image:
    """A reference as ``ctr images list`` shows it; several may lead to one digest. ``size`` in bytes."""

    reference: str
    digest: str
    size: int
    pinned: bool


@dataclass
class Cleared:
    """What was, or in check mode would be, removed: what and how many bytes; and what the disk had free."""

    removed: list[dict[str, Any]] = field(default_factory=list)
    before: int = 0
    after: int = 0

    def add(self, what: str, name: str, size: int) -> None:
        """Note one removal."""
        self.removed.append({"what": what, "name": name, "bytes": size})


def images(listed: str) -> list[Image]:
    """Read ``ctr images list``: columns REF TYPE DIGEST SIZE PLATFORMS LABELS, the size of two words (``3.4 MiB``)."""
    found = []
    for line in listed.splitlines()[1:]:
        words = line.split()
        if len(words) < 5:
            continue
        amount, unit = words[3], words[4]
        known = unit in UNITS
        size = int(float(amount) * UNITS[unit]) if known else 0
        found.append(Image(words[0], words[2], size, PINNED in words[-1]))
    return found


def used(listed: str) -> set[str]:
    """References in ``ctr containers list``: columns CONTAINER IMAGE RUNTIME."""
    return {words[1] for line in listed.splitlines()[1:] if len(words := line.split()) >= 2}


def unused(all_images: Iterable[Image], references: set[str]) -> list[Image]:
    """Images that no container uses by whatever reference, and that the runtime does not need for itself."""
    known = list(all_images)
    kept = {image.digest for image in known if image.pinned or image.reference in references}
    return [image for image in known if image.digest not in kept]


def clear(journal: int, address: str, check: bool, root: Path = Path("/")) -> Cleared:
    """Clear a node's disk. ``journal``: bytes that stay of the system's journal; ``address``: containerd's socket.

    Raises RemediationError.
    """
    disk = root / "var/lib"
    cleared = Cleared(before=shutil.disk_usage(disk).free)
    _files(cleared, check, root)
    _journal(cleared, journal, check, root)
    if Path(address).exists():
        _images(cleared, address, check)
    cleared.after = cleared.before if check else shutil.disk_usage(disk).free
    return cleared


def _files(cleared: Cleared, check: bool, root: Path) -> None:
    for pattern in ROTATED:
        for path in sorted(root.glob(pattern)):
            cleared.add("file", str(path), path.stat().st_size)
            if not check:
                path.unlink(missing_ok=True)


def _journal(cleared: Cleared, most: int, check: bool, root: Path) -> None:
    """Remove journal files that are no longer written to, the oldest first, down to a size."""
    directory = root / JOURNAL
    before = _size(directory)
    if before <= most:
        return
    if check:
        cleared.add("journal", str(directory), before - most)
        return
    _run(["journalctl", "--directory", str(directory), "--rotate"], may_fail=True)
    _run(["journalctl", "--directory", str(directory), f"--vacuum-size={most}"])
    if (freed := before - _size(directory)) > 0:
        cleared.add("journal", str(directory), freed)


def _images(cleared: Cleared, address: str, check: bool) -> None:
    ctr = ["ctr", "--address", address, "--namespace", "k8s.io"]
    spare = unused(images(_run([*ctr, "images", "list"])), used(_run([*ctr, "containers", "list"])))
    counted: set[str] = set()
    for image in spare:
        cleared.add("image", image.reference, 0 if image.digest in counted else image.size)
        counted.add(image.digest)
    if spare and not check:
        _run([*ctr, "images", "remove", "--sync", *(image.reference for image in spare)])


def _size(directory: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())


def _run(command: list[str], may_fail: bool = False) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RemediationError(f"{' '.join(command[:6])}: {error}") from error
    if done.returncode and not may_fail:
        raise RemediationError(f"{' '.join(command[:6])} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout
