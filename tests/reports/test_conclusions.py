"""The rules of the conclusions, each on rows that meet it and on rows that break it."""

from dataclasses import replace

from reports import recommend, render_markdown, render_terminal
from reports.conclusions import conclusions, dominates
from reports.conclusions_causes import causes
from reports.conclusions_choose import groups, loss
from reports.record import Measurement
from tests.samples.build import DESK, MB, RACK, desk, measurements, paired, pairs, quality, rack, row


def case(method, size=4.0, speed=1.0, ram=40.0, change=0.0, spread=0.002, verdict="same", **fields):
    """A row of model `m`: MB, speed-up, MB, and the paired change of F1 with +- spread."""
    difference = paired(change, change - spread, change + spread, 0.5, verdict)
    found = measurements(size * MB, 0.004 / speed, ram * MB) | quality(
        ("f1_macro",), (0.9 + change,), None if method == "original" else difference
    )
    return row("m", method, measurements=found, times=pairs(len(method), 0.004, speed), **fields)


def said(records, kind, lang="en"):
    return [c.text for c in conclusions(records, lang) if c.kind == kind]


def test_the_smallest_the_fastest_and_the_leanest_within_a_point_are_named_with_their_evidence():
    records = [case("original"), case("small", size=1.0), case("quick", speed=2.0), case("lean", ram=10.0)]
    small, quick, lean = said(records, "ship")
    assert small.startswith("m, CPU, smallest within 1 pt of F1 macro at worst: small, 1.00 MB (25.0 % of the original)")
    assert "fastest within 1 pt of F1 macro at worst: quick, 4.00 MB" in quick
    assert "2.00×" in quick or "1.99×" in quick
    assert "least RAM use within 1 pt of F1 macro at worst: lean" in lean


def test_a_loss_that_may_exceed_the_limit_does_not_ship():
    # 0.9 points lost +- 0.2: the worst end is 1.1 points.
    doubtful = case("small", size=1.0, change=-0.009, verdict="worse")
    assert loss(doubtful)[1] > 1.0
    assert "nothing within 1 pt of F1 macro at worst is smaller" in said([case("original"), doubtful], "nothing")[0]
    assert "small" in said([case("original"), replace_change(doubtful, -0.007)], "ship")[0]


def test_the_rows_that_the_limit_leaves_out_are_those_that_ship_and_recommend_leave_out_too():
    # Worst ends .9, 1.1 and 5.2 points, estimates .7, .9 and 5: the middle one's estimate alone would hold the limit.
    rows = [case("original"), *(case(f"x{change}", size=1.0, change=-change / 1000, verdict="worse") for change in (7, 9, 50))]
    (text,) = said(rows, "lost")
    assert "1 pt is held by the worst end of the 95 % interval and these may lose more: x9 (1.1), x50 (5.2)." in text
    answer = recommend.recommend(rows, recommend.limits(1.0, None, None, None, None))[0].text
    assert "out: x9, --max-quality-loss 1.00 pt: 1.10 pt at the worst end of the 95 % interval" in answer
    assert "out: x50" in answer
    assert "out: x7" not in answer


def test_the_columns_memory_and_the_processs_have_a_name_each():
    peak = replace(case("lean", ram=10.0).measurements["ram"], primary=False, role="detail")
    rows = [
        replace(row, measurements={**row.measurements, "ram_peak": replace(peak, value=whole * MB)})
        for row, whole in ((case("original"), 200), (case("lean", ram=10.0), 114))
    ]
    (text,) = (text for text in said(rows, "ship") if "process RAM" in text.partition(":")[0])
    assert text.startswith("m, CPU, least process RAM within")
    assert "RAM use 10.00 MB, process RAM 114.00 MB" in text


def replace_change(record, change):
    lead = record.measurements["f1_macro"]
    other = replace(lead, paired=paired(change, change - 0.002, change + 0.002, 0.5, "worse"))
    return replace(record, measurements={**record.measurements, "f1_macro": other})


def test_an_error_rate_that_rises_is_a_loss():
    wer = Measurement(
        0.256, "1", "lower", "quality", 100, 0.25, 0.26, paired=paired(0.006, 0.002, 0.010, 0.01, "worse"), primary=True
    )
    estimate, worst = loss(row("m", "x", measurements={"wer": wer}))
    assert (round(estimate, 6), round(worst, 6)) == (0.6, 1.0)


