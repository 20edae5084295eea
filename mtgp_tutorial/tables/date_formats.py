"""How dates are written: the spellings that are read, and which of them a column has.

Numbers are dates where nothing else is likely: eight digits, ten or twelve with hour and minute, six that run as months
do. A point joins year, month and day, or nothing: 1959.5 is a number.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from mtgp_tutorial.tables.refusals import TableError, argument, refuse_first

READ = "2019-01-07 or Jan 2019"  # two spellings that are read, for a refusal
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[AaPp][Mm])?"
TIME = rf"(?:(?:T| +)(?P<time>{CLOCK}) ?(?P<zone>Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?"
MONTHS = {name: k + 1 for k, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split())}
NAMED = r"(?P<name>" + "|".join(MONTHS) + r")[a-z]*\.?"
WHOLE = "january february march april may june july august sept(?:ember)? october november december".split()
WHOLE_NAME = r"(?P<name>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in WHOLE) + r")\.?"  # not Marker-10
YEAR, YEAR2 = (rf"(?P<year{k}>(?:1[5-9]|20)\d{{2}})" for k in ("", "2"))
SPELLINGS = {  # how a date may be written; the named groups are its parts
    "year-month-day": rf"(?!\d+\.\d+$)(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}){TIME})?",
    "quarters": r"(?P<year>\d{4})[-/ ]?Q(?P<quarter>[1-4])|Q(?P<quarter2>[1-4])[-/ ]?(?P<year2>\d{4})",
    "ISO weeks": r"(?P<year>\d{4})[- ]?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?",
    "year and month": r"(?P<year>\d{4})M(?P<month>\d{1,2})",
    "year, month, day in digits": r"(?P<year>(?:1[5-9]|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)"
    r"(?:[T ]?(?P<hour>[01]\d|2[0-3]):?(?P<minute>[0-5]\d)?)?",
    "day, name of the month, year": rf"(?:(?P<day>\d{{1,2}})[-/. ] ?)?{NAMED}[-/ ,] ?(?P<year>\d{{4}}){TIME}",
    "name of the month, day, year": rf"{NAMED} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){TIME}",
    "day and month in numbers": rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<year>\d{{4}}){TIME}",
    "a year of two digits": rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<short>\d{{2}}){TIME}",
    "fiscal years": rf"{YEAR}[-/](?P<until>\d{{2}})",
    "fiscal years in words": rf"FY ?{YEAR}(?:[-/](?P<until>\d{{2}}|\d{{4}}))?|{YEAR2}[-/](?P<until2>\d{{4}})",
    "name of the month-day-year": rf"{NAMED}[-/.](?P<day>\d{{1,2}})[-/.](?P<year>\d{{4}}){TIME}",
    "month/year": rf"(?P<month>\d{{1,2}})[-/]{YEAR}",
    "month by name, year of two digits": rf"(?:(?P<day>\d{{1,2}})[-/. ])?{WHOLE_NAME}[-/ ]'?(?P<short>\d{{2}}){TIME}",
    "year and month in six digits": r"(?P<year>(?:1[5-9]|20)\d{2})(?P<month>0[1-9]|1[0-2])",
    "a year of two digits, in six": r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "year and month with a point": r"(?:1[5-9]|20)\d{2}\.(?:0[1-9]|1[0-2]?)",
}
# numbers, unless they run as dates do
MONTHS_BARE, DAYS_BARE = "year and month in six digits", "a year of two digits, in six"
MONTHS_POINT = "year and month with a point"
NUMBERS = (MONTHS_BARE, DAYS_BARE, MONTHS_POINT, "year, month, day in digits")
FISCAL = "fiscal years"
# words and ranges elsewhere, dates in a column that is to be the input
WIDE = ("fiscal years in words", "name of the month-day-year", "month/year", "month by name, year of two digits")


def spelling_of(given: pd.Series, wide: bool) -> str | None:
    """How all dates are written; None where most of the texts are no dates."""
    some = {name: pattern for name, pattern in SPELLINGS.items() if wide or name not in WIDE}
    fits = {name: given.str.fullmatch(pattern, case=False) for name, pattern in some.items()}
    for name in {FISCAL, WIDE[0]} & set(fits):
        fits[name] &= _runs_on(given, name)
    fiscal = _are_fiscal(given, fits[FISCAL])
    spelling = FISCAL if fiscal else max(fits, key=lambda name: fits[name].sum())
    if not len(given) or fiscal and not wide:
        return None
    if fits[spelling].mean() <= 0.5:  # several spellings, none of them of most
        words = pd.DataFrame({name: fit for name, fit in fits.items() if name not in (*NUMBERS, FISCAL)})
        if not wide or words.any(axis=1).mean() <= 0.5:
            return None
        spelling = str(words.sum().idxmax())
    if spelling in (MONTHS_BARE, DAYS_BARE, MONTHS_POINT):
        return _in_numbers(given, fits)
    unlike = f"is not written like the other dates, {given[fits[spelling]].iloc[0]!r} for one"
    lines = f", or leave lines out with {argument('skip', sets=True)}" if given.index.name == "line" else ""
    refuse_first(given, ~fits[spelling], unlike, f"write all in one way, such as {READ}{lines}", cell=True)
    return spelling


def odd_cell(values: pd.Series) -> int:
    """The first row whose text is no date and is not missing; the first that is not missing where all are dates."""
    given = values.dropna().astype(str)
    fits = [given.str.fullmatch(pattern, case=False) for pattern in SPELLINGS.values()]
    wrong = ~pd.concat(fits, axis=1).any(axis=1)
    return int(np.flatnonzero(values.notna())[int(wrong.to_numpy().argmax())]) if len(given) else 0


def _runs_on(given: pd.Series, spelling: str) -> pd.Series:
    """Whether the second year follows the first, as in 1990/91 and FY1999/2000; True where there is none."""
    parts = given.str.extract(f"(?i:^(?:{SPELLINGS[spelling]})$)")
    first, until = (either(parts, name).astype(float) for name in ("year", "until"))
    return until.isna() | (until == first + 1) | (until < 100) & ((until - first - 1) % 100 == 0)


def _are_fiscal(given: pd.Series, fits: pd.Series) -> bool:
    """Whether 1990-91 is a fiscal year: most cells are one, and more than may be months.

    Where all may be both, as 2001-02 and 2002-03, three of them are years: months would be thirteen apart.
    """
    months = given.str.fullmatch(r"\d{4}[-/](?:0?[1-9]|1[0-2])")
    most = fits.mean() > 0.5 and fits.sum() >= months.sum()
    return bool(most and (fits.sum() > months.sum() or given[fits].nunique() > 2))


def _in_numbers(given: pd.Series, fits: dict[str, pd.Series]) -> str | None:
    """How numbers of six digits, or with two decimals, are dates; None where they are numbers.

    Dates all fit, have several months (or days) in several years (or months), and so steps of more than one size, as 1
    and 89 from month to month. Raises TableError for those that need another spelling, or may be months and days.
    """
    value = pd.to_numeric(given, errors="coerce").drop_duplicates().sort_values()
    if value.isna().any():
        return None
    larger, part = divmod(value if not fits[MONTHS_POINT].all() else (100 * value).round(), 100)
    if larger.nunique() < 2 or part.nunique() < 2 or value.diff().dropna().round(6).nunique() < 2:
        return None
    example, where = given.iloc[0], "" if given.name is None else f"column {str(given.name)!r}: "
    if fits[MONTHS_BARE].all():
        steps = (12 * larger + part).diff().dropna()
        if not fits[DAYS_BARE].all() or (steps == steps.median()).mean() > 0.5:
            return MONTHS_BARE
        raise TableError(f"{where}{example!r} may be a month or a day, in six digits", "write dates as 2019-01-07")
    if fits[DAYS_BARE].all():
        raise TableError(f"{where}{example!r} looks like a date with a year of two digits", "write dates as 2019-01-07")
    if fits[MONTHS_POINT].all():
        raise TableError(f"{where}{example!r} may be a month, or a number with decimals", "write months as 2019-01")
    return None


def either(parts: pd.DataFrame, name: str) -> pd.Series:
    """A part that a spelling has in two places, of which each date fills one."""
    return parts[name].fillna(parts[f"{name}2"]) if f"{name}2" in parts else parts[name]
