"""How dates are written: the spellings that are read, and which of them a column has.

Numbers are dates where nothing else is likely: eight digits and more that begin with year, month and day, or fewer that
roll over as months, weeks, quarters or days of a year do. A point joins year, month and day, or nothing: 1959.5 is a
number.
"""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from mtgp_tutorial.tables.refusals import TableError, argument, refuse_first

READ = "2019-01-07 or Jan 2019"  # two spellings that are read, for a refusal
CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?"
ZONES = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00"}
ZONES |= dict.fromkeys(("CET", "MEZ"), "+01:00") | dict.fromkeys(("CEST", "MESZ"), "+02:00")
TIME = rf"(?:(?:T|,? +|:)(?P<time>{CLOCK}|\d{{1,2}}\.\d{{2}}) ?(?P<zone>{'|'.join(ZONES)}|[+-]\d{{2}}:?\d{{2}})?)?"
LANGUAGES = (  # English, German, French, Spanish, Italian; without accents
    "january february march april may june july august september october november december",
    "januar februar maerz april mai juni juli august september oktober november dezember",
    "janvier fevrier mars avril mai juin juillet aout septembre octobre novembre decembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
)
MONTHS = {  # every beginning of a name from three letters on: 1 to 12
    name[:end]: k + 1 for names in LANGUAGES for k, name in enumerate(names.split()) for end in range(3, len(name) + 1)
}
del MONTHS["jui"]  # juin or juillet
MONTHS["mrz"] = 3
NAME = r"(?P<name>" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\.?"  # not Marker-10
WEEKDAY = re.compile(
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?|mo|di|mi|do|fr|sa|so)\.?,? +(?=[\da-z])", re.I
)
YEAR, YEAR2 = (rf"(?P<year{k}>(?:1[5-9]|20)\d{{2}})" for k in ("", "2"))
ISO = "year-month-day"
SPELLINGS = {  # how a date may be written; the named groups are its parts
    ISO: rf"(?!\d+\.\d+$)(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})(?:[-/.](?P<day>\d{{1,2}}){TIME})?",
    "quarters": r"(?P<year>\d{4})(?:[-/ ]?Q|:)(?P<quarter>[1-4])|"
    r"(?:Q(?P<quarter2>[1-4])|(?P<quarter3>[1-4])Q)[-/ ]?(?P<year2>\d{4})",
    "quarters, years of two digits": r"(?:Q(?P<quarter>[1-4])[-/ ]?|(?P<quarter2>[1-4])Q)'?(?P<short>\d{2})",
    "half-years": r"(?P<year>\d{4})[-/ ]?[SH](?P<half>[12])|[SH](?P<half2>[12])[-/ ]?(?P<year2>\d{4})",
    "ISO weeks": r"(?P<year>\d{4})[- ]?W(?P<week>\d{2})(?:-?(?P<weekday>[1-7]))?|"
    r"(?:KW|W) ?(?P<week2>\d{1,2})[-/ ](?P<year2>\d{4})",
    "year and month": r"(?P<year>\d{4})(?:-?M|:)(?P<month>\d{1,2})",
    "year and day of the year": rf"{YEAR}-(?P<doy>[0-3]\d\d)",
    "year, month, day in digits": r"(?P<year>(?:1[5-9]|20)\d{2})(?P<month>0[1-9]|1[0-2])(?P<day>[0-3]\d)"
    r"(?:[T ]?(?P<hour>[01]\d|2[0-3]):?(?:(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?)?)?",
    "day, name of the month, year": rf"(?:(?P<day>\d{{1,2}})[-/. ]? ?)?{NAME}[-/ ,]? ?(?P<year>\d{{4}}){TIME}",
    "name of the month, day, year": rf"{NAME} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){TIME}",
    "year, name of the month": rf"(?P<year>\d{{4}})[-/. ]?{NAME}(?:[-/. ](?P<day>\d{{1,2}}){TIME})?",
    "day and month in numbers": rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<year>\d{{4}}){TIME}",
    "a year of two digits": rf"(?P<first>\d{{1,2}})[-/.](?P<second>\d{{1,2}})[-/.](?P<short>\d{{2}}){TIME}",
    "fiscal years": rf"{YEAR}[-/](?P<until>\d{{2}})",
    "fiscal years in words": rf"FY ?{YEAR}(?:[-/](?P<until>\d{{2}}|\d{{4}}))?|{YEAR2}[-/](?P<until2>\d{{4}})",
    "name of the month-day-year": rf"{NAME}[-/.](?P<day>\d{{1,2}})[-/.](?P<year>\d{{4}}){TIME}",
    "month/year": rf"(?P<month>\d{{1,2}})[-/]{YEAR}",
    "week/year": rf"(?P<week>\d{{1,2}})[-/]{YEAR}",
    "month by name, year of two digits": rf"(?:(?P<day>\d{{1,2}})[-/. ])?{NAME}[-/ ]'?(?P<short>\d{{2}}){TIME}",
    "year and month in six digits": rf"{YEAR}(?P<month>0[1-9]|1[0-2])",
    "year and week in six digits": rf"{YEAR}(?P<week>0[1-9]|[1-4]\d|5[0-3])",
    "year and day in seven digits": rf"{YEAR}(?P<doy>[0-2]\d\d|3[0-5]\d|36[0-6])",
    "year and quarter in digits": rf"{YEAR}\.?(?P<quarter>[1-4])",
    "a year of two digits, in six": r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
    "year and month with a point": r"(?:1[5-9]|20)\d{2}\.(?:0[1-9]|1[0-2]?)",
}
DIGITS = "year, month, day in digits"
# numbers, unless they run as dates do: how many of the last digits are the part
ROLLING = {"year and month in six digits": 2, "year and week in six digits": 2, "year and day in seven digits": 3}
ROLLING |= {"year and quarter in digits": 1, "a year of two digits, in six": 2, "year and month with a point": 2}
MONTHS_BARE, WEEKS_BARE, _, _, DAYS_BARE, MONTHS_POINT = ROLLING
FISCAL, FISCAL_WORDS, WEEK_YEAR, MONTH_YEAR = "fiscal years", "fiscal years in words", "week/year", "month/year"
# words and ranges elsewhere, dates in a column that is to be the input
WIDE = {FISCAL_WORDS, "name of the month-day-year", MONTH_YEAR, WEEK_YEAR, "month by name, year of two digits"}
WIDE |= {"quarters, years of two digits"}
COMPILED = {name: re.compile(pattern, re.I) for name, pattern in SPELLINGS.items()}
WEEKS = re.compile(r"(?:iso_?)?week|wk|kw|(?:kalender)?woche|semaine|semana|settimana", re.I)
LOOKED_AT = 2_000  # cells that tell which spellings to try on all of a column


