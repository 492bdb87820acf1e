"""The cache: built once, never half-written, shared by runs, limited in size."""

import errno
import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path

import pytest

from fixtures.artifact import MANIFEST, finish, open_artifact
from fixtures.cache import Cache, DiskFull, parse_bytes
from fixtures.cache.__main__ import main
from fixtures.errors import ArtifactCorrupted, BenchmarkError, Unsupported, UsageError


def writes(content=b"x" * 1000, key="k"):
    def build(directory):
        (directory / "model.safetensors").write_bytes(content)
        (directory / "tokenizer.json").write_bytes(b"{}")
        finish(directory, key, "torch", {"dtype": "float32"}, [{"step": "original"}])

    return build


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path, 10**9)


def test_an_artifact_is_built_once_and_found_again(cache, tmp_path):
    first, built = cache.get_or_build("k", writes())
    assert built
    again, built = Cache(tmp_path, 10**9).get_or_build("k", lambda directory: pytest.fail("built twice"))
    assert not built
    assert again == first
    assert first.attributes == {"dtype": "float32"}


def test_size_is_the_sum_of_the_files_that_the_runtime_loads(cache):
    artifact, _ = cache.get_or_build("k", writes(b"y" * 12345))
    # 12345 bytes of weights; the tokenizer and the manifest are not loaded by the runtime
    assert artifact.size_bytes == 12345


@pytest.mark.parametrize("damage", ["truncate", "change", "remove"])
def test_a_corrupted_entry_is_noticed_and_built_again(cache, tmp_path, damage):
    path = cache.get_or_build("k", writes())[0].path / "model.safetensors"
    if damage == "truncate":
        path.write_bytes(b"x" * 10)
    elif damage == "change":
        path.write_bytes(b"z" * 1000)
    else:
        path.unlink()
    fresh = Cache(tmp_path, 10**9)
    artifact, built = fresh.get_or_build("k", writes())
    assert built
    assert (artifact.path / "model.safetensors").read_bytes() == b"x" * 1000
    assert "corrupted and built again" in fresh.notes[0]


def test_a_truncated_manifest_is_noticed_and_built_again(cache, tmp_path):
    path = cache.get_or_build("k", writes())[0].path
    (path / MANIFEST).write_text('{"key": "k", "fil')
    assert Cache(tmp_path, 10**9).get_or_build("k", writes())[1]


def test_files_without_a_manifest_do_not_block_their_key(cache):
    left = cache.place("k") / "deep"
    left.mkdir(parents=True)
    (left / "model.safetensors").write_bytes(b"half")
    artifact, built = cache.get_or_build("k", writes())
    assert built
    assert not left.exists()
    assert (artifact.path / "model.safetensors").read_bytes() == b"x" * 1000


def test_a_removal_that_is_cut_short_leaves_no_half_entry(cache, tmp_path, monkeypatch):
    cache.get_or_build("k", writes())
    other = Cache(tmp_path, 10**9)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *args, **kwargs: None)  # killed before any file is gone
        other.prune(0)
    assert not cache.place("k").exists()
    assert [entry.name for entry in (tmp_path / "building").iterdir()] == [f"removed-k-{os.getpid()}"]
    assert other.get_or_build("k", writes())[1]
    other.prune(0)


def test_a_build_that_fails_leaves_nothing_behind(cache, tmp_path):
    def build(directory):
        (directory / "half.bin").write_bytes(b"1")
        raise BenchmarkError("broke")

    with pytest.raises(BenchmarkError, match="broke"):
        cache.get_or_build("k", build)
    assert not cache.has("k")
    assert list((tmp_path / "building").iterdir()) == []


def test_an_interrupt_leaves_nothing_behind_either(cache, tmp_path):
    def build(directory):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_build("k", build)
    assert list((tmp_path / "building").iterdir()) == []


def test_what_a_killed_build_left_is_removed_by_the_next(cache, tmp_path):
    left = [tmp_path / "building" / name for name in ("other-4194305", "k-7", "removed-other-8")]
    for folder in left:
        folder.mkdir(parents=True)
    running = tmp_path / "building" / "running-7"
    running.mkdir()
    with Cache(tmp_path, 10**9)._lock("running"):  # who builds holds the lock of the key, in whatever container
        cache.get_or_build("k", writes())
    assert not any(folder.exists() for folder in left)
    assert running.exists()


def test_a_refusal_is_remembered_with_its_reason(cache, tmp_path):
    def build(directory):
        raise Unsupported("12 % of the parameter bytes are in Linear layers")

    with pytest.raises(Unsupported):
        cache.get_or_build("k", build)
    with pytest.raises(Unsupported, match="12 %"):
        Cache(tmp_path, 10**9).get_or_build("k", lambda directory: pytest.fail("tried twice"))
    # Another way of judging may find otherwise, and so may a user who empties the cache.
    assert Cache(tmp_path, 10**9, judged_by="other probes").get_or_build("k", writes())[1]
    shutil.rmtree(tmp_path / "artifacts")
    assert main(["prune", "--cache-dir", str(tmp_path)]) == 0
    assert Cache(tmp_path, 10**9).get_or_build("k", writes())[1]


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), BenchmarkError("OSError: No space left on device")]
)
def test_a_full_disk_is_one_clear_error(cache, tmp_path, error):
    def build(directory):
        raise error

    with pytest.raises(DiskFull, match="disk is full.*prune.*--cache-dir"):
        cache.get_or_build("k", build)
    assert list((tmp_path / "building").iterdir()) == []


def slow_build(directory, tmp_path, counter):
    cache = Cache(tmp_path, 10**9)

    def build(into):
        with counter.get_lock():
            counter.value += 1
        time.sleep(0.3)
        writes()(into)

    cache.get_or_build("shared", build)