def test_rows_that_overlap_the_winner_are_not_told_apart_from_it():
    records = [case("original"), case("a", speed=2.0), case("bb", speed=2.0), case("ccc", speed=1.5)]
    fastest = next(text for text in said(records, "ship") if "fastest" in text)
    assert "Not told apart from it: " in fastest
    assert "ccc" not in fastest


def test_a_row_is_dominated_only_by_one_that_is_worse_in_nothing():
    good, bad = case("good", size=2.0, speed=1.5), case("bad", size=3.0, speed=1.2)
    assert dominates(good, bad) == ["size", "speed"]
    assert dominates(case("good", size=2.0, speed=1.5, ram=60.0), bad) == []
    assert dominates(case("good", size=2.0, speed=1.5, change=-0.02), bad) == []
    assert dominates(replace(good, times=None), bad) == []
    assert "no reason to choose bad: good" in said([case("original"), good, bad], "dominated")[0]


def test_what_was_slower_comes_with_the_cause_that_the_audit_shows():
    flags = {**DESK, "cpu_flags": ["avx2"]}
    fp16 = {"facts": {"dtype": "float16"}}
    int8 = {"proof": {"shares": {"int8": 0.9}}, "facts": {"dtype": "int8"}}
    slow = [case("original", environment=flags), case("fp16", speed=0.5, environment=flags, audit=fp16)]
    assert "bf16 is the useful 16-bit type" in said(slow, "slower")[0]
    assert "no VNNI" in causes(case("int8", environment=flags, audit=int8), "en")[0]
    assert causes(case("int8", audit=int8), "en") == []  # the desk has VNNI
    unknown = {key: value for key, value in DESK.items() if key != "cpu_flags"}
    assert causes(case("int8", environment=unknown, audit=int8), "en") == []
    copies = replace(case("onnx", audit={"facts": {"memcpy_nodes": 768, "share_on_device": 0.5}}), device="cuda")
    assert causes(copies, "en")[0].startswith("768 memcpy nodes")
    assert "no cause" in said([case("original"), case("x", speed=0.5)], "slower")[0]


def test_zeros_in_dense_storage_are_said_to_be_in_vain_and_skipped_zeros_are_not():
    dense = {"weights": {"zero_share": 0.8}, "proof": {"shares": {"float32": 1.0}}}
    assert "prune80" in said([case("original"), case("prune80", audit=dense)], "zeros")[0]
    assert said([case("original"), case("prune80", speed=2.0, audit=dense)], "zeros") == []
    assert said([case("original"), case("plain")], "zeros") == []


def test_what_is_within_noise_is_named_and_what_is_not_is_not():
    records = [case("original"), case("same"), case("quick", speed=2.0)]
    speeds = next(text for text in said(records, "noise") if "speed" in text)
    assert "same" in speeds
    assert "quick" not in speeds


def test_an_original_that_differs_from_itself_silences_every_word_on_speed():
    records = [case("original", speed=1.2), case("quick", speed=2.0, size=2.0), case("slow", speed=0.5)]
    assert "no speed conclusions" in said(records, "loud")[0]
    assert not any("fastest" in text for text in said(records, "ship"))
    assert said(records, "slower") == []


def test_what_was_not_compared_is_not_claimed_of_a_dominated_row():
    rows = [case("original"), case("good", size=2.0, speed=1.5), case("bad", size=3.0, speed=1.2)]
    assert "good is not worse in size, speed, RAM use, quality and better in size, speed" in said(rows, "dominated")[0]
    loud = [case("original", speed=1.2), *rows[1:]]
    assert "good is not worse in size, RAM use, quality and better in size." in said(loud, "dominated")[0]


def test_below_a_heading_the_group_is_not_repeated():
    found = conclusions([case("original"), case("small", size=1.0)])[0]
    assert found.group == "m, CPU"
    assert found.short.startswith("smallest within 1 pt of F1 macro at worst: small")


def test_machines_runs_and_devices_are_never_compared():
    other = case("quick", speed=2.0, environment=RACK)
    assert conclusions([case("original"), other]) == []
    assert conclusions([case("original"), case("quick", speed=2.0, run="run-9")]) == []
    assert len(groups(desk() + rack())) == 5


def test_without_labels_nothing_is_advised():
    unlabelled = [replace(r, measurements={k: m for k, m in r.measurements.items() if m.role != "quality"},
                          absent={"f1_macro": "random weights"}) for r in (case("original"), case("small", size=1.0))]  # fmt: skip
    assert "Quality is unknown here (random weights), so this is no advice" in said(unlabelled, "ship")[0]


