"""Finished figures: what is in the SVG, where the marks stand, and that nothing overlaps or is cut."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from reports import plots
from reports.plots import history, latency, memory, quality, speed_bars, style
from reports.plots.facets import ROWS_SHOWN, facets
from reports.record import Measurement
from tests.reports.plots.rows import made, rows
from tests.samples.build import desk, rack, row

ROOT = Path(__file__).parents[3]
KINDS = ("quality-time", "quality-size", "speedup", "memory", "latency")


@pytest.fixture(scope="module")
def figures():
    return {figure.slug.removesuffix("-vit-cpu"): figure for figure in plots.figures(rows())}


def drawn(plot, records, lang="en"):
    """matplotlib's figure of one plot, laid out."""
    with mpl.rc_context(dict(style.RC)):
        found = plot(facets(records, lang)[0], lang)
        FigureCanvasAgg(found.figure)
        found.figure.draw_without_rendering()
    return found


def unseen_ticks(figure):
    """matplotlib keeps labels of ticks beyond an axis and does not draw them."""
    axes = [axis for each in figure.axes for axis in (each.xaxis, each.yaxis)]
    ticks = [(tick, sorted(axis.get_view_interval())) for axis in axes for tick in axis.get_major_ticks()]
    return {label for tick, (low, high) in ticks if not low <= tick.get_loc() <= high for label in (tick.label1, tick.label2)}


