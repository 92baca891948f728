"""`{% load differential %}`: the fields of the quantitative differential, and its shares as bars."""

from dataclasses import dataclass

from django import template
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString

from reporting.engine.differential import REGIONS, by_lung, shares

register = template.Library()
PARTS = (("p", "perfusion", "Perfusion"), ("v", "ventilation", "Ventilation"))
DIVISIONS = (("", "Not measured"), ("lung", "Lung"), ("zone", "Zone"), ("lobe", "Lobe"))
FIGURES = (
    ("percent", "percent", "percent"),
    ("counts", "anterior", "anterior counts"),
    ("counts", "posterior", "posterior counts"),
)
LONGEST_BAR, LINE = 120, 24


@dataclass(frozen=True, slots=True)
class Figure:
    """One field: `kind` is percent or counts."""

    field: str
    kind: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class RegionFields:
    name: str
    figures: list


@dataclass(frozen=True, slots=True)
class Part:
    """Perfusion or ventilation: what is chosen, and [(division, [RegionFields])]."""

    letter: str
    name: str
    by: str
    is_counts: bool
    tables: list
    divisions: tuple = DIVISIONS


@dataclass(frozen=True, slots=True)
class Bar:
    name: str
    percent: str
    width: float
    y: int
    text_y: int


@dataclass(frozen=True, slots=True)
class Bars:
    """The shares of perfusion or ventilation; `words` say the same."""

    key: str
    name: str
    bars: list
    height: int
    is_mean: bool
    words: str


@register.simple_tag
def differential_fields(reading, fields):
    """The fields of both parts: eighty of them, by Jinja2 as the table of the segments is."""
    here = {"reading": reading, "parts": parts_of(fields)}
    return SafeString(render_to_string("reporting/differential.html", here, using="jinja2"))


def parts_of(fields):
    """The fields of perfusion and ventilation, with what was sent or is kept (a MultiValueDict)."""
    fields = fields or MultiValueDict()
    return [
        Part(
            letter,
            name,
            fields.get(f"d-{letter}-by", ""),
            fields.get(f"d-{letter}-as", "") == "counts",
            [
                (by, [_fields(fields, letter, by, *each) for each in regions.items()])
                for by, regions in REGIONS.items()
            ],
        )
        for letter, _, name in PARTS
    ]


@register.simple_tag
def differential_bars(found):
    """The Bars of a Differential, right and left lung first where it was divided further."""
    known = [(key, name, getattr(found, key, None)) for _, key, name in PARTS]
    return [_bars(key, name, measured) for key, name, measured in known if measured]


def _fields(fields, letter, by, key, name):
    named = ((f"d-{letter}-{by}-{key}-{figure}", kind, label) for kind, figure, label in FIGURES)
    return RegionFields(
        name, [Figure(field, kind, label, fields.get(field, "")) for field, kind, label in named]
    )


def _bars(key, name, measured):
    found = {REGIONS[measured.by][each]: percent for each, percent in shares(measured).items()}
    if measured.by != "lung":
        lungs = by_lung(measured)
        found = {"Right lung": lungs["right"], "Left lung": lungs["left"], **found}
    bars = [
        Bar(
            region,
            f"{percent:.1f}",
            round(LONGEST_BAR * percent / 100, 1),
            number * LINE + 4,
            number * LINE + 15,
        )
        for number, (region, percent) in enumerate(found.items())
    ]
    is_mean = all(None not in (each.anterior, each.posterior) for each in measured.regions)
    words = f"{name}: {', '.join(f'{bar.name} {bar.percent} %' for bar in bars)}"
    return Bars(key, name, bars, len(bars) * LINE, is_mean, words)
