"""A headless Chromium for the page's tests: the operating system's packages `chromium` and `chromium-driver`, driven by Selenium."""

import os
import shutil
import time
from pathlib import Path

import pytest

AXE = Path(__file__).parent / "axe" / "axe.min.js"  # axe-core 4.14.1, MPL-2.0 (LICENSE beside it)
INSTALL = "apt-get install -y chromium chromium-driver"
WIDE, PHONE = (1500, 1000), (390, 844)


def started():
    """Where there is no Chromium the tests are skipped on a desk, and fail where CI is set: it installs one."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        missing = f"the page's tests need Chromium and its driver: {INSTALL}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    # No sandbox: tests run as root in containers, and the pages are our own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--force-color-profile=srgb"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(driver))


class Page:
    """One opened file. `ready_ms`: from the start of the navigation until the table could be used, by the page's own clock."""

    def __init__(self, driver, path, size=WIDE, dark=False):
        self.driver = driver
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get_log("browser")  # what earlier pages said
        driver.get(path.as_uri())
        self.wait(lambda: self.js("return document.documentElement.dataset.ready"))
        self.ready_ms = int(self.js("return document.documentElement.dataset.ready"))

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition, seconds=10.0):
        end = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < end, "the page did not come to what was waited for"
            time.sleep(0.02)
        return found

    def one(self, selector):
        return self.driver.find_element("css selector", selector)

    def field(self, title):
        """The name that the scripts gave to the column of a title."""
        return self.js(
            "return page.table.getColumns().find((c) => c.getDefinition().title.startsWith(arguments[0])).getField()", title
        )

    def texts(self, title):
        """The shown text of a column, row by row from the top; only rows that are drawn."""
        script = "return [...document.querySelectorAll(`.tabulator-row .tabulator-cell[tabulator-field='${arguments[0]}'] .cell`)].map("
        return self.js(script + "(cell) => (cell.querySelector('.open, .text')).textContent)", self.field(title))

    def type(self, selector, text):
        box = self.one(selector)
        box.clear()
        box.send_keys(text)
        self.wait(lambda: self.js("return arguments[0].value", box) == text)
        time.sleep(0.4)  # the library waits 300 ms for the next key

    def filter(self, title, text):
        field = self.field(title)
        self.js("page.table.scrollToColumn(arguments[0], 'middle', false)", field)
        self.type(f".tabulator-col[tabulator-field='{field}'] .tabulator-header-filter input", text)

    def sort(self, title):
        self.one(f".tabulator-col[tabulator-field='{self.field(title)}'] .tabulator-col-title").click()

    def violations(self):
        """What axe-core objects to: names, roles, contrast, focus."""
        self.js(AXE.read_text(encoding="utf-8"))
        run = "axe.run(document, {resultTypes: ['violations']}).then((found) => arguments[0](found.violations))"
        found = self.driver.execute_async_script(f"const answer = arguments[0]; {run.replace('arguments[0]', 'answer')}")
        return [f"{v['id']}: {node['html'][:200]} {node['failureSummary']}" for v in found for node in v["nodes"]]

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser")]
