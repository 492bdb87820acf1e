"""The page in a headless Chromium: sorts, filters, details, themes, paper, phones, screen readers, ten thousand rows."""

import time
from dataclasses import replace

import pytest

from reports import page
from reports.record import Measurement
from tests.reports.browser import PHONE, Page, started
from tests.samples.build import desk, measurements, quality, rack, row

HEADERS = """return [...document.querySelectorAll('.tabulator-col')].filter((col) => col.offsetParent)
             .map((col) => col.querySelector('.tabulator-col-title').textContent)"""


MISSING = "return [...document.querySelectorAll('.tabulator-cell')].find((cell) => cell.textContent.startsWith('N/A'))"


def hover(shown, cell):
    from selenium.webdriver import ActionChains

    ActionChains(shown.driver).move_to_element(cell).perform()
    return shown.wait(lambda: shown.js("return document.querySelector('.tabulator-tooltip')")).text


@pytest.fixture(scope="module")
def driver():
    found = started()
    yield found
    found.quit()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    steps = [{"step": "original", "seconds": 0.1}, {"step": "onnx", "seconds": 2.0, "evidence": {"int8_share": 0.98}}]
    many = [row("many", f"method-{k}", measurements=measurements(1e6 + k, 0.1)) for k in range(120)]  # more than a screen holds
    rows = [replace(record, artifact={**record.artifact, "lineage": steps}) for record in [*desk(), *rack()]]
    for lang in ("en", "ru"):
        text = page.render(rows, lang, problems=["old.json: written with schema 99"])
        (folder / f"{lang}.html").write_text(text, encoding="utf-8")
    (folder / "many.html").write_text(page.render([*rows, *many]), encoding="utf-8")
    return folder


@pytest.fixture
def opened(driver, files):
    """Opens the page; at the end nothing may have been written to the console."""
    pages = []

    def opened(lang="en", **options):
        pages.append(Page(driver, files / f"{lang}.html", **options))
        return pages[-1]

    yield opened
    assert pages[-1].complaints() == []


def test_a_click_on_a_header_sorts_by_the_number_and_missing_values_stay_last(opened):
    shown = opened()
    shown.one("#grouped").click()
    shown.sort("RAM use")
    up = shown.texts("RAM use")
    shown.sort("RAM use")
    down = shown.texts("RAM use")
    numbers = [float(text) for text in up if text not in ("N/A", "failed")]
    assert len(numbers) > 4
    assert numbers == sorted(numbers)
    assert [float(text) for text in down[: len(numbers)]] == sorted(numbers, reverse=True)
    assert set(up[len(numbers) :]) == set(down[len(numbers) :]) == {"failed"}


def test_the_keyboard_sorts_and_the_header_says_how(opened):
    shown = opened()
    header = shown.one(f".tabulator-col[tabulator-field='{shown.field('Weight size')}']")
    header.find_element("css selector", "button").send_keys("\ue007")
    shown.wait(lambda: header.get_attribute("aria-sort") == "ascending")
    header.find_element("css selector", "button").send_keys(" ")
    shown.wait(lambda: header.get_attribute("aria-sort") == "descending")
    first = shown.texts("Weight size")[0]
    assert float(first.split()[0]) == max(float(text.split()[0]) for text in shown.texts("Weight size") if text[0].isdigit())


def test_rows_are_grouped_by_what_may_be_compared(opened):
    shown = opened()
    titles = shown.js("return [...document.querySelectorAll('.tabulator-group')].map((group) => group.textContent)")
    assert len(titles) == len({text.split(" · ")[0] + text for text in titles}) > 2
    assert "batch 1, input pixel_values 1×3×48×48, threads 2" in titles[0]
    assert "Quality (F1 macro ↑, precision macro ↑, recall macro ↑)" in titles[0]