def words(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text") if element.text]


def test_there_is_a_figure_of_each_kind(figures):
    assert tuple(figures) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_figure_names_its_title_and_every_measured_row_in_words(figures, kind):
    found = figures[kind]
    texts = words(found.svg)
    assert found.title in texts
    for method in ("quick", "small", "bulky", "ruined"):
        assert any(method in text for text in texts), method
        assert method in found.description or kind.startswith("quality")


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_without_the_number_is_named_with_its_reason(figures, kind):
    text = "Not shown: broken (INT8 was asked for and nothing is int8)."
    assert text in figures[kind].description
    assert text in " ".join(words(figures[kind].svg))


def test_a_measured_row_without_pairs_or_quality_says_so():
    records = [*rows(), made("untimed", 1.0, 5e6, 0.9, times=None, absent={"latency": "timing is disabled"})]
    records.append(replace(made("unscored", 1.0, 5e6, 0.9), absent={"f1_macro": "no labels"}))
    records[-1] = replace(records[-1], measurements={k: m for k, m in records[-1].measurements.items() if m.role != "quality"})
    text = " ".join(words(next(f for f in plots.figures(records) if f.slug.startswith("quality-time")).svg))
    assert "untimed (timing is disabled)" in text
    assert "unscored (no labels)" in text


def test_the_same_records_give_the_same_bytes(figures):
    again = plots.figures(rows())
    assert [f.svg for f in again] == [f.svg for f in figures.values()]


def test_a_figure_is_one_element_that_asks_for_nothing_from_outside(figures):
    for found in figures.values():
        assert found.svg.startswith("<svg ")
        assert set(re.findall(r"https?://[^\"' )<]+", found.svg)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }
        assert not re.search(r"(?:href|src)=\"(?!#)", found.svg)
        root = ElementTree.fromstring(found.svg)
        assert root.get("role") == "img"
        named = {element.get("id"): element.text for element in root}
        assert [named[key] for key in root.get("aria-labelledby").split()] == [found.title, found.description]


def test_figures_of_one_page_share_no_id_with_different_content(figures):
    seen = {}
    for found in plots.figures([*rows(), *desk(), *rack()]):
        for key, element in ((e.get("id"), e) for e in ElementTree.fromstring(found.svg).iter() if e.get("id")):
            assert key not in seen or seen[key] == ElementTree.tostring(element), (key, found.slug)
            seen[key] = ElementTree.tostring(element)


@pytest.mark.parametrize("plot", plots.PLOTS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_no_text_is_cut_at_the_figure_s_edge_or_covers_another(plot, lang):
    figure = drawn(plot, rows(), lang).figure
    renderer = figure.canvas.get_renderer()
    beyond = unseen_ticks(figure)
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in beyond]
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    edge = figure.bbox.padded(1)
    assert not [text for text, box in boxes if box.x0 < edge.x0 or box.x1 > edge.x1 or box.y0 < edge.y0 or box.y1 > edge.y1]
    for i, (text, box) in enumerate(boxes):
        # One pixel: descenders of neighbouring lines touch.
        over = [
            o
            for o, other in boxes[:i]
            if min(box.x1, other.x1) - max(box.x0, other.x0) > 1 and min(box.y1, other.y1) - max(box.y0, other.y0) > 1
        ]
        assert not over, (text, over)


def test_quality_stands_at_the_inverse_speed_up_with_its_paired_interval():
    facet = facets(rows(), "en")[0]
    of = quality.scale(facet, "en")
    points = {p.method: p for p in quality.points_of(facet, of, quality.time_share, "en")[0]}
    quick = points["quick"]
    assert quick.cost == pytest.approx(0.25, rel=0.01)  # four times as fast
    assert quick.cost_low < quick.cost < quick.cost_high
    # .9 - .01 - .02 and .9 - .01 + .01: the original's score plus the interval of the difference, not the row's own [.87, .905]
    assert (quick.worth.low, quick.worth.value, quick.worth.high) == pytest.approx((0.87, 0.89, 0.90))
    assert points["original"].worth.low == points["original"].worth.high
    assert [p.method for p in points.values() if p.edge] == ["ruined"]


def test_the_error_bars_are_drawn_where_the_intervals_are():
    axes = drawn(quality.against_time, rows()).figure.axes[0]
    segments = [s for bars in axes.containers for lines in bars[2] for s in lines.get_segments()]
    upright = [s for s in segments if s[0][0] == s[1][0] and s[0][0] == pytest.approx(0.25, rel=0.01)]
    assert [sorted(p[1] for p in s) for s in upright] == [pytest.approx([0.87, 0.90])]
    level = [s for s in segments if s[0][1] == s[1][1] == pytest.approx(0.89)]
    assert len(level) == 1
    assert level[0][0][0] < level[0][1][0]


def test_the_front_line_passes_through_the_front_derived_by_hand():
    # In time: quick (.25, .89), small (.5, .895), original (1, .9); ruined (.91, .2) is slower than quick and worse, bulky (2, .898) too.
    found = drawn(quality.against_time, rows())
    line = next(line for line in found.figure.axes[0].lines if line.get_gid() == "plot-front")
    ys = list(line.get_ydata())
    assert ys[1:4] == [0.89, 0.895, 0.9]
    assert re.match(
        r"On the Pareto front: quick \(0\.8900 at 0\.2(49|50)×\), small \(0\.8950 at 0\.(499|500)×\), original", found.description
    )
    # In size: small (2, .895), original (10, .9); quick (9, .89) is larger than small and worse.
    assert (
        "On the Pareto front: small (0.8950 at 2.00 MB), original (0.9000 at 10.00 MB)."
        in drawn(quality.against_size, rows()).description
    )


def test_an_error_rate_is_drawn_with_its_axis_downwards():
    def wer(method, speed, score):
        found = made(method, speed, 5e6, 0.9)
        kept = {k: m for k, m in found.measurements.items() if m.role != "quality"}
        return replace(
            found,
            measurements=kept | {"wer": Measurement(score, "1", "lower", "quality", 9, score - 0.01, score + 0.01, primary=True)},
        )

    found = drawn(quality.against_time, [wer("original", 1.0, 0.25), wer("worse", 2.0, 0.26), wer("best", 3.0, 0.24)])
    low, high = found.figure.axes[0].get_ylim()
    assert low > high
    assert found.description.startswith("On the Pareto front: best (0.2400 at")
    assert "original" not in found.description.split(".  ")[0].split(":")[1]


def test_without_labels_agreement_stands_for_quality_and_the_figure_says_so():
    agreed = Measurement(0.98, "1", "higher", "agreement", 512, 0.97, 0.99, primary=True)

    def twin(method, speed, more):
        kept = {k: m for k, m in made(method, speed, 5e6, 0.9).measurements.items() if m.role != "quality"}
        return replace(made(method, speed, 5e6, 0.9), measurements=kept | more, absent={"f1_macro": "random weights"})

    found = drawn(quality.against_size, [twin("original", 1.0, {}), twin("int8", 2.0, {"agreement_top1": agreed})])
    assert found.title.startswith("Agreement with the original against size")
    assert "there is no quality (random weights)" in found.description
    assert "int8 (98.00 % at 5.00 MB)" in found.description or "original (100.0 %" in found.description


def test_bars_run_from_one_to_the_ratio_and_their_whiskers_over_its_interval():
    axes = drawn(speed_bars.draw, rows()).figure.axes[0]
    bars = [patch for container in axes.containers for patch in getattr(container, "patches", [])]
    ends = sorted(round(bar.get_x() + bar.get_width(), 1) for bar in bars)
    assert ends == [0.5, 1.0, 1.1, 2.0, 4.0]
    assert all(1 in (pytest.approx(bar.get_x()), pytest.approx(bar.get_x() + bar.get_width())) for bar in bars)
    assert sum(len(lines.get_segments()) for c in axes.containers if hasattr(c, "has_xerr") for lines in c[2]) == 5
    margin = next(patch for patch in axes.patches if patch.get_gid() == "plot-margin")
    assert (margin.get_x(), margin.get_x() + margin.get_width()) == pytest.approx((1 / 1.02, 1.02))
    assert [list(line.get_xdata()) for line in axes.lines if line.get_gid() == "plot-one"] == [[1, 1]]


def test_memory_adds_up_to_the_peak_phase_by_phase():
    # imports 100; loading 150: 50 more; the first call ends at 140, below: nothing; timed 160: 10 more; the peak 200: 40 were freed again.
    parts = memory.stack(made("x", 1.0, 1e6, 0.9)).parts
    assert [round(part / 1e6) for part in parts.values()] == [100, 50, 0, 10, 40]
    assert list(parts) == ["imports", "load", "first_call", "steady", "transient"]


def test_quantiles_are_those_of_the_ordered_times():
    assert [latency.quantile([1.0, 2.0, 3.0, 5.0], q) for q in (0, 0.5, 1)] == [1.0, 2.5, 5.0]
    assert latency.samples(rows()[-1]) == ()


def test_machines_and_runs_never_meet_in_a_figure():
    found = facets([*desk(), *rack()], "en")
    keys = [{(r.environment["machine"], r.run_id, r.model, r.device) for r in facet.rows} for facet in found]
    assert all(len(key) == 1 for key in keys)
    assert len({facet.slug for facet in found}) == len(found)


def test_of_very_many_rows_the_first_are_shown_and_the_rest_are_counted():
    many = [made("original", 1.0, 1e6, 0.9), *(made(f"m{i:03}", 1.0 + i / 100, 1e6, 0.9) for i in range(60))]
    facet = facets(many, "en")[0]
    assert len(facet.rows) == ROWS_SHOWN
    assert facet.missing[-1][1].startswith("21 more rows")


def test_one_row_is_no_comparison():
    assert plots.figures([made("original", 1.0, 1e6, 0.9), row("vit", "x", status="failed", reason="broke")]) == []


def test_russian_figures_are_russian():
    for found in plots.figures(rows(), "ru"):
        assert re.search("[а-я]{5}", found.title), found.title
        assert "Не показаны: broken" in found.description
        assert not re.search(r"\b(the|of|added|better)\b", " ".join(words(found.svg)))


def test_history_draws_a_change_of_a_thousandth_as_one_and_writes_whole_numbers():
    runs = [replace(made("quick", 4.0, size, 0.89), run_id=f"2026-{i}") for i, size in enumerate((9.000e6, 9.009e6))]
    with mpl.rc_context(dict(style.RC)):
        figure = history.drawing(runs, "en").figure
        FigureCanvasAgg(figure)
        figure.draw_without_rendering()
    low, high = figure.axes[0].get_ylim()
    assert high - low >= 0.02 * 9.0
    assert all(axes.yaxis.get_offset_text().get_text() == "" for axes in figure.axes)


def test_a_short_log_axis_still_has_round_ticks():
    assert style.round_ticks(0.97, 1.06) == [0.98, 1.0, 1.02, 1.04, 1.06]
    assert style.round_ticks(0.2, 8.5) == [0.2, 0.5, 1.0, 2.0, 5.0]
    assert all(
        4 <= len(style.round_ticks(low, low * span)) <= 9 for low in (0.013, 0.9, 7.0, 400.0) for span in (1.03, 1.4, 3, 30, 900)
    )


def test_reports_import_matplotlib_only_to_draw():
    code = "import sys, reports.__main__, reports.plugin, reports.plots; print([n for n in ('matplotlib', 'numpy') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