ORDERS = ("day-first", "month-first")
TWO_DIGIT, FIRST = "two-digit", 1950  # 50 to 99 are 1950 to 1999, and 00 to 49 are 2000 to 2049


def manner(dates: str | int | None) -> tuple[str | None, int | None]:
    """What `dates` asks: the order of day and month, and the first of the hundred years that two digits stand for.

    dates: "day-first" or "month-first", "two-digit" (1950 to 2049) or a first year such as "1900", or one of each
    joined by a comma. Raises TableError for other words.
    """
    order, first = None, None
    for word in [] if dates is None else re.split(r"[\s,]+", str(dates).strip()):
        if word in ORDERS and order is None:
            order = word
        elif first is None and re.fullmatch(rf"{TWO_DIGIT}|(?:1[5-9]|20)\d\d", word):
            first = FIRST if word == TWO_DIGIT else int(word)
        else:
            raise TableError(
                f"{argument('dates')}: is {dates!r}",
                "pass 'day-first' or 'month-first', 'two-digit' or the first of a hundred years, as '1950', or one of "
                "each, as 'day-first,two-digit'",
            )
    return order, first


def plain(given: pd.Series) -> pd.Series:
    """Text of dates without accents, without the day of the week before it and the name of a zone behind its offset."""
    cells = given.tolist()
    if not all(map(str.isascii, cells)):
        cells = [
            unicodedata.normalize("NFKD", re.sub("[äÄ]", "ae", c)).encode("ascii", "ignore").decode() for c in cells
        ]
    if cells and (WEEKDAY.match(cells[0]) or "[" in cells[0]):
        cells = [WEEKDAY.sub("", re.sub(r"(?<=\d)\[[\w/]+\]$", "", cell), count=1) for cell in cells]
    return pd.Series(cells, given.index, dtype=object, name=given.name)


def _fits(given: pd.Series, name: str) -> pd.Series:
    match = COMPILED[name].fullmatch
    return pd.Series([match(cell) is not None for cell in given], given.index, dtype=bool)


