"""What the command line accepts, lists, and says about mistakes. No case is run."""

import json
import subprocess
import sys

import pytest

from tests.end_to_end.suite import ROOT, Suite


@pytest.fixture
def suite(tmp_path):
    return Suite(tmp_path, tmp_path / "cache")


def listed(run):
    return [line.split("[")[1].rstrip("]") for line in run.stdout.splitlines() if "::" in line]


def test_the_default_selection_has_both_tasks_devices_and_a_twin_each(suite):
    cases = listed(suite.run("--collect-only", "-q"))
    for case in (
        "digits-efficientvit:onnx:cpu",
        "entities-bert:cluster16:cuda",
        "efficientvit-b3-twin:bf16:cpu",
        "distilbert-twin:onnx:cpu",
    ):
        assert case in cases
    assert not any(case.startswith(("bert-large-ner", "tiny-")) for case in cases)


def test_the_original_comes_first_and_always(suite):
    cases = listed(suite.run("--collect-only", "-q", "--model", "tiny-text", "--method", "onnx*", "--device", "cpu"))
    assert cases[0] == "tiny-text:original:cpu"
    assert "tiny-text:onnx-int8-dynamic:cpu" in cases


def test_the_gpu_mark_selects_the_gpu_cases(suite):
    cases = listed(suite.run("--collect-only", "-q", "-m", "gpu", "--model", "tiny-*"))
    assert cases
    assert all(case.endswith(":cuda") for case in cases)


def test_listing_imports_no_ml_library(tmp_path):
    code = (
        "import sys, pytest; pytest.main(['benchmarks', '--collect-only', '-q', '-p', 'no:cacheprovider']);"
        "import json; print(json.dumps([m for m in ('torch', 'transformers', 'timm', 'onnx', 'onnxruntime', 'numpy', 'datasets',"
        " 'sklearn', 'rich') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "onx-int8-dynamic"], "unknown method 'onx-int8-dynamic'; did you mean onnx-int8-dynamic"),
        (["--model", "digits-eficientvit"], "unknown model 'digits-eficientvit'; did you mean digits-efficientvit"),
        (["--model", "Digits_EfficientViT"], "unknown model 'Digits_EfficientViT'; did you mean digits-efficientvit"),
        (["--model", "BERT"], "unknown model 'BERT'; did you mean "),
        (["--method", "prune50+onx"], "unknown method 'onx'; did you mean onnx"),
        (["--task", "image-clasification"], "unknown task 'image-clasification'; did you mean image-classification"),
        (["--device", "tpu"], "--device tpu: there is no such device; known are cpu, cuda"),
        (["--model", "./no/such/folder"], "./no/such/folder: no such folder, and not a hub id"),
        (["--model", "someone/some-model"], "name its task with --task, one of image-classification, language-modelling"),
        (["--model", "tiny-text", "--task", "image-classification"], "exclude each other"),
        (["--method", "cluster16+onnx"], "cluster16 gives"),
        (["--method", "onnx-int8-static@colour=red"], "has no parameter 'colour'"),
        (["--data", "labels.jsonl"], "labels.jsonl: no such file; name a JSON Lines or Parquet file"),
        (["--catalog", "missing.py"], "missing.py: no such file"),
        (["--threads", "0"], "--threads 0: expected a whole number of at least 1"),
        (["--env-workers", "hf"], "expected ENV=INTERPRETER"),
    ],
)
def test_a_mistake_is_one_clear_error_before_anything_runs(suite, arguments, said):
    done = suite.run(*arguments)
    assert done.returncode == 4
    errors = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(errors) == 1
    assert said in errors[0]


def test_a_column_that_the_data_lack_is_one_error_before_anything_runs(suite, tmp_path):
    mine = tmp_path / "mine.jsonl"
    mine.write_text('{"words of it": ["a"], "tags": ["O"]}\n', encoding="utf-8")
    done = suite.run("--model", "tiny-text", "--data", str(mine))
    assert done.returncode == 4
    assert f"{mine} line 1: no column 'tokens'; it has words of it, tags" in done.stderr
    assert len([line for line in done.stderr.splitlines() if line.strip()]) == 1


@pytest.mark.parametrize(
    ("limit", "cache", "said"),
    [
        ("20 apples", "cache", "COMPRESSION_CACHE_LIMIT: '20 apples' is not a size; write a number and one of B, K, M, G, T"),
        ("20G", "file/cache", "artifacts cannot be kept in"),
    ],
)
def test_a_cache_that_cannot_be_used_is_one_error_and_not_one_per_case(tmp_path, limit, cache, said):
    (tmp_path / "file").write_text("")
    suite = Suite(tmp_path, tmp_path / cache, environment={"COMPRESSION_CACHE_LIMIT": limit})
    done = suite.run("--model", "tiny-text", "--method", "onnx")
    assert done.returncode == 4
    assert [line for line in done.stderr.splitlines() if line.strip()] == [
        line for line in done.stderr.splitlines() if said in line
    ]


def test_a_folder_that_is_no_model_is_refused(suite, tmp_path):
    (tmp_path / "empty").mkdir()
    done = suite.run("--model", str(tmp_path / "empty"))
    assert done.returncode == 4
    assert "config.json" in done.stderr


def test_a_catalog_that_defines_nothing_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text("MODEL = 1\n")
    done = Suite(tmp_path, tmp_path / "cache", tmp_path / "mine.py").run()
    assert done.returncode == 4
    assert "defines none of MODELS, METHODS" in done.stderr


def test_a_catalog_that_repeats_a_name_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text("from fixtures.methods.original import METHODS\n")
    done = Suite(tmp_path, tmp_path / "cache", tmp_path / "mine.py").run()
    assert done.returncode == 4
    assert "original is registered twice" in done.stderr


def test_a_dry_run_estimates_time_and_disk_and_runs_nothing(suite, tmp_path):
    done = suite.run("--dry-run", "--model", "tiny-image", "--method", "onnx", "--device", "cpu")
    assert done.returncode == 0
    assert "tiny-image:onnx:cpu" in done.stdout
    assert "2 cases: about" in done.stdout
    assert "an estimate, nothing was run" in done.stdout
    assert not (tmp_path / "results").exists()
    assert not (tmp_path / "cache").exists()


def test_our_fixtures_package_wins_over_the_one_of_the_package_index():
    import fixtures

    assert fixtures.__file__ == str(ROOT / "fixtures" / "__init__.py")
