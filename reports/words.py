"""Every phrase of a table, in English and Russian. Method ids and the reasons that records hold stay as they are."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "ru")

# key -> (English, Russian); `{}` fields are filled by `say`
PHRASES: Mapping[str, tuple[str, str]] = {
    "failed": ("failed", "ошибка"),
    "absent": ("N/A", "N/A"),
    "agreement": ("agreement with the original {value}", "совпадение с оригиналом {value}"),
    "faster": ("faster", "быстрее"),
    "slower": ("slower", "медленнее"),
    "better": ("better", "лучше"),
    "worse": ("worse", "хуже"),
    "same": ("same", "без изменений"),
    "unsure": ("unsure", "неясно"),
    "machine": ("Machine", "Машина"),
    "not selected": ("not part of this run: no {device} case was selected", "не входит в этот запуск: случай {device} не выбран"),
    "not recorded": ("the record does not hold this measurement", "в записи нет этого измерения"),
    "no interval": ("n = {n}, no interval: {reason}", "n = {n}, без интервала: {reason}"),
    "artifacts differ": (
        "CPU and GPU were measured from different artifacts ({cpu} and {cuda}); the GPU one has {size}",
        "CPU и GPU измерены на разных артефактах ({cpu} и {cuda}); размер артефакта GPU: {size}",
    ),
    "quality differs": ("quality of the GPU row: {value}", "качество строки GPU: {value}"),
    "runs joined": ("CPU and GPU are from different runs ({cpu} and {cuda})", "CPU и GPU из разных запусков ({cpu} и {cuda})"),
    "speed title": ("Speed-up", "Ускорение"),
    "speed original": ("{device}, against `original` (paired)", "{device}, к `original` (парное)"),
    "speed tuned": (
        "{device}, against `original-tuned` (unpaired quotient)",
        "{device}, к `original-tuned` (непарное отношение)",
    ),
    "A/A": ("A/A", "A/A"),
    "is tuned": ("the reference of this column", "эталон этого столбца"),
    "no tuned": (
        "no original-tuned row of the same run, machine and batch to divide by",
        "нет строки original-tuned того же запуска, машины и батча",
    ),
    "size": ("Size", "Размер"),
    "median": ("Median", "Медиана"),
    "not measured": ("Not measured:", "Не измерено:"),
    "count": ("{count} × {status}, {reason} ({cases})", "{count} × {status}, {reason} ({cases})"),
    "legend": (
        "**Bold**: best of the model on its machine, where the rows are comparable. ±: the larger side of the 95 % interval. MB = 10⁶ bytes. "
        "Time: median ms per sample of a timed batch; rows were timed at different moments, so compare speeds by the paired speed-up. "
        "RAM: peak minus after-imports.",
        "**Жирным**: лучшее значение модели на машине среди сравнимых строк. ±: большая сторона 95 % интервала. MB = 10⁶ байт. "
        "Время: медиана, мс на пример измеренного батча; строки измерены в разное время, скорости сравнивайте по парному ускорению. "
        "RAM: пик минус память после импортов.",
    ),
    "conditions": ("{model} on {device}: {text}", "{model} на {device}: {text}"),
    "batch": ("batch {value}", "батч {value}"),
    "inputs": ("input {value}", "вход {value}"),
    "threads": ("threads {value}", "потоков: {value}"),
    "noise": (
        "Noise, {model} on {device}: the original against itself {ratio} ({n} pairs in {processes}); within these, differences below "
        "about {visible} cannot be told apart.",
        "Шум, {model} на {device}: оригинал против себя {ratio} ({n} пар, {processes}); в их пределах разница меньше примерно {visible} "
        "неразличима.",
    ),
    "one process": ("one pair of processes", "одна пара процессов"),
    "several processes": ("{count} pairs of processes", "пар процессов: {count}"),
    "noise unknown": (
        "Noise, {model} on {device}: not known, {reason}.",
        "Шум, {model} на {device}: неизвестен, {reason}.",
    ),
    "noise loud": (
        "WARNING, {model} on {device}: the original against itself came out {verdict} ({ratio}); do not trust the speed verdicts of this "
        "model, rerun on a quiet machine.",
        "ВНИМАНИЕ, {model} на {device}: оригинал против себя: {verdict} ({ratio}); вердиктам скорости этой модели нельзя верить, "
        "повторите на свободной машине.",
    ),
    "warning": ("Warning, {cases}: {text}", "Предупреждение, {cases}: {text}"),
    "more": ("{text} and {count} more", "{text} и ещё {count}"),
    "mixed runs": (
        "This table mixes {count} runs ({names}); speed-ups are within one run only, times of different runs are not compared.",
        "В таблице смешаны запуски: {count} ({names}); ускорения только внутри запуска, времена разных запусков не сравниваются.",
    ),
    "mixed machines": (
        "This table mixes {count} machines ({names}); no ratio and no bold crosses a machine.",
        "В таблице смешаны машины: {count} ({names}); отношения и выделение не пересекают границу машин.",
    ),
    "environment": ("Measured on {text}", "Измерено на {text}"),
    "run": ("run {value}", "запуск {value}"),
    "commit": ("commit {value}", "коммит {value}"),
    "cores": ("{value} cores", "ядер: {value}"),
    "no gpu": ("no GPU", "без GPU"),
    "driver": ("driver {value}", "драйвер {value}"),
    "counterpart": (
        "{who} against {other} on the same items: {word}, {metric} {change} (more is better; p {p}, {n} items)",
        "{who} против {other} на тех же примерах: {word}, {metric} {change} (больше — лучше; p {p}, {n} примеров)",
    ),
    "stages": ("Stages, {who}: {text}", "Этапы, {who}: {text}"),
    "no row": ("no row of its own", "нет своей строки"),
    "ceilings": ("machine ceilings: {value}", "пределы машины: {value}"),
    "ceiling share": ("{device}, share of the machine's ceiling", "{device}, доля от предела машины"),
    "no rows": ("No records: nothing was measured.", "Записей нет: ничего не измерено."),
    "title": ("Compression methods compared", "Сравнение методов сжатия"),
    "compare headers": (
        "Case|Size|Speed, B / A|Process RAM|Quality, B − A|Not compared",
        "Случай|Размер|Скорость, B / A|RAM процесса|Качество, B − A|Не сравнивается",
    ),
    "history headers": (
        "Started|Run|Commit|Machine|Size|Median|Speed-up|Process RAM|{quality}|Status",
        "Начало|Запуск|Коммит|Машина|Размер|Медиана|Ускорение|RAM процесса|{quality}|Состояние",
    ),
    "unknown": ("unknown", "неизвестно"),
    "only in": ("only in {side}", "только в {side}"),
    "measured in neither": ("measured in neither ({a}, {b})", "не измерено ни там, ни там ({a}, {b})"),
    "unmeasured side": ("{status} in {side}: {reason}", "{status} в {side}: {reason}"),
    "revisions": (
        "not comparable: the method's revision is {a} in A and {b} in B",
        "несравнимо: ревизия метода {a} в A и {b} в B",
    ),
    "conditions differ": (
        "speed and RAM not comparable: {what} {a} in A, {b} in B",
        "скорость и RAM несравнимы: {what} {a} в A, {b} в B",
    ),
    "no pairs": ("no paired speed-up in {side}", "нет парного ускорения в {side}"),
    "metrics differ": ("quality not comparable: {a} in A, {b} in B", "качество несравнимо: {a} в A, {b} в B"),
    "metric of": ("{metric} of {n}", "{metric}, n = {n}"),
    "same answers": ("the same answers", "те же ответы"),
}


def say(lang: str, key: str, **fields: object) -> str:
    return PHRASES[key][LANGUAGES.index(lang)].format(**fields)
