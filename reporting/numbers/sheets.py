"""Figures and cases as CSV that a spreadsheet takes for values only."""

import csv
import io

from reporting.numbers.values import NOTHING

# Some spreadsheets pass over blanks in front, and take the wide signs of East Asian keyboards for the plain ones.
_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BREAKS = ("\t", "\r", "\n")


def safe(value):
    """What a spreadsheet would take for a formula is text (OWASP: CSV injection); numbers stay numbers."""
    if isinstance(value, str) and (value.startswith(_BREAKS) or value.lstrip().startswith(_FORMULAS)):
        return f"'{value}"
    return "" if value is None else value


def text(rows):
    """The rows as one CSV text, with the mark by which spreadsheets know UTF-8."""
    return "\ufeff" + "".join(lines(rows))


def lines(rows):
    """Each row as a line of CSV, one by one."""
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([safe(value) for value in row])
        yield line.getvalue()


def figures(panel, reading, choice):
    """The tables of a panel one below the other: bare figures, activities in MBq, times in minutes."""
    yield [panel.title]
    yield [f"{choice.first:%Y-%m-%d}", f"{choice.last:%Y-%m-%d}", _whose(choice)]
    for each in reading.figures:
        yield [each.label, bare(each.cell), _said(each.cell)]
    for table in reading.tables:
        yield []
        yield [table.caption]
        yield list(table.columns)
        for row in table.rows:
            yield [row[0].text, *(bare(cell) for cell in row[1:])]


def bare(cell):
    """The figure itself; in words where it has none, and nothing where there is nothing to say."""
    return _said(cell) if cell.value is None else cell.value


def _said(cell):
    return "" if cell.text == NOTHING else cell.text


def _whose(choice):
    limits = (choice.protocol, choice.agent, choice.patient_class)
    return ", ".join(
        ["all sites" if choice.all_sites else choice.site.code, *(each for each in limits if each)]
    )
