"""What a row says that is computed from more than one answer."""

from types import SimpleNamespace

import pytest

from fixtures.describe import built_before, describe_artifact, describe_ceiling_share, share_left


class Row:
    def __init__(self):
        self.measurements, self.absent, self.artifact = {"latency": SimpleNamespace(value=0.5)}, {}, {}
        self.audit = {"facts": {"dtype": "float32"}}

    def add(self, name, value, unit, direction, role, n=1, **more):
        self.measurements[name] = SimpleNamespace(value=value, n=n, **more)


def artifact(*entries):
    return SimpleNamespace(
        lineage=({"deflated_bytes": 1}, *entries), key="k", format="torch", size_bytes=9, files=(), attributes={}
    )


def changed(before, after):
    return {"evidence": {"changed": {"flops_before": before, "flops": after, "matrix_parameters": 1}}}


def test_a_smaller_architecture_is_held_to_the_operations_that_it_has():
    half_of_half = artifact(changed(100, 50), {"evidence": {}}, changed(40, 20))
    assert share_left(half_of_half) == 0.25
    row = Row()
    describe_ceiling_share(row, half_of_half, {"per_sample": 1000}, {"fp32_flops": 1e3})
    assert row.measurements["flops"].value == 250
    assert "of this model" in row.measurements["flops"].note
    assert row.measurements["ceiling_share"].value == pytest.approx(250 / 0.5 / 1e3)


def test_an_unknown_ceiling_or_count_is_no_share():
    row = Row()
    describe_ceiling_share(row, artifact(), {"per_sample": 1000}, {"bf16_flops": 1e3})
    assert "no float32 ceiling" in row.absent["ceiling_share"]
    describe_ceiling_share(row, artifact(), {"per_sample": 1000}, {"reason": "killed"})
    assert row.absent["ceiling_share"] == "killed"
    uncounted = Row()
    describe_ceiling_share(uncounted, artifact(), {"reason": "each clip decides"}, {"fp32_flops": 1e3})
    assert uncounted.absent == {"flops": "each clip decides", "ceiling_share": "each clip decides"}
    assert "flops" not in uncounted.measurements


def test_seconds_of_a_build_that_another_run_did_say_so():
    step = {
        "seconds": 3.0, "peak_ram_bytes": 5, "calibration_samples": 0, "deflated_bytes": 7,
        "built": {"machine": "desk", "threads": 2, "at": "2026-01-02T03:04:05+00:00"},
    }  # fmt: skip
    before, now = "2026-01-02T03:04:05+00:00", "2026-01-03T00:00:00+00:00"
    for since, said in ((before, ""), (now, f"from the cache: built {before} on desk with 2 threads")):
        row = Row()
        describe_artifact(row, artifact(step), since)
        assert row.measurements["build_time"].note == row.measurements["build_peak_ram"].note == said
    new = {**step, "built": {"machine": "here", "threads": 1, "at": now}}
    assert built_before([step, new], now) == f"1 of 2 steps from the cache: built {before} on desk with 2 threads"
