"""Seeding of a git repository, with git itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.gantry.platform.plugins.module_utils.delivery.overlay import DeliveryError
from ansible_collections.gantry.platform.plugins.module_utils.delivery.seed import Outcome, Remote, seed

ONE = {"a/b.yaml": b"one\n", "README.md": b"read\n"}
TWO = {"a/b.yaml": b"two\n", "README.md": b"read\n"}


class Repository:
    """A bare repository, and a clone in which people work."""

    def __init__(self, place: Path) -> None:
        self.bare, self.work = place / "bare.git", place / "work"
        self.git("init", "-q", "--bare", "--initial-branch=main", str(self.bare), cwd=place)
        for key in ("receive.denyNonFastForwards", "receive.denyDeletes"):
            self.git("config", key, "true", cwd=self.bare)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        names = ["-c", "user.name=someone", "-c", "user.email=someone@example.org"]
        done = subprocess.run(
            ["git", *names, *arguments], cwd=cwd or self.work, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def seed(self, files: dict[str, bytes], *, check: bool = False) -> Outcome:
        return seed(Remote(str(self.bare)), files, "seeded", check=check)

    def head(self, branch: str = "main") -> str:
        return self.git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", cwd=self.bare)

    def push(self, content: str) -> None:
        """Somebody changes a file of main."""
        if not self.work.exists():
            self.git("clone", "-q", str(self.bare), str(self.work), cwd=self.bare.parent)
        self.git("pull", "-q", "--ff-only")
        (self.work / "a/b.yaml").write_text(content)
        self.git("commit", "-q", "-a", "-m", "by hand")
        self.git("push", "-q", "origin", "main")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty repository."""
    return Repository(tmp_path)


def test_an_empty_repository_is_seeded_once(repository: Repository) -> None:
    first = repository.seed(ONE)
    assert first.changed
    assert "+one" in first.diff
    assert repository.head() == repository.head("platform") == first.main
    assert repository.git("show", "main:a/b.yaml", cwd=repository.bare) == "one"
    assert repository.seed(ONE) == Outcome(False, first.main, first.main)


def test_a_change_is_a_fast_forward(repository: Repository) -> None:
    first, second = repository.seed(ONE), repository.seed(TWO)
    assert second.changed
    assert repository.git("rev-list", "--parents", "-1", "main", cwd=repository.bare).split() == [
        second.main,
        first.main,
    ]


def test_a_file_that_is_gone_goes(repository: Repository) -> None:
    repository.seed(ONE)
    repository.seed({"README.md": b"read\n"})
    assert repository.git("ls-tree", "-r", "--name-only", "main", cwd=repository.bare) == "README.md"


def test_check_mode_tells_and_pushes_nothing(repository: Repository) -> None:
    told = repository.seed(ONE, check=True)
    assert told.changed
    assert "+one" in told.diff
    assert not repository.head()


def test_what_people_pushed_stays_while_the_platform_declares_the_same(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("by hand\n")
    head = repository.head()
    told = repository.seed(ONE)
    assert not told.changed
    assert not told.diverged
    assert repository.head() == head == told.main


def test_divergence_is_told_and_nothing_overwritten(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("by hand\n")
    head = repository.head()
    told = repository.seed(TWO)
    assert told.diverged
    assert repository.head() == head
    assert head in told.message
    assert repository.head("platform") in told.message
    again = repository.seed(TWO)
    assert again.diverged
    assert not again.changed


def test_a_merge_ends_the_divergence(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("by hand\n")
    repository.seed(TWO)
    repository.git("fetch", "-q")
    repository.git("merge", "-q", "-X", "theirs", "-m", "merged", "origin/platform")
    repository.git("push", "-q", "origin", "main")
    told = repository.seed(TWO)
    assert not told.diverged
    assert not told.changed


def test_what_people_took_back_is_no_divergence(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("by hand\n")
    repository.push("one\n")
    told = repository.seed(TWO)
    assert told.changed
    assert not told.diverged
    assert repository.head() == told.main


def test_after_a_divergence_both_go_on_once_they_say_the_same(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("by hand\n")
    assert repository.seed(TWO).diverged
    repository.push("two\n")
    assert not repository.seed(TWO).diverged
    told = repository.seed(ONE)
    assert told.changed
    assert not told.diverged
    assert repository.head() == repository.head("platform") == told.main
    assert len(repository.git("rev-list", "--parents", "-1", "main", cwd=repository.bare).split()) == 3


def test_the_platform_follows_people_who_say_what_it_wants(repository: Repository) -> None:
    repository.seed(ONE)
    repository.push("two\n")
    told = repository.seed(TWO)
    assert told.changed
    assert repository.head() == repository.head("platform") == told.main


def test_a_repository_of_others_is_left_alone(repository: Repository) -> None:
    repository.git("clone", "-q", str(repository.bare), str(repository.work), cwd=repository.bare.parent)
    (repository.work / "theirs").write_text("x")
    repository.git("add", "theirs")
    repository.git("commit", "-q", "-m", "theirs")
    repository.git("push", "-q", "origin", "HEAD:main")
    head = repository.head()
    assert repository.seed(ONE).diverged
    assert repository.head() == head


def test_errors_name_the_cause(tmp_path: Path, repository: Repository) -> None:
    with pytest.raises(DeliveryError, match="git fetch"):
        seed(Remote(str(tmp_path / "none")), ONE, "seeded")
    with pytest.raises(DeliveryError, match="install Debian's package git"):
        seed(Remote(str(repository.bare)), ONE, "seeded", git=str(tmp_path / "git"))
    with pytest.raises(DeliveryError, match="no files"):
        repository.seed({})


def test_credentials_come_by_the_environment() -> None:
    remote = Remote("https://example.org/x", "operator", "secret", "/ca.crt")
    assert "secret" not in repr(remote)
    settings = remote.settings()
    assert settings["http.extraHeader"] == "Authorization: Basic b3BlcmF0b3I6c2VjcmV0"
    assert settings["http.sslCAInfo"] == "/ca.crt"