def test_two_runs_that_share_a_cache_build_once(tmp_path):
    context = multiprocessing.get_context("fork")
    counter = context.Value("i", 0)
    runs = [context.Process(target=slow_build, args=(None, tmp_path, counter)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert counter.value == 1


def test_prune_removes_what_was_unused_for_longest_and_spares_what_is_in_use(tmp_path):
    writer = Cache(tmp_path, 10**9)
    for index, key in enumerate(("old", "middle", "new")):
        writer.get_or_build(key, writes(key=key))
        os.utime(writer.place(key), (1000 + index, 1000 + index))
    user = Cache(tmp_path, 10**9)
    user.get_or_build("old", writes())
    os.utime(user.place("old"), (1, 1))
    one = (user.entries()[0][1]) + 10
    user.prune(2 * one)
    assert sorted(key for _, _, key in user.entries()) == ["new", "old"]


def test_an_automatic_prune_spares_what_another_run_uses_however_long_it_takes(tmp_path):
    theirs, mine = Cache(tmp_path, 10**9), Cache(tmp_path, 0)
    theirs.get_or_build("before", writes(key="before"))
    with theirs.used():
        theirs.get_or_build("theirs", writes(key="theirs"))
        os.utime(theirs.place("theirs"), (1, 1))
        mine.get_or_build("mine", writes(key="mine"))
        assert [key for _, _, key in mine.entries()] == ["theirs", "mine"]
    Cache(tmp_path, 0).get_or_build("last", writes(key="last"))
    assert [key for _, _, key in mine.entries()] == ["last"]


def run_and_die(directory):
    cache = Cache(directory, 10**9)
    with cache.used():
        cache.get_or_build("theirs", writes(key="theirs"))
        os._exit(1)


def test_a_run_that_was_killed_uses_nothing(tmp_path):
    killed = multiprocessing.get_context("fork").Process(target=run_and_die, args=(tmp_path,))
    killed.start()
    killed.join()
    assert list((tmp_path / "runs").iterdir()) != []
    assert main(["prune", "--limit", "0", "--cache-dir", str(tmp_path)]) == 0
    assert not Cache(tmp_path, 0).has("theirs")
    assert list((tmp_path / "runs").iterdir()) == []


def test_an_entry_that_somebody_is_opening_is_not_removed(tmp_path):
    cache = Cache(tmp_path, 10**9)
    cache.get_or_build("k", writes())
    with cache._lock("k"):
        Cache(tmp_path, 0).prune(0)
    assert cache.has("k")


def test_an_entry_that_no_longer_holds_is_built_again_under_its_key(cache):
    cache.get_or_build("k", writes(b"old"))
    found, built = cache.get_or_build("k", writes(b"new"), outdated=lambda artifact: "its source changed")
    assert built
    assert (found.path / "model.safetensors").read_bytes() == b"new"


def test_what_another_run_uses_is_not_replaced_under_it(tmp_path):
    theirs, mine = Cache(tmp_path, 10**9), Cache(tmp_path, 10**9)
    with theirs.used(), mine.used():
        theirs.get_or_build("k", writes(b"old"))
        with pytest.raises(UsageError, match=f"labels.json changed while process {os.getpid()} measures.*--cache-dir"):
            mine.get_or_build("k", writes(b"new"), outdated=lambda artifact: "labels.json")
        assert (theirs.place("k") / "model.safetensors").read_bytes() == b"old"
    with mine.used():  # nobody else any more
        assert mine.get_or_build("k", writes(b"new"), outdated=lambda artifact: "labels.json")[1]


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="artifacts cannot be kept in .*file/cache .*--cache-dir"):
        Cache(tmp_path / "file" / "cache", 0).check_writable()


def test_the_command_prints_and_prunes(tmp_path, capsys):
    Cache(tmp_path, 10**9).get_or_build("k", writes())
    assert main(["info", "--cache-dir", str(tmp_path)]) == 0
    assert "1 artifacts" in capsys.readouterr().out
    main(["prune", "--limit", "0", "--cache-dir", str(tmp_path)])
    assert "0 artifacts" in capsys.readouterr().out


def test_sizes_are_read_with_their_unit():
    assert [parse_bytes(text) for text in ("0", "5GB", "1.5 MB", "10B", "20G", "7k")] == [
        0,
        5 * 10**9,
        1_500_000,
        10,
        20 * 10**9,
        7000,
    ]
    with pytest.raises(UsageError, match="not a size"):
        parse_bytes("five")


def test_a_link_is_no_part_of_an_artifact(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"1")
    (tmp_path / "again.bin").symlink_to(tmp_path / "model.bin")
    with pytest.raises(ArtifactCorrupted, match="real files only"):
        finish(tmp_path, "k", "torch", {}, [])


def test_a_manifest_of_an_unknown_shape_is_corruption(tmp_path):
    (tmp_path / MANIFEST).write_text(json.dumps({"key": 1}))
    with pytest.raises(ArtifactCorrupted, match="no readable manifest"):
        open_artifact(Path(tmp_path))


def test_a_cache_that_a_run_uses_is_not_pruned_under_it(cache, tmp_path, capsys):
    cache.get_or_build("k", writes())
    with cache.used(), pytest.raises(SystemExit) as refused:
        main(["prune", "--limit", "0", "--cache-dir", str(tmp_path)])
    assert refused.value.code == 2
    assert f"process {os.getpid()} is measuring" in capsys.readouterr().err
    assert cache.has("k")
    assert main(["prune", "--limit", "0", "--cache-dir", str(tmp_path)]) == 0
    assert not cache.has("k")
