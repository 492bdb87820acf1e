"""Both sides of a case by fake workers whose times are known: what is called worse, what is not, and what is measured again."""

import math
import random
import re
from contextlib import contextmanager
from dataclasses import replace

import pytest

from fixtures import against, against_plugin, against_report, against_verdict
from fixtures.errors import WorkerFailed
from fixtures.probes import conditions
from reports.gate_statistics import CONFIRMATIONS
from reports.record import Record
from reports.thresholds import Thresholds, parse
from tests.reports.test_gate import one

ALPHA = 0.01 / 40


class FakeWorker:
    spent_s = 0.0

    def __init__(self, side):
        self.side = side

    def call(self, command, timeout=None, **arguments):
        if command == "memory":
            imports, load = ({"rss_bytes": 50e6, "peak_bytes": peak} for peak in (60e6, 50e6 + self.side.rams.pop(0)))
            return {"phases": {"imports": imports, "load": load}}
        assert command == "run"
        ns = round(10e6 * self.side.factor(self.side.processes - 1) * math.exp(self.side.draw.gauss(0, self.side.noise)))
        return {"ns": ns, "cpu_ns": ns}


class FakeSide:
    """`factor(process)`: how much slower a call is in that process of this side."""

    def __init__(self, name, record, factor=lambda process: 1.0, noise=0.01, rams=(), seed=0):
        self.name, self.row, self.factor, self.noise, self.rams = name, record, factor, noise, list(rams)
        self.draw, self.processes = random.Random(f"{name}{seed}"), 0

    def record(self, case):
        return self.row

    @contextmanager
    def opened(self, case):
        self.processes += 1
        yield FakeWorker(self)


class FakeCase:
    id, device = "tiny-vit:onnx-int8-static:cpu", "cpu"


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch):
    monkeypatch.setattr(conditions, "taint", lambda before, after: None)


def untimed(**changes) -> Record:
    return replace(one(**changes), times=None)


def compared(now=None, before=None, **head):
    head_side = FakeSide("this checkout", untimed() if now is None else now, **head)
    base_side = FakeSide("main", untimed() if before is None else before)
    found = against.Comparison(head_side, base_side, Thresholds(), ALPHA).compare(FakeCase)
    return found, head_side


def speed_word(found):
    (finding,) = [finding for finding in found.findings if finding.metric == "speed"]
    return finding.word


def test_a_slowdown_in_every_process_is_worse_after_fresh_processes_agree():
    found, head = compared(factor=lambda process: 1.10)
    assert speed_word(found) == "worse"
    assert found.speed.verdict.slowdown == pytest.approx(1.10, abs=0.01)
    assert head.processes == 1 + CONFIRMATIONS
    assert len(found.speed.first) == 16  # the obvious takes one look


def test_a_slowdown_of_the_first_process_alone_is_not_worse():
    found, head = compared(factor=lambda process: 1.10 if process == 0 else 1.0)
    assert speed_word(found) != "worse"
    assert head.processes < 1 + CONFIRMATIONS  # the first that disagrees settles it


def test_a_speedup_is_better():
    assert speed_word(compared(factor=lambda process: 0.8)[0]) == "better"


def test_equal_sides_are_same_and_need_no_confirmation():
    found, head = compared(noise=0.001)
    assert speed_word(found) == "same"
    assert head.processes == 1


def test_two_hundred_comparisons_of_equal_sides_raise_no_alarm():
    words = [speed_word(compared(seed=seed)[0]) for seed in range(200)]
    assert "worse" not in words
    assert "better" not in words


def test_pairs_that_the_machine_disturbed_are_left_out(monkeypatch):
    monkeypatch.setattr(conditions, "taint", lambda before, after: "the CPU was throttled")
    monkeypatch.setattr(against, "PATIENCE_S", 0.2)
    found, _ = compared(factor=lambda process: 1.5)
    assert speed_word(found) == "unsure"
    assert found.speed.verdict is None
    assert "were disturbed" in found.findings[0].text


def test_the_budget_of_time_ends_the_pairs_and_few_pairs_are_never_worse(monkeypatch):
    monkeypatch.setattr(against, "BUDGET", 1e-9)
    found, _ = compared(factor=lambda process: 2.0)
    assert speed_word(found) == "unsure" or found.speed.verdict is None


def test_a_case_that_the_revision_does_not_have_is_new_and_never_red():
    head, base = FakeSide("this checkout", untimed()), FakeSide("main", None)
    found = against.Comparison(head, base, Thresholds(), ALPHA).compare(FakeCase)
    assert [(finding.word, finding.gates) for finding in found.findings] == [("new", False)]
    assert head.processes == 0


def test_rows_that_were_not_measured_alike_are_not_timed():
    found, head = compared(now=untimed(method_revision=2))
    assert found.speed is None
    assert head.processes == 0


