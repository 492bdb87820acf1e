"""Below the table stands what each step of a longer pipeline contributed."""

from reports.record import Measurement, Record
from reports.stages import stages


def record(method, steps, f1, run="r", status="measured"):
    lineage = [{"step": name, "params": params, "bytes": size} for name, params, size in steps]
    return Record(
        task="token-classification",
        model="m",
        method=method,
        device="cpu",
        status=status,
        reason="" if status == "measured" else "no such package",
        run_id=run,
        environment={},
        measurements={"f1_entity": Measurement(f1, "1", "higher", "quality", 10, primary=True)} if status == "measured" else {},
        artifact={"lineage": lineage, "bytes": steps[-1][2]},
    )


ORIGINAL = ("original", {}, 12_000_000)
PRUNED = ("prune50", {"zeros": 0.5}, 12_000_000)
CLUSTERED = ("cluster16", {"centroids": 16}, 1_500_000)


def test_bytes_come_from_the_lineage_and_quality_from_the_row_that_ends_there():
    rows = [
        record("original", [ORIGINAL], 0.95),
        record("prune50", [ORIGINAL, PRUNED], 0.94),
        record("prune50+cluster16", [ORIGINAL, PRUNED, CLUSTERED], 0.93),
    ]
    (line,) = stages(rows, "en")
    assert line == (
        "Stages, m, prune50+cluster16: original (12.00 MB, F1 entity 0.950) → prune50 (12.00 MB, F1 entity 0.940) → "
        "cluster16 (1.50 MB, F1 entity 0.930)"
    )


def test_a_step_with_other_parameters_or_of_another_run_is_not_that_stage():
    other = ("prune50", {"zeros": 0.4}, 12_000_000)
    rows = [
        record("prune50", [ORIGINAL, other], 0.94),
        record("prune50", [ORIGINAL, PRUNED], 0.94, run="other"),
        record("prune50+cluster16", [ORIGINAL, PRUNED, CLUSTERED], 0.93),
    ]
    (line,) = stages(rows, "en")
    assert "prune50 (12.00 MB, no row of its own)" in line


def test_short_pipelines_and_rows_that_failed_have_no_stages():
    rows = [
        record("cluster16", [ORIGINAL, CLUSTERED], 0.93),
        record("prune50+cluster16", [ORIGINAL, PRUNED, CLUSTERED], 0, status="unavailable"),
    ]
    assert list(stages(rows, "en")) == []