def spelling_of(given: pd.Series, wide: bool) -> str | None:
    """How all dates are written; None where most of the texts are no dates."""
    cells = plain(given)
    some = cells.iloc[:: max(1, len(cells) // LOOKED_AT)]
    fits = {name: _fits(cells, name) for name in SPELLINGS if (wide or name not in WIDE) and _fits(some, name).any()}
    for name in {FISCAL, FISCAL_WORDS} & set(fits):
        fits[name] &= _runs_on(cells, name)
    fiscal = _are_fiscal(cells, fits[FISCAL]) if FISCAL in fits else False
    if not fits or fiscal and not wide:
        return None
    spelling = FISCAL if fiscal else max(fits, key=lambda name: fits[name].sum())
    if spelling in (MONTH_YEAR, WEEK_YEAR):
        spelling = _month_or_week(given, fits[spelling])
    if fits[spelling].mean() <= 0.5:  # several spellings, none of them of most
        words = pd.DataFrame({name: fit for name, fit in fits.items() if name not in (*ROLLING, DIGITS, FISCAL)})
        if not wide or words.empty or words.any(axis=1).mean() <= 0.5:
            return None
        spelling = str(words.sum().idxmax())
    if spelling in ROLLING:
        return _in_numbers(given, fits)
    unlike = f"is not written like the other dates, {given[fits[spelling]].iloc[0]!r} for one"
    odd = ~fits[spelling]
    lines = f", or leave lines out with {leaving(given.index[odd])}" if given.index.name == "line" else ""
    refuse_first(given, odd, unlike, f"write all in one way, such as {READ}{lines}", cell=True)
    return spelling


def leaving(lines: pd.Index) -> str:
    """The argument that leaves lines out: with their numbers where they are a few."""
    return argument("skip", ",".join(map(str, lines))) if len(lines) < 20 else argument("skip", sets=True)


def _month_or_week(given: pd.Series, fits: pd.Series) -> str:
    """What 13/2018 is: a week in a column of that name, and where a third of the numbers are more than twelve."""
    numbers = given[fits].str.extract(r"^(\d+)")[0].astype(int)
    weeks = WEEKS.fullmatch(str(given.name)) is not None or (numbers > 12).mean() > 1 / 3
    return WEEK_YEAR if weeks else MONTH_YEAR


def odd_cell(values: pd.Series) -> int:
    """The first row whose text is no date and is not missing; the first that is not missing where all are dates."""
    given = plain(values.dropna().astype(str))
    wrong = np.array([not any(one.fullmatch(cell) for one in COMPILED.values()) for cell in given], dtype=bool)
    return int(np.flatnonzero(values.notna())[int(wrong.argmax())]) if len(given) else 0


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
    """How numbers are dates that roll over, as 2005.4 and 2006.1, 201852 and 201901; None where they are numbers.

    Dates all fit, have several months (or weeks, ...) in several years, and so steps of more than one size, as 1 and 89
    from month to month. Raises TableError for those that need another spelling, or may be months and days.
    """
    value = pd.to_numeric(given, errors="coerce").drop_duplicates().sort_values()
    whole = [name for name in ROLLING if name in fits and fits[name].all()]
    if value.isna().any() or not whole:
        return None
    weeks = WEEKS.fullmatch(str(given.name)) is not None and WEEKS_BARE in whole
    name = WEEKS_BARE if weeks else whole[0]
    digits = pd.Series(given.unique(), dtype=object)
    larger, part = digits.str[: -ROLLING[name]], digits.str[-ROLLING[name] :]
    if larger.nunique() < 2 or part.nunique() < 2 or value.diff().dropna().round(6).nunique() < 2:
        return None
    example, where = given.iloc[0], "" if given.name is None else f"column {str(given.name)!r}: "
    if name == MONTHS_BARE and DAYS_BARE in whole:
        steps = (12 * (value // 100) + value % 100).diff().dropna()
        if (steps == steps.median()).mean() <= 0.5:
            raise TableError(f"{where}{example!r} may be a month or a day, in six digits", "write dates as 2019-01-07")
    if name == DAYS_BARE:
        raise TableError(f"{where}{example!r} looks like a date with a year of two digits", "write dates as 2019-01-07")
    if name == MONTHS_POINT:
        raise TableError(f"{where}{example!r} may be a month, or a number with decimals", "write months as 2019-01")
    return name


def either(parts: pd.DataFrame, name: str) -> pd.Series:
    """A part that a spelling has in several places, of which each date fills one."""
    return parts.filter(regex=rf"^{name}\d?$").bfill(axis=1).iloc[:, 0]