def test_both_tables_end_with_the_conclusions_in_both_languages():
    records = [case("original"), case("small", size=1.0)]
    for lang, title in (("en", "Conclusions"), ("ru", "Выводы")):
        assert f"## {title}" in render_markdown.render(records, lang)
        assert title in render_terminal.render(records, 120, False, lang)
    assert "наименьший с потерей в худшем случае не более 1 п. F1 macro: small" in said(records, "ship", "ru")[0]


def writes(record, ratio, spread=0.02):
    paired = {"ratio": ratio, "ratio_low": ratio - spread, "ratio_high": ratio + spread}
    rate = Measurement(500.0 * ratio, "1/s", "higher", "throughput", 6, paired=paired, primary=True)
    return replace(record, measurements={**record.measurements, "decode_rate": rate})


def test_a_row_that_writes_slower_is_not_advised_without_a_word():
    rows = [writes(case("original"), 1.0), writes(case("bf16", speed=1.6), 0.8), writes(case("cached", size=1.0), 3.7)]
    rows.append(writes(case("alike"), 1.01))
    (text,) = said(rows, "writing")
    assert text.endswith("(batch of 1): cached 3.70× [3.68, 3.72], bf16 0.800× [0.780, 0.820].")
    fastest = said(rows, "ship")[1]
    assert fastest.startswith("m, CPU, fastest within 1 pt of F1 macro at worst: bf16, 4.00 MB (100 % of the original), 1.")
    assert "writes at 0.800× [0.780, 0.820] of the original's tokens/s" in fastest
    assert "writes at 0.800×" in recommend.recommend(rows, [])[0].text
    assert not said([case("original"), case("bf16", speed=1.6)], "writing")


def test_a_row_that_writes_slower_or_not_at_all_replaces_none_that_writes():
    quick, slow, mute = (case(name, size=1.0) for name in ("quick", "slow", "mute"))
    loser = writes(case("loser", size=2.0), 1.0)
    assert "size" in dominates(writes(quick, 1.5), loser)
    assert "rate of writing" in dominates(writes(quick, 1.5), loser)
    assert not dominates(writes(slow, 0.5), loser)
    assert not dominates(mute, loser)
    assert "size" in dominates(mute, case("loser", size=2.0))


def test_what_the_table_calls_worse_replaces_nothing_that_it_does_not():
    worse = case("a", size=1.0, change=-0.004, verdict="worse")
    assert dominates(worse, case("b", size=2.0, change=-0.001, verdict="worse"))
    assert not dominates(worse, case("b", size=2.0, change=-0.001, verdict="same"))


def test_perplexity_loses_percent_and_not_points():
    def read(method, change, relative, **fields):
        paired = {"difference": change, "low": change, "high": change, "p": 0.01, "verdict": "worse", "relative": relative}
        lead = Measurement(
            24.7 + change, "1", "lower", "quality", 100, paired=None if method == "original" else paired, primary=True
        )
        found = case(method, **fields)
        kept = {name: value for name, value in found.measurements.items() if name != "f1_macro"}
        return replace(found, task="language-modelling", measurements={**kept, "perplexity": lead})

    rows = [read("original", 0.0, 0.0), read("small", 0.1, 0.004, size=1.0), read("pruned", 2.0, 0.08, size=1.0)]
    assert "smallest within 1 % of perplexity at worst: small" in said(rows, "ship")[0]
    assert "1 % is held by the worst end of the 95 % interval and these may lose more: pruned (8.0)" in said(rows, "lost")[0]
    answer = recommend.recommend(rows, recommend.limits(1.0, None, None, None, None))[0].text
    assert "out: pruned, --max-quality-loss 1.00 %: 8.00 % at the worst end of the 95 % interval" in answer


def test_four_bits_that_are_widened_while_loading_say_so():
    def stored(record, **attributes):
        proof = {"shares": {"int4": 0.8, "float32": 0.2}, "runtime_dtype": "float32"}
        return replace(record, audit={"proof": proof}, artifact={"attributes": attributes})

    packed = stored(case("gptq", size=1.0), decode="fixtures.methods.rtn_int4:decode")
    kernel = stored(case("hqq", size=1.0))
    assert "m, CPU: gptq: four bits are stored and widened while loading" in said([case("original"), packed, kernel], "packed")[0]
    slow = stored(case("gptq", size=1.0, speed=0.8), decode="fixtures.methods.rtn_int4:decode")
    assert causes(slow, "en") == [
        "the weights are stored in 4 bits and widened to float32 while loading: smaller on disk, not faster"
    ]
