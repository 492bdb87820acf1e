import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import units


def test_a_megabyte_is_a_million_bytes():
    assert units.convert(185_750_000, "B", "MB") == 185.75
    assert units.megabytes(1024 * 1024) == "1.05 MB"


def test_bytes_are_never_shown_as_milliseconds():
    with pytest.raises(ValueError, match="'B' cannot be shown in 'ms'"):
        units.convert(1, "B", "ms")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(344e-6, "344.0 µs"), (0.11327, "113.3 ms"), (5.025, "5.025 s"), (0.0009996, "999.6 µs")]
)
def test_durations_choose_their_unit(seconds, shown):
    assert units.duration(seconds) == shown


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((113.27,), "113.27"),
        ((0.0041234,), "0.00412"),
        ((17669.4,), "17669"),
        ((0,), "0"),
        ((11.46, 10.88, 12.04), "11.46 ± 0.58"),
        ((113.274, 112.9, 113.5), "113.27 ± 0.38"),  # the larger side, rounded up
        ((0.42, 0.4199, 0.42005), "0.42000 ± 0.00010"),
        ((1000.0, 999.99999, 1000.00001), "1000.0 ± 0.1"),  # a spread is never printed as 0
        ((0.35, 0.1, 12.0), "0.35 ± 11.65"),
        ((5.0, 5.0, 5.0), "5.00 ± 0"),
        ((5.0, None, None), "5.00"),
    ],
)
def test_numbers_carry_their_spread_to_the_same_place(arguments, shown):
    assert units.number(*arguments) == shown


@given(st.floats(1e-3, 1e5), st.floats(0, 0.5), st.floats(0, 0.5))
def test_the_printed_range_covers_the_interval(value, below, above):
    low, high = value * (1 - below), value * (1 + above)
    text, spread = units.number(value, low, high).split(" ± ")
    rounding = 0.5 * 10 ** -len(text.partition(".")[2]) + 1e-9 * value
    assert float(text) - float(spread) - rounding <= low
    assert high <= float(text) + float(spread) + rounding


def test_signs_are_typographic_and_zero_has_none():
    assert units.difference(-0.361, -0.402, -0.318) == "−0.3610 [−0.4020, −0.3180]"
    assert units.difference(0.0) == "0.0000"
    assert units.fixed(-0.00001, 3) == "0.000"


def test_ratios_have_three_decimals_where_verdicts_fall():
    assert units.ratio(1.0123, 0.99, 1.02) == "1.012× [0.990, 1.020]"
    assert units.ratio(2.5, 2.4, 2.6) == "2.50× [2.40, 2.60]"
    assert units.ratio(0.0512) == "0.0512×"


def test_an_unknown_unit_still_names_itself_in_a_column():
    assert units.suffix("tokens/s") == "_tokens_per_s"
