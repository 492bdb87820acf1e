from tests.reports.golden import GOLDEN, TABLES

for name, render in TABLES.items():
    (GOLDEN / name).write_text(render(), encoding="utf-8", newline="\n")