def test_filters_read_conditions_words_and_say_what_they_cannot_read(opened):
    shown = opened()
    everything = len(shown.texts("Method"))
    shown.filter("Weight size", "< 1")
    assert set(shown.texts("Weight size")) == {"0.400 MB", "0.630 MB"}
    shown.filter("Weight size", "100..200")
    assert set(shown.texts("Method")) == {"bf16"}
    shown.filter("Weight size", "<> 3")
    assert len(shown.texts("Method")) == everything
    box = shown.one(f".tabulator-col[tabulator-field='{shown.field('Weight size')}'] input")
    assert (box.get_attribute("aria-invalid"), box.get_attribute("title")[:15]) == ("true", "not a condition")
    shown.filter("Weight size", "")
    shown.filter("CPU, against original (", "slower")
    verdicts = shown.texts("CPU, against original (")
    assert verdicts
    assert all(text.endswith("slower") for text in verdicts)
    shown.one("#clear").click()
    assert shown.one("#count").text == f"{everything} of {everything} rows"
    shown.type("#search", "no such method")
    assert "No row passes the filters." in shown.one(".tabulator-placeholder").text


def test_columns_can_be_hidden_and_every_other_measurement_shown(opened):
    shown = opened()
    shown.one("#columns > summary").click()
    boxes = {box.text: box for box in shown.driver.find_elements("css selector", "#columns label")}
    boxes["VRAM use (MB) ↓"].click()
    assert not any("VRAM use" in text for text in shown.js(HEADERS))
    notes = len(shown.driver.find_elements("css selector", "#notes li"))
    boxes["CPU, first call, ms ↓"].click()
    shown.wait(lambda: any("first call" in text for text in shown.js(HEADERS)))
    assert shown.texts("CPU, first call")[0] == "28.00"
    assert set(shown.js("return [...document.querySelectorAll('#notes li')].map((item) => item.id)")[:notes]) == {
        f"note-{number}" for number in range(1, notes + 1)
    }
    boxes["CPU, latency, ms ↓"].click()
    shown.wait(lambda: any("CPU, latency," in text for text in shown.js(HEADERS)))
    number = shown.one(f".tabulator-cell[tabulator-field='{shown.field('CPU, latency,')}'] a.note").text
    assert shown.one(f"#note-{number}").text == "IQR 0.08 ms, 40 calls"
    shown.one("#columns .menu button").click()
    shown.wait(lambda: not any("first call" in text for text in shown.js(HEADERS)))
    assert any("VRAM use" in text for text in shown.js(HEADERS))


def test_a_row_s_details_open_from_the_keyboard_and_close_with_escape(opened):
    shown = opened()
    button = next(b for b in shown.driver.find_elements("css selector", ".open") if b.text == "onnx-int8-static")
    button.send_keys("\ue007")
    dialog = shown.wait(lambda: shown.js("return document.querySelector('dialog[open]')"))
    for text in ("tiny-vit:onnx-int8-static:cpu", "git checkout 0123456789abcdef", "2. onnx", "int8 share: 0.98",
                 "2 of 40 pairs disturbed", "40 pairs of calls", "F1 macro"):  # fmt: skip
        assert text in dialog.text
    drawn = dialog.find_element("css selector", "svg[role=img]")
    assert "median" in dialog.text
    assert drawn.size["height"] > 100
    assert shown.violations() == []
    dialog.send_keys("\ue00c")
    shown.wait(lambda: not shown.js("return document.querySelector('dialog[open]')"))


def test_the_reason_of_a_missing_value_shows_on_hover_and_as_a_footnote(opened):
    shown = opened()
    cell = shown.js(MISSING)
    number = cell.find_element("css selector", "a.note").text
    reason = shown.one(f"#note-{number}").text
    assert reason
    assert reason in hover(shown, cell)


def test_the_theme_follows_the_system_until_the_reader_chooses(opened):
    shown = opened(dark=True)
    paper = "return getComputedStyle(document.documentElement).backgroundColor"
    dark = shown.js(paper)
    shown.one("#theme").click()
    assert shown.js(paper) == "rgb(255, 255, 255)" != dark
    shown.js("localStorage.clear()")
    assert opened(dark=False).js(paper) == "rgb(255, 255, 255)"


