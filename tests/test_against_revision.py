"""Which revisions can be compared with, and that a worktree never outlives its use."""

import os
import subprocess

import pytest

from fixtures.against_revision import NotComparable, remove_abandoned, resolve, working_tree, worktree
from fixtures.errors import UsageError
from fixtures.worker.protocol import VERSION

OUR_PROTOCOL = f"VERSION = {VERSION}\n"


def git(root, *arguments):
    names = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", str(root), *names, *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def root(tmp_path):
    """Three commits: before the protocol, another version of it, this version (the branch `main`)."""
    root = tmp_path / "checkout"
    (root / "fixtures" / "worker").mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(root))
    for tag, text in (("early", None), ("other", "VERSION = 999\n"), ("ours", OUR_PROTOCOL)):
        (root / "file.py").write_text(tag)
        if text:
            (root / "fixtures" / "worker" / "protocol.py").write_text(text)
        git(root, "add", ".")
        git(root, "commit", "-q", "-m", tag)
        git(root, "tag", tag)
    return root


def entries(root):
    return git(root, "worktree", "list").count("\n") + 1


@pytest.mark.parametrize("asked", ["nowhere", "--help", "HEAD~99", "", "HEAD:file.py"])
def test_a_revision_that_does_not_exist_is_a_usage_error(root, asked):
    with pytest.raises(UsageError, match=r"no such commit; a shallow clone needs"):
        resolve(root, asked)


def test_a_folder_that_is_no_checkout_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="which is no git checkout"):
        resolve(tmp_path, "HEAD")


def test_a_revision_before_the_protocol_cannot_be_compared(root):
    with pytest.raises(NotComparable, match="predates the worker protocol"):
        resolve(root, "early")


def test_a_revision_of_another_protocol_names_both_versions(root):
    with pytest.raises(NotComparable, match=f"speak protocol 999, this checkout's {VERSION}"):
        resolve(root, "other")


def test_only_the_same_code_makes_a_self_test(root):
    assert resolve(root, "HEAD").same_code
    (root / "new.py").write_text("")  # an untracked method file runs too
    assert not resolve(root, "HEAD").same_code
    (root / "new.py").unlink()
    (root / "file.py").write_text("edited")
    assert not resolve(root, "ours").same_code


def test_a_dirty_working_tree_is_said(root):
    assert "uncommitted" not in working_tree(root)
    (root / "file.py").write_text("edited")
    assert working_tree(root).endswith("with 1 uncommitted change, measured as they are")


def test_the_worktree_holds_the_revision_and_is_gone_afterwards(root, tmp_path):
    revision = resolve(root, "HEAD")
    (root / "file.py").write_text("edited")
    with worktree(root, revision, tmp_path / "cache", os.getpid()) as place:
        assert (place / "file.py").read_text() == "ours"
        assert entries(root) == 2
    assert not place.exists()
    assert entries(root) == 1
    assert (root / "file.py").read_text() == "edited"
    assert git(root, "status", "--porcelain") == "M file.py"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_worktree_is_gone_after_an_interruption(root, tmp_path, error):
    with pytest.raises(error), worktree(root, resolve(root, "HEAD"), tmp_path / "cache", os.getpid()) as place:
        raise error
    assert not place.exists()
    assert entries(root) == 1


def test_a_worktree_whose_folder_somebody_removed_leaves_no_entry(root, tmp_path):
    import shutil

    with worktree(root, resolve(root, "HEAD"), tmp_path / "cache", os.getpid()) as place:
        shutil.rmtree(place)
    assert entries(root) == 1


def test_what_a_killed_run_left_is_removed_and_a_live_run_is_left_alone(root, tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    folder = tmp_path / "cache" / "against"
    folder.mkdir(parents=True)
    dead, live = folder / f"abc-{gone.pid}", folder / f"abc-{os.getpid()}"
    for place in (dead, live):
        git(root, "worktree", "add", "--detach", str(place), "HEAD")
    remove_abandoned(root, folder)
    assert not dead.exists()
    assert live.exists()
    assert entries(root) == 2


def test_hooks_of_the_checkout_do_not_run(root, tmp_path):
    hook = root / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    with worktree(root, resolve(root, "HEAD"), tmp_path / "cache", os.getpid()):
        pass
    assert not (tmp_path / "ran").exists()
