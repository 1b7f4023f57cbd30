"""Puts what the platform declares into a git repository without ever overwriting what others have put there.

The platform's own state is the branch ``platform``; what is delivered is the branch ``main``, which people push to.
Where nobody has changed it since, main is fast-forwarded to platform; otherwise both stay, and people merge.
"""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError
from ansible_collections.gantry.platform.plugins.module_utils.tools import run_program

OWN, MAIN = "platform", "main"
AUTHOR = "gantry.platform"


@dataclass(frozen=True)
class Remote:
    """A repository over HTTPS (or a directory), and who asks it."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""

    def settings(self) -> dict[str, str]:
        """git's settings for it, which come by the environment, where no list of processes shows them."""
        found = {"credential.helper": "", "user.name": AUTHOR, "user.email": "platform@gantry.invalid"}
        if self.password:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            found["http.extraHeader"] = f"Authorization: Basic {pair}"
        if self.ca_file:
            found["http.sslCAInfo"] = self.ca_file
        return found


@dataclass(frozen=True)
class Outcome:
    """What became of the repository: main's head, the platform's, and whether they have parted."""

    changed: bool
    main: str
    own: str
    diverged: bool = False
    diff: str = ""

    @property
    def message(self) -> str:
        """What is to be done, where there is something."""
        if not self.diverged:
            return ""
        return (
            f"main is at {self.main}, and the platform's own state at {self.own} (branch {OWN}): both have changes "
            f"that the other lacks, and nothing was overwritten. Merge them: "
            f"git fetch && git merge origin/{OWN} && git push"
        )


class _Git:
    """git in one bare repository, with its objects apart from every other."""

    def __init__(self, directory: Path, remote: Remote, program: str) -> None:
        self._directory, self._program = directory, program
        settings = list(remote.settings().items())
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
            "GIT_DIR": str(directory),
            "GIT_INDEX_FILE": str(directory / "seed.index"),
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_HTTP_LOW_SPEED_LIMIT": "1",
            "GIT_HTTP_LOW_SPEED_TIME": "10",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "LC_ALL": "C",
            "GIT_CONFIG_COUNT": str(len(settings)),
            **{f"GIT_CONFIG_KEY_{index}": key for index, (key, _) in enumerate(settings)},
            **{f"GIT_CONFIG_VALUE_{index}": value for index, (_, value) in enumerate(settings)},
        }

    def run(
        self, *arguments: str, data: bytes | None = None, accept: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git. Raises DeliveryError with what it says."""
        done = run_program(
            self._program,
            *arguments,
            failure=DeliveryError,
            remedy="install Debian's package git",
            environment=self._environment,
            data=data,
        )
        if done.returncode not in accept:
            said = done.stderr.decode(errors="replace").strip()
            raise DeliveryError(f"git {arguments[0]}: {said}")
        return done

    def line(self, *arguments: str, data: bytes | None = None) -> str:
        return self.run(*arguments, data=data).stdout.decode().strip()

    def tree_of(self, commit: str) -> str:
        return self.line("rev-parse", f"{commit}^{{tree}}") if commit else ""

    def contains(self, commit: str, ancestor: str) -> bool:
        """Whether a commit has another among its ancestors, or is it."""
        return self.run("merge-base", "--is-ancestor", ancestor, commit, accept=(0, 1)).returncode == 0

    def tree(self, files: Mapping[str, bytes]) -> str:
        """The tree of these files."""
        self.run("read-tree", "--empty")
        entries = []
        for path, content in sorted(files.items()):
            blob = self.line("hash-object", "-w", "--stdin", data=content)
            entries.append(f"100644 {blob}\t{path}\n")
        self.run("update-index", "--add", "--index-info", data="".join(entries).encode())
        return self.line("write-tree")


def seed(remote: Remote, files: Mapping[str, bytes], message: str, *, check: bool = False, git: str = "git") -> Outcome:
    """Bring the files into the repository.

    :raises DeliveryError: The repository cannot be reached, or refuses.
    """
    if not files:
        raise DeliveryError("there are no files to put into git; name a directory that holds some")
    with tempfile.TemporaryDirectory() as place:
        repository = _Git(Path(place) / "seed.git", remote, git)
        repository.run("init", "--quiet", "--bare", f"--initial-branch={MAIN}")
        repository.run("fetch", "--quiet", "--no-tags", remote.url, "+refs/heads/*:refs/remotes/*")
        main, own = (_head(repository, branch) for branch in (MAIN, OWN))
        wanted = repository.tree(files)
        target = _target(repository, main, own, wanted, message)
        parted = bool(main) and not repository.contains(main, target) and not repository.contains(target, main)
        diverged = parted and repository.tree_of(main) != wanted
        moves = [(OWN, own)] if target != own else []
        # What main holds already, it has beyond the platform's state.
        if not parted and not (main and repository.contains(main, target)):
            moves.append((MAIN, main))
        if moves and not check:
            # The heads are those that were read, or nothing is written.
            leases = [f"--force-with-lease=refs/heads/{branch}:{before}" for branch, before in moves]
            refs = [f"{target}:refs/heads/{branch}" for branch, _ in moves]
            repository.run("push", "--quiet", "--atomic", *leases, remote.url, *refs)
        moved = any(branch == MAIN for branch, _ in moves)
        before = main or repository.line("hash-object", "-t", "tree", "-w", "--stdin", data=b"")
        diff = repository.run("diff", "--no-color", before, target).stdout.decode(errors="replace") if moves else ""
        return Outcome(bool(moves), target if moved else main, target, diverged, diff)


def _head(repository: _Git, branch: str) -> str:
    name = f"refs/remotes/{branch}"
    return repository.line("for-each-ref", "--format=%(objectname)", name)


def _target(repository: _Git, main: str, own: str, wanted: str, message: str) -> str:
    """The platform's own head: one that says what is wanted already, or a commit on top of it.

    Where main has gone on and says the same as the platform, the commit is on top of both. A repository that others
    began stays theirs: what the platform adds has no common history, and is for people to merge.
    """
    if own and repository.tree_of(own) == wanted:
        return own
    ahead = bool(own and main) and repository.contains(main, own)
    if ahead and repository.tree_of(main) == wanted:
        return main
    alike = bool(own and main) and repository.tree_of(main) == repository.tree_of(own)
    parents = [main] if alike and ahead else [own, main] if alike else [own] if own else []
    words = [word for parent in dict.fromkeys(parents) for word in ("-p", parent)]
    return repository.line("commit-tree", wanted, *words, "-m", message)