def test_a_worker_that_dies_while_timed_is_unjudged_never_same():
    def die(process):
        raise WorkerFailed("the worker was killed by SIGKILL during run")

    found, _ = compared(factor=die)
    assert speed_word(found) == "unjudged"
    assert "SIGKILL" in found.findings[0].text


def ram(record, value):
    return replace(record, measurements={**record.measurements, "ram": replace(record.measurements["ram"], value=value)})


@pytest.mark.parametrize(("again", "median"), [((90e6, 91e6, 150e6), 91e6), ((150e6, 149e6, 90e6), 149e6)])
def test_a_growth_of_ram_is_measured_again_and_the_medians_of_fresh_processes_count(again, median):
    head = FakeSide("this checkout", ram(untimed(), 150e6), rams=again)
    base = FakeSide("main", ram(untimed(), 90e6), rams=(90e6, 90e6, 90e6))
    found = against.Comparison(head, base, Thresholds(), ALPHA).compare(FakeCase)
    assert found.now.measurements["ram"].value == median
    assert found.before.measurements["ram"].value == 90e6
    assert head.processes >= 1 + against.RAM_PROCESSES


def test_ram_within_its_tolerance_is_not_measured_again():
    assert compared(noise=0.001)[1].processes == 1


def test_the_tolerance_on_a_gpu_is_tighter_unless_it_was_chosen():
    on_gpu = replace(untimed(), device="cuda")
    assert Thresholds().of(untimed(), "speed").relative == 0.03
    assert Thresholds().of(on_gpu, "speed").relative == 0.02
    assert parse({"metrics": {"speed": {"relative": 0.05}}}).of(on_gpu, "speed").relative == 0.05


def test_speed_gates_by_default_and_only_reports_where_that_was_chosen():
    limits = parse({"overrides": [{"method": "onnx-*", "metric": "speed", "gates": False}]})
    for thresholds, gates in ((Thresholds(), True), (limits, False)):
        head, base = FakeSide("this checkout", untimed(), factor=lambda process: 1.10), FakeSide("main", untimed())
        (finding,) = against.Comparison(head, base, thresholds, ALPHA).compare(FakeCase).findings
        assert (finding.word, finding.gates) == ("worse", gates)


def test_a_speed_that_may_not_change_at_all_is_worse_when_it_is_faster():
    both = parse({"metrics": {"speed": {"direction": "both"}}})
    head, base = FakeSide("this checkout", untimed(), factor=lambda process: 0.8), FakeSide("main", untimed())
    (finding,) = against.Comparison(head, base, both, ALPHA).compare(FakeCase).findings
    assert finding.word == "worse"
    assert finding.text.startswith("faster: 0.80")


def test_the_cpu_time_of_the_same_calls_stands_beside_their_wall_time():
    found, _ = compared(factor=lambda process: 1.10)
    assert found.speed.cpu == pytest.approx(1.10, abs=0.01)
    assert re.search(r"slower: 1\.1\d\dx .* the time of a call \(1\.\d+x its CPU time\)", found.findings[0].text)


def test_a_busy_machine_is_said_and_an_idle_one_is_not(monkeypatch):
    monkeypatch.setattr(against_report.os, "cpu_count", lambda: 2)
    assert against_report.load([0.1, 2.0]) == against_report.load([]) == []
    (said,) = against_report.load([0.1, 2.5, 4.0])
    assert said.startswith("2 of 3 cases were compared on a busy machine (load average up to 4.0 on 2 cores)")
    assert "a slowdown reads larger than it is" in said


def test_no_false_alarm_of_n_is_bounded_by_the_rule_of_three():
    # 0 of n: 1 - .05 ** (1 / n), by hand 1.487 % at 200; 2 of 200: 3.114 % (scipy.stats.beta.ppf(.95, 3, 198))
    assert against_report.upper_bound(0, 200) == pytest.approx(1 - 0.05 ** (1 / 200), abs=1e-6)
    assert against_report.upper_bound(2, 200) == pytest.approx(0.03114, abs=2e-4)
    assert against_report.upper_bound(5, 5) == 1.0


def test_one_case_judged_alone_has_its_share_of_the_run_and_not_all_of_it():
    """4 items lost of 1000 at p .125 of McNemar's test are nothing; 9 at p .0039 are significant for one case, not for one of 40."""
    right, wrong = [1] * 1000, [0] * 9 + [1] * 991
    now, before = untimed(outcomes={"correct": wrong}), untimed(outcomes={"correct": right})
    words = {}
    for cases in (1, 40):
        session = against_plugin.Against(None, True, "", Thresholds(), cases)
        verdict = against_verdict.judge([against.Compared(FakeCase, now, before)], session, ())
        words[cases] = [finding.word for finding in verdict.findings if finding.metric == "quality"]
    assert words == {1: ["worse"], 40: ["unsure"]}
