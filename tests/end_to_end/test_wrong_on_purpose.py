"""Published mistakes and real failures, each through the whole suite: the case fails or is corrected with a sentence that names it, and the
remaining cases go on."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from reports.speed import speedup
from tests.end_to_end.suite import Suite
from tests.end_to_end.wrong_catalog import NAP_S, leads_to_test, paths_in
from tests.end_to_end.wrong_catalog import __file__ as CATALOG

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrong")
    suite = Suite(folder, folder / "cache", Path(CATALOG))
    wrong = [
        f"--method={name}"
        for name in (
            "again",
            "naps",
            "hangs",
            "is-killed",
            "chatters",
            "answers-nan",
            "dies-once",
            "m*",
            "too-much*",
            "prune80",
            "onnx",
        )
    ]
    suite.done = suite.run("--model", "tiny-text", "--device", "cpu", "--case-timeout", "20", "--case-seconds", "2", *wrong)
    suite.rows = suite.records()
    return suite


def row(run, method):
    return run.rows[f"tiny-text:{method}:cpu"]


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("m05-reloads-original", "weights are zero|M5"),
        ("m06-other-model", "M6"),
        ("m10-duplicates", "pytorch_copy.safetensors.*never loaded .M10"),
        ("m11-masks-left", "pruning masks were left in"),
        ("m22-half-under-fp32", "stored as bfloat16.*M22"),
        ("m23-int8-that-did-nothing", "stored as int8.*M23"),
        ("m25-another-device", "it ran on cuda"),
        ("m33-other-threads", "asked were 1 threads, the runtime has 2"),
        ("m31-in-place", "changed the artifact that it reads"),
        ("hangs", "did not finish within 20 s"),
        ("is-killed", r"killed by SIGKILL .*had reached \d+ MB"),
        ("answers-nan", "NaN or infinite"),
        ("dies-once", "killed by SIGKILL"),
        ("too-much-calibration", "calibration asks for 1000000 samples"),
    ],
)
def test_it_fails_with_a_sentence_that_names_it(run, method, said):
    failed = row(run, method)
    assert failed.status == "failed", failed
    assert re.search(said, failed.reason), failed.reason
    assert "\n" not in failed.reason
    assert f"tiny-text:{method}:cpu" in run.done.stdout


def test_the_run_fails_but_every_case_has_a_row(run):
    assert run.done.returncode == 1
    assert row(run, "original").status == row(run, "onnx").status == row(run, "again").status == "measured"


def test_a_step_cannot_reach_the_test_split_m30(run):
    assert row(run, "m30-reads-test").reason == "test split reached from [] of 3 paths; calibration: 4"


@pytest.mark.parametrize("place", ["data/validation", "data", "."])
def test_the_search_of_m30_finds_a_path_that_leads_to_the_test_split(tmp_path, place):
    @dataclass
    class Context:
        given: dict

    (tmp_path / "data" / "test").mkdir(parents=True)
    (tmp_path / "data" / "test" / "groups.npy").touch()
    (tmp_path / "data" / "validation").mkdir()
    (tmp_path / "elsewhere").mkdir()
    found = list(paths_in(Context({"path": tmp_path / place, "other": [tmp_path / "elsewhere"]})))
    assert [path for path in found if leads_to_test(path)] == [tmp_path / place]


def test_the_original_under_another_name_is_neither_faster_nor_slower(run):
    again = speedup(row(run, "again"))
    assert again.verdict in ("same", "unsure")
    assert row(run, "again").measurements["agreement_top1"].value == 1.0


def test_a_call_of_known_length_is_read_within_one_percent_of_it(run):
    """A sleep overshoots by some .1 ms of the 50, and never undershoots: on a busy machine the soonest woken call tells."""
    latency = row(run, "naps").measurements["latency"]
    assert min(latency.samples) == pytest.approx(NAP_S, rel=0.01)
    assert latency.value >= NAP_S
    assert speedup(row(run, "naps")).verdict == "slower"


def test_a_trained_model_against_itself_is_neither_faster_nor_worse(tmp_path):
    """A/A with true quality: `again` is the original under another name, and the row `original` is timed against itself."""
    suite = Suite(tmp_path, tmp_path / "cache", Path(CATALOG))
    models = ("entities-bert", "digits-efficientvit")
    selection = [f"--model={model}" for model in models]
    done = suite.run(*selection, "--method", "again", "--device", "cpu", "--case-seconds", "3", timeout=600)
    assert done.returncode == 0, done.stdout
    rows = suite.records()
    assert set(rows) == {f"{model}:{method}:cpu" for model in models for method in ("original", "again")}
    for case, found in rows.items():
        paired = {name: m.paired["verdict"] for name, m in found.measurements.items() if m.paired}
        assert speedup(found).verdict in ("same", "unsure"), (case, speedup(found))
        assert set(paired.values()) == (set() if ":original:" in case else {"same"}), (case, paired)


def test_prints_of_a_library_do_not_disturb_a_case(run):
    assert row(run, "chatters").status == "measured"


def test_zeros_in_a_dense_file_save_no_byte_and_the_theory_stands_beside_m13(run):
    pruned, original = row(run, "prune80"), row(run, "original")
    assert pruned.measurements["size"].value == pytest.approx(original.measurements["size"].value, rel=0.01)
    assert pruned.measurements["theoretical_size"].value < 0.5 * pruned.measurements["size"].value
    assert pruned.measurements["deflated_size"].value < 0.6 * pruned.measurements["size"].value


def test_the_original_is_whole_again_after_a_step_changed_it(run):
    """m31 ran before prune80 and onnx were asked for it again in a second run."""
    done = run.run("--model", "tiny-text", "--device", "cpu", "--method", "again", "--case-seconds", "1")
    assert done.returncode == 0, done.stdout
    assert run.records()["tiny-text:again:cpu"].measurements["agreement_top1"].value == 1.0


def test_a_build_that_was_killed_half_way_left_no_artifact_and_the_next_run_resumes(run):
    def built():
        manifests = (run.cache / "artifacts").glob("*/manifest.json")
        return [path for path in manifests if json.loads(path.read_text())["lineage"][-1]["step"] == "die"]

    assert not built()
    assert [entry.name for entry in (run.cache / "building").iterdir() if entry.is_dir()] == []
    done = run.run("--model", "tiny-text", "--device", "cpu", "--method", "dies-once", "--case-seconds", "1")
    assert done.returncode == 0, done.stdout
    assert run.records()["tiny-text:dies-once:cpu"].status == "measured"
    assert len(built()) == 1


def test_a_models_own_failure_is_every_row_of_it_and_no_other(run):
    done = run.run(
        "--model", "tiny-gpt", "--model", "tiny-nowhere", "--model", "tiny-image", "--device", "cpu", "--method", "original"
    )
    rows = run.records()
    assert done.returncode == 1
    assert rows["tiny-gpt:original:cpu"].status == "failed"
    assert "labels.jsonl" in rows["tiny-nowhere:original:cpu"].reason
    assert rows["tiny-image:original:cpu"].status == "measured"


def test_ram_does_not_depend_on_what_ran_before_m17(run):
    """A worker is a fresh process: the tiny model costs the same alone and after another one."""
    run.run("--model", "tiny-text", "--device", "cpu", "--method", "original", "--case-seconds", "1")
    alone = run.records()["tiny-text:original:cpu"].measurements["ram"].value
    after = row(run, "again").measurements["ram"].value
    assert after == pytest.approx(alone, abs=2e6)
