"""Every phrase of the page that the table and the conclusions do not already have, in English and Russian.

Those in SCREEN are used by the scripts as well; `{}` in them is filled there.
"""

from __future__ import annotations

from collections.abc import Mapping

from reports.words import LANGUAGES

PHRASES: Mapping[str, tuple[str, str]] = {
    "rows": ("Rows", "Строки"),
    "machines": ("Machines", "Машины"),
    "runs": ("Runs", "Запуски"),
    "measured at": ("Measured", "Измерено"),
    "figures": ("Plots", "Графики"),
    "notes": ("Notes", "Примечания"),
    "machines title": ("Machines and versions", "Машины и версии"),
    "problems": ("Not everything could be read; the rest is shown", "Прочитано не всё; остальное показано"),
    "warnings": ("Warnings", "Предупреждения"),
    "in words": ("In words", "Словами"),
    "too many figures": (
        "{count} more plots are left out; as files: python -m reports plots --model MODEL",
        "Не показано графиков: {count}; файлами: python -m reports plots --model МОДЕЛЬ",
    ),
    "change": ("Quality against the original", "Качество против оригинала"),
    "reference": ("the reference", "эталон"),
    "other task": ("not a measure of this task", "не измеряется в этой задаче"),
    "rest": ("Dominated, slower, lost, within noise", "Хуже других, медленнее, потеря качества, в пределах шума"),
    "footnotes": ("Footnotes", "Сноски"),
    "static": (
        "Without JavaScript this page shows no table; the same rows are in table.md and table.csv beside it.",
        "Без JavaScript таблицы на этой странице нет; те же строки в table.md и table.csv рядом.",
    ),
    # details of a row
    "command": ("Command to reproduce", "Команда для повторения"),
    "measurements": ("All measurements", "Все измерения"),
    "measurement": ("Measurement", "Измерение"),
    "value": ("Value", "Значение"),
    "absent title": ("Not measured", "Не измерено"),
    "reason": ("Reason", "Причина"),
    "note": ("Note", "Примечание"),
    "n": ("n", "n"),
    "evidence": ("Evidence", "Доказательство"),
    "transient": ("freed again", "освобождено"),
    "memory note": (
        "peak {peak}: what each phase adds to the largest resident size before it",
        "пик {peak}: сколько каждая фаза добавляет к наибольшей резидентной памяти до неё",
    ),
    "memory": ("Memory by phase", "Память по фазам"),
    "audit": ("Audit", "Аудит"),
    "artifact": ("Artifact", "Артефакт"),
    "lineage": ("Steps that built it", "Шаги сборки"),
    "files": ("Files", "Файлы"),
    "file": ("File", "Файл"),
    "role": ("Role", "Роль"),
    "step": ("Step", "Шаг"),
    "built in": ("Built in", "Собран за"),
    "build peak": ("Peak RAM", "Пик RAM"),
    "this case": ("This case", "Этот случай"),
    "conditions title": ("Conditions", "Условия"),
    "times": ("Latency samples", "Замеры времени"),
    "times note": (
        "{n} pairs of calls in one run, batch {batch}; {tainted} left out as disturbed; {above} above the axis",
        "пар вызовов одного запуска: {n}, батч {batch}; исключено как нарушенные: {tainted}; выше оси: {above}",
    ),
    "samples note": ("{n} timed rounds, time per sample; {above} above the axis", "раундов: {n}, время на пример; выше оси: {above}"),
    "original": ("original", "оригинал"),
    "status": ("Status", "Состояние"),
    "started": ("Started", "Начало"),
    "took": ("Took", "Заняло"),
    "run id": ("Run", "Запуск"),
    "revision": ("Method revision", "Ревизия метода"),
    "key": ("Key", "Ключ"),
    "format": ("Format", "Формат"),
    "bytes": ("Size", "Размер"),
    "attributes": ("Attributes", "Атрибуты"),
}  # fmt: skip

SCREEN: Mapping[str, tuple[str, str]] = {
    "filter": ("Filter", "Фильтр"),
    "numeric filter": ("Filter {}: for example < 10, 5..8, >= 0.9", "Фильтр {}: например < 10, 5..8, >= 0.9"),
    "text filter": ("Filter {}", "Фильтр {}"),
    "not a condition": ("not a condition: write < 10, >= 0.9, 5..8 or a number", "не условие: пишите < 10, >= 0.9, 5..8 или число"),
    "columns": ("Columns", "Столбцы"),
    "reset columns": ("As at first", "Как вначале"),
    "grouped": ("Group by model", "Группировать по модели"),
    "clear": ("Clear filters", "Сбросить фильтры"),
    "shown": ("{} of {} rows", "строк: {} из {}"),
    "none left": ("No row passes the filters.", "Ни одна строка не проходит фильтры."),
    "dark": ("Dark", "Тёмная"),
    "light": ("Light", "Светлая"),
    "theme": ("Colour theme", "Цветовая тема"),
    "details": ("Details of {}", "Подробности: {}"),
    "close": ("Close", "Закрыть"),
    "copy": ("Copy", "Скопировать"),
    "copied": ("Copied", "Скопировано"),
    "note": ("note", "примечание"),
    "best": ("best", "лучшее"),
    "task": ("Task", "Задача"),
    "names": ("Names", "Названия"),
    "all of": ("All measurements, {}", "Все измерения, {}"),
    "median": ("median", "медиана"),
    "table": ("Main table", "Основная таблица"),
    "speed": ("Speed", "Скорость"),
    "hint": (
        "Click a header to sort, a row for its details. Bars start at zero and compare the rows of one model on one machine; those of "
        "speed-ups start at 1×. The thin line is the 95 % interval.",
        "Щелчок по заголовку сортирует, по строке открывает подробности. Полосы начинаются с нуля и сравнивают строки одной модели на одной "
        "машине; у ускорений — с 1×. Тонкая линия: 95 % интервал.",
    ),
}  # fmt: skip


def tell(lang: str, key: str, **fields: object) -> str:
    return PHRASES[key][LANGUAGES.index(lang)].format(**fields)


def screen(lang: str) -> dict[str, str]:
    """The phrases of the scripts."""
    return {key: texts[LANGUAGES.index(lang)] for key, texts in SCREEN.items()}
