"""Every phrase of the plots, in English and Russian."""

from __future__ import annotations

from collections.abc import Mapping

from reports.words import LANGUAGES

PHRASES: Mapping[str, tuple[str, str]] = {
    "time title": ("{quality} against time: {who}", "{quality} и время: {who}"),
    "size title": ("{quality} against size: {who}", "{quality} и размер: {who}"),
    "time axis": (
        "Time as a share of the original's, paired, log scale (less is better)",
        "Время в долях времени оригинала, парное, лог. шкала (меньше — лучше)",
    ),
    "time axis ms": ("ms per sample, at the original's median", "мс на пример, при медиане оригинала"),
    "size axis": (
        "Size of the loaded files, MB, log scale (less is better)",
        "Размер загружаемых файлов, МБ, лог. шкала (меньше — лучше)",
    ),
    "size axis share": ("share of the original's size", "доля размера оригинала"),
    "higher": ("{metric} (more is better)", "{metric} (больше — лучше)"),
    "lower": ("{metric} (less is better: the axis points down)", "{metric} (меньше — лучше: ось направлена вниз)"),
    "agreement": ("Agreement with the original", "Совпадение с оригиналом"),
    "agreement note": (
        "The weights are random or without labels: there is no quality ({reason}). Shown instead: how often a row decides as the original.",
        "Качества нет ({reason}): вместо него показано, как часто строка решает так же, как оригинал.",
    ),
    "front": ("Pareto front", "фронт Парето"),
    "front of": ("On the Pareto front: {rows}.", "На фронте Парето: {rows}."),
    "point": ("{method} ({worth} at {cost})", "{method} ({worth} при {cost})"),
    "paired bars": (
        "Bars: 95 % intervals, of time from the pairs, of quality from the paired difference to the original (its own where unpaired).",
        "Отрезки: 95 % интервалы; время — по парам, качество — по разности с оригиналом на тех же примерах (иначе собственные).",
    ),
    "edge": (
        "At the lower edge (worse than the original by more than {limit}): {rows}.",
        "У нижнего края (хуже оригинала более чем на {limit}): {rows}.",
    ),
    "speed title": ("Speed-up over the original: {who}", "Ускорение относительно оригинала: {who}"),
    "speed axis": (
        "Speed-up, median of paired ratios, log scale (right of 1× is faster)",
        "Ускорение, медиана парных отношений, лог. шкала (правее 1× — быстрее)",
    ),
    "speed bars": (
        "Bars end at the median ratio; whiskers are 95 % intervals. Grey band: ±{margin}, within which no difference is called one.",
        "Столбец кончается на медиане отношений; усы — 95 % интервалы. Серая полоса: ±{margin}, внутри неё различий не объявляют.",
    ),
    "speed row": ("{method} {text}", "{method} {text}"),
    "memory title": ("Memory by phase: {who}", "Память по фазам: {who}"),
    "memory axis": ("Resident memory, MB", "Резидентная память, МБ"),
    "imports": ("after imports", "после импортов"),
    "load": ("added by loading", "добавила загрузка"),
    "first_call": ("added by the first call", "добавил первый вызов"),
    "steady": ("added by the timed calls", "добавили измеренные вызовы"),
    "other phase": ("added by: {phase}", "добавила фаза: {phase}"),
    "transient": ("freed again within a phase (up to the peak)", "освобождено внутри фазы (до пика)"),
    "memory bars": (
        "Each part is what its phase adds to the largest resident size so far; the whole bar is the absolute peak, what a memory limit sees. "
        "The table's RAM use is the peak without the first part.",
        "Каждая часть — прирост фазы к наибольшему размеру до неё; весь столбец — абсолютный пик, который видит лимит памяти. "
        "RAM в таблице — пик без первой части.",
    ),
    "memory row": ("{method} {peak} at its peak ({after} after the imports)", "{method}: пик {peak} (после импортов {after})"),
    "vram title": ("GPU memory: {who}", "Память GPU: {who}"),
    "latency title": ("Distribution of the measured times: {who}", "Распределение измеренных времён: {who}"),
    "latency axis": ("ms per sample, log scale (less is better)", "мс на пример, лог. шкала (меньше — лучше)"),
    "latency bars": (
        "Shape: density of the raw times; thick line: middle half; white dot: median; thin: 5th to 95th percentile; cross: slowest call. "
        "Rows ran at different moments: compare speeds by the paired ratios.",
        "Форма: плотность исходных времён; толстая линия: средняя половина; белая точка: медиана; тонкая: от 5-го до 95-го процентиля; "
        "крестик: самый долгий вызов. Строки измерены в разное время: скорости сравнивайте по парным отношениям.",
    ),
    "latency row": ("{method} median {median}, p95 {p95}", "{method}: медиана {median}, p95 {p95}"),
    "no samples": ("no raw times are kept in its record", "в записи нет исходных времён"),
    "no phases": ("memory by phase was not recorded", "память по фазам не записана"),
    "no value": ("its record holds no {what}", "в записи нет: {what}"),
    "other metric": ("measured by another metric ({metric})", "измерено другой метрикой ({metric})"),
    "left out": ("Not shown: {rows}.", "Не показаны: {rows}."),
    "left out row": ("{method} ({reason})", "{method} ({reason})"),
    "too many": (
        "{count} more rows: a figure shows {shown}, the table has them all",
        "ещё строк: {count}; на рисунке {shown}, в таблице есть все",
    ),
    "measured on": ("{machine}, run {run}", "{machine}, запуск {run}"),
    "history title": ("Over time: {case}", "Во времени: {case}"),
    "history size": ("Size, MB", "Размер, МБ"),
    "history speed": ("Speed-up, ×", "Ускорение, ×"),
    "history ram": ("Process RAM, MB", "RAM процесса, МБ"),
    "history axis": ("Commit, oldest first", "Коммит, от старых к новым"),
    "history row": ("{what} {first} first, {last} last", "{what}: сначала {first}, в конце {last}"),
    "runs": ("{count} runs", "запусков: {count}"),
}


def tell(lang: str, key: str, **fields: object) -> str:
    return PHRASES[key][LANGUAGES.index(lang)].format(**fields)
