"""The linter on the published tables (`tests/samples/published.md`: their authors' figures) and on tables broken on purpose."""

import pytest

from reports.lint import lint
from reports.lint_read import tables
from tests.samples.build import SAMPLES

PUBLISHED = (SAMPLES / "published.md").read_text(encoding="utf-8")
HEADERS = "| Model | Method | Size (MB) | Time (CPU, ms), n=100 | Time (GPU, ms) | RAM (MB) | VRAM (MB) | Quality (F1) |\n"
HEAD = HEADERS + "|---" * 8 + "|\n"
CLEAN = "| m | original | 100.13 | 10.3 ± 0.2 (Example CPU) | 2.1 ± 0.1 (Example GPU) | 220.7 | 180.2 | 0.912 ± 0.004 F1 |\n"


def rules(rows, head=HEAD):
    return [finding.rule for finding in lint(head + rows)]


def test_the_published_cells_are_read_into_typed_values():
    image, bert, fish, whisper = tables(PUBLISHED)
    assert image.rows[0].cells["size"].first.value == 185.75e6
    assert [(v.label, v.value) for v in image.rows[0].cells["quality"].values] == [
        ("precision", 0.8474), ("recall", 0.8342), ("f1-score", 0.8239)]  # fmt: skip
    gpu = bert.rows[0].cells["gpu"].first
    assert (gpu.value, gpu.unit, gpu.note) == (pytest.approx(0.0319), "s", "Tesla T4")
    assert bert.rows[0].cells["size"].first.value == pytest.approx(1.33e9)
    assert bert.rows[0].cells["quality"].first.value == pytest.approx(0.828)
    speed = fish.rows[0].cells["cpu"].first
    assert (speed.value, speed.spread, speed.unit) == (0.42, 0.0005, "1/s")
    metrics = fish.rows[0].cells["quality"].values
    assert len(metrics) == 7
    assert (metrics[-1].label, metrics[-1].value, metrics[-1].spread) == ("WER", 0.031, 0.028)
    # Bold, and units in the header only.
    assert whisper.rows[0].cells["gpu"].first.value == 0.431
    assert whisper.rows[1].cells["size"].first.value == 2782e6


def test_the_findings_on_the_published_tables_are_these():
    found = sorted((f.line, f.rule) for f in lint(PUBLISHED) if f.rule not in ("no-spread", "no-n", "unnamed-hardware"))
    assert found == [
        (3, "unit-spelling"), (3, "unit-spelling"),
        (6, "identical-quality"),
        (11, "unit-spelling"), (11, "unit-spelling"), (11, "unit-spelling"),
        (13, "copied-memory"), (13, "mixed-units"), (13, "mixed-units"), (13, "other-metric"),
        (14, "blank"), (14, "copied-memory"), (14, "identical-quality"), (14, "mixed-units"), (14, "mixed-units"), (14, "other-metric"),
        (18, "unit-spelling"), (18, "unit-spelling"), (18, "unit-spelling"),
        (20, "copied-memory"),
        (26, "size-over-ram"),
        (27, "slow-gpu"),
    ]  # fmt: skip
    general = [(f.line, f.rule, f.mistake) for f in lint(PUBLISHED) if f.rule in ("no-spread", "no-n", "unnamed-hardware")]
    assert [g for g in general if g[0] == 18] == [
        (18, "no-n", "M26"),
        (18, "unnamed-hardware", "M33"),
    ]  # FishSpeech gives its spread
    assert {g[1] for g in general if g[0] == 3} == {"no-spread", "no-n", "unnamed-hardware"}


def test_a_table_without_mistakes_has_no_findings():
    other = "| m | onnx | 99.87 | 8.1 ± 0.3 (Example CPU) | 1.9 ± 0.1 (Example GPU) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |\n"
    assert rules(CLEAN + other) == []


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ("| m | int8 | 25.03 | 8.1 ± 0.3 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "computed-size"),
        ("| m | int8 | 26.91 | 10.3 ± 0.2 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "identical-time"),
        ("| m | int8 | 26.91 | 8.1 ± 0.3 (x) | 1.9 ± 0.1 (x) | 26.91 | 171.9 | 0.911 ± 0.004 F1 |", "copied-memory"),
        ("| m | L1 pruning | 99.91 | 4.1 ± 0.3 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "impossible-speed"),
        ("| m | int8 | 26.91 | 0.1 ± 0.01 (x) | 0.05 ± 0.01 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "impossible-speed"),
        ("| m | int8 | 26.91 GB | 8.1 ± 0.3 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "mixed-units"),
        ("| m | int8 | 26.91 | -8.1 ± 0.3 (x) | -9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "negative"),
        ("| m | int8 | 26.91 | fast | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "unreadable"),
        ("| m | int8 | 26.91 | 8.1 ± 0.3 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 |", "ragged"),
        ("| m | int8 | 26.91 | 8.1 (x) | 1.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "no-spread"),
        ("| m | int8 | 26.91 | 8.1 ± 0.3 (x) | 9.9 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |", "slow-gpu"),
    ],
)  # fmt: skip
def test_each_mistake_made_on_purpose_is_found(cells, rule):
    assert rule in rules(CLEAN + cells + "\n")


def test_what_a_method_can_give_is_not_flagged():
    pruned = "| m | L1 pruning | 99.91 | 9.9 ± 0.3 (x) | 2.0 ± 0.1 (x) | 210.3 | 171.9 | 0.911 ± 0.004 F1 |\n"
    assert "impossible-speed" not in rules(CLEAN + pruned)


def test_other_tables_and_plain_text_are_no_results():
    assert lint("| a | b |\n|---|---|\n| 1 | 2 |\n\nno table") == []