def test_no_text_of_a_record_runs_when_it_is_shown_hovered_opened_or_printed(driver, tmp_path):
    evil = "<img src=x onerror='window.evil = 1'>"
    found = measurements(1e6, 0.1) | {evil: Measurement(1.0, "1", "none", "detail", 1, note=evil)}
    found |= {f"rate{evil}": Measurement(2.0, "1/s", "higher", "throughput", 1, primary=True)}
    rows = [row(f"{evil}{n}", evil, measurements=found, warnings=(evil,), absent={"ram": evil}) for n in range(2)]
    path = tmp_path / "evil.html"
    path.write_text(page.render(rows, "en", problems=[evil]), encoding="utf-8")
    shown = Page(driver, path)
    shown.one("#columns > summary").click()
    for box in shown.driver.find_elements("css selector", "#columns input:not(:checked)"):
        box.click()
    shown.one("#columns > summary").click()
    assert evil in hover(shown, shown.one("a.note[aria-label*='img']"))
    shown.js("page.open(0)")
    shown.wait(lambda: shown.js("return document.querySelector('dialog[open]')"))
    shown.driver.execute_cdp_cmd("Page.printToPDF", {"landscape": True})
    assert shown.js("return [window.evil ?? 0, document.querySelectorAll('img').length]") == [0, 0]
    assert shown.complaints() == []


def test_on_paper_every_row_and_the_number_of_its_reason_is_there(opened):
    shown = opened("many")
    shown.js("""addEventListener('beforeprint', () => {
        window.printed = document.querySelector('.tabulator-print-table')?.innerText;
    })""")
    shown.driver.execute_cdp_cmd("Page.printToPDF", {"landscape": True})
    printed = shown.wait(lambda: shown.js("return window.printed"))
    for record in desk():
        assert record.method in printed
    assert "method-119" in printed
    number = shown.one(".cell.none a.note").text
    assert f"N/A [{number}]" in printed
    assert "Weight size ↓" in printed


@pytest.mark.parametrize("lang", ["en", "ru"])
@pytest.mark.parametrize(("size", "dark"), [((1500, 1000), False), ((1500, 1000), True), (PHONE, True), (PHONE, False)])
def test_names_roles_contrast_and_width_hold_in_every_theme_and_language(opened, lang, size, dark):
    shown = opened(lang, size=size, dark=dark)
    assert shown.violations() == []
    assert shown.js("return document.documentElement.scrollWidth") <= size[0]


def test_ten_thousand_rows_open_and_sort_within_a_second(driver, tmp_path):
    rows = [
        row(
            f"model-{m}",
            f"method-{k}",
            measurements=measurements(1e6 + k, 0.001 * (k + 1), 2e7 + m) | quality(("f1_macro",), (0.9,)),
        )
        for m in range(100)
        for k in range(100)
    ]
    path = tmp_path / "many.html"
    path.write_text(page.render(rows), encoding="utf-8")
    opened = [Page(driver, path) for _ in range(3)]
    # The best of three: a shared machine only ever adds time.
    assert min(shown.ready_ms for shown in opened) < 1000
    last = opened[-1]
    took = []
    for _ in range(3):
        took.append(last.js("const at = performance.now(); page.table.setSort('c3', 'desc'); return performance.now() - at"))
        time.sleep(0.1)
    assert min(took) < 1000
    last.js("page.open(7531)")
    last.wait(lambda: last.js("return document.querySelector('dialog[open]')"))
    assert last.one("#details-title").text == "model-75:method-31:cpu"
    assert last.complaints() == []


@pytest.mark.parametrize(("ci", "outcome"), [("1", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_browser_fails_where_ci_is_set_and_is_a_reason_to_skip_elsewhere(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(outcome, match="apt-get install -y chromium chromium-driver"):
        started()
