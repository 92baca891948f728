"""The lungs as SVG: one view of a reading's map.

The theme "screen" is coloured by static/css/reading.css, follows the page's theme and is pressed through
static/js/segment_map.js. "print", "light" and "dark" carry their colours with them, for a PDF or a mail.
"""

from dataclasses import dataclass
from html import escape
from types import MappingProxyType
from typing import NamedTuple

from django.utils.safestring import SafeString

from reporting.lungs.marks import in_words, marks_of
from reporting.lungs.shapes import SIDES_SHOWN, VIEWS

SMALLEST_NUMBER = 6.0
# The windpipe and its branches stand between the lungs, so that nobody takes the right for the left.
AIRWAYS = "M138 3V86M138 84C138 96 130 102 118 108M138 84C138 97 147 107 161 114"
GLYPHS = MappingProxyType(
    {
        "mismatch": "M-3.2-1.5H3.2M-3.2 1.5H3.2M2-4L-2 4",
        "match": "M-3.2-1.5H3.2M-3.2 1.5H3.2",
        "triple": "M-3.2-2.6H3.2M-3.2 0H3.2M-3.2 2.6H3.2",
        "ventilation": "M-2.8-2.8L0 2.8L2.8-2.8",
        "lesion": "M-2.5-2.5L2.5 2.5M2.5-2.5L-2.5 2.5",
    }
)


# The size of a defect is told by pattern as well as by colour: (side of the tile, what is drawn in it).
TILES = MappingProxyType(
    {
        "small": (5, '<circle cx="2.5" cy="2.5" r="0.9" fill="{}"/>'),
        "moderate": (5, '<path d="M-1 6L6-1M-1 1L1-1M4 6L6 4" stroke="{}" stroke-width="1.1"/>'),
        "large": (6, '<path d="M0 0L6 6M6 0L0 6" stroke="{}" stroke-width="0.8"/>'),
    }
)


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours: the lines, and for each value of perfusion (fill, pattern, number)."""

    line: str
    rim: str
    paper: str
    alarm: str
    perfusion: MappingProxyType


def _theme(line, rim, paper, alarm, **perfusion):
    return Theme(line, rim, paper, alarm, MappingProxyType(perfusion))


_LIGHT = _theme(
    "#6c7b82",
    "#33434b",
    "#ffffff",
    "#b3261e",
    none=("#ffffff", "#ffffff", "#4a5a61"),
    normal=("#d3dee2", "#d3dee2", "#22313a"),
    small=("#f7dde5", "#a8385c", "#4f0f24"),
    moderate=("#e39bb1", "#8c2345", "#3d0a1b"),
    large=("#8c2345", "#6d1432", "#ffffff"),
)
_DARK = _theme(
    "#8a9aa2",
    "#c3d0d6",
    "#151d21",
    "#ff8d83",
    none=("#151d21", "#151d21", "#a8b7bd"),
    normal=("#31424a", "#31424a", "#dbe5e9"),
    small=("#4a2833", "#ff9fb7", "#ffe3ea"),
    moderate=("#7d3850", "#ff9fb7", "#ffffff"),
    large=("#ff9fb7", "#ffd0dc", "#33060f"),
)
THEMES = MappingProxyType({"print": _LIGHT, "light": _LIGHT, "dark": _DARK})


@dataclass(frozen=True, slots=True)
class Figure:
    """One view, drawn."""

    key: str
    title: str
    svg: str


def figures(reading, views=tuple(VIEWS), *, study=None, theme="screen"):
    """The views as Figures, in the order given."""
    marks = marks_of(reading, study)
    return [Figure(key, VIEWS[key].title, _drawn(reading, key, theme, marks)) for key in views]


class Picture(NamedTuple):
    """A view for paper: its key and English name, what it shows in English words, and the drawing."""

    key: str
    name: str
    alt: str
    svg: str


def pictures(reading, views=tuple(VIEWS), *, study=None, theme="print"):
    """The views as Pictures; none for a reading without a map."""
    if not reading.segments:
        return []
    return [
        Picture(
            each.key,
            each.title,
            f"{each.title}. {in_words(reading, study, VIEWS[each.key].regions)}",
            str(each.svg),
        )
        for each in figures(reading, views, study=study, theme=theme)
    ]


def segment_svg(reading, view, theme="screen", *, study=None):
    """The SVG of one view (a key of shapes.VIEWS) of a Reading. Raises KeyError for an unknown view or theme."""
    return _drawn(reading, view, theme, marks_of(reading, study))


def _drawn(reading, key, theme, marks):
    view = VIEWS[key]
    seen = [each for each in reading.every_segment() if each.code in view.regions]
    paint = _Screen() if theme == "screen" else _Painted(theme, key)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {view.width} {view.height}" {paint.root(view, key)}>'
    airways = f'<path d="{AIRWAYS}" {paint.airways}/>' if key in ("anterior", "posterior") else ""
    alarms = [_outlined(view, each, paint) for each in seen if marks[each.code] == "mismatch"]
    parts = [
        head,
        paint.definitions,
        airways,
        *(f'<path d="{view.regions[each.code].path}" {paint.area(each, marks)}/>' for each in seen),
        f'<path d="{view.fissures}" {paint.fissure}/><path d="{view.outline}" {paint.outline}/>',
        f"<g {paint.marked}>{''.join(alarms)}</g>",
        '<g class="lungs__rings"></g>' if paint.is_screen else "",
        *(_label(view.regions[each.code], each, paint, marks[each.code]) for each in seen),
        _sides(view, key, paint),
        "</svg>",
    ]
    return SafeString("".join(parts))  # Shapes and vocabularies of ours: no text of anybody is in it.


def _outlined(view, each, paint):
    """Above its neighbours, so that they do not hide the half of its line."""
    return f'<path d="{view.regions[each.code].path}" {paint.alarm}/>'


def _label(region, finding, paint, mark):
    """The segment's number, and below it the mark."""
    if region.radius < SMALLEST_NUMBER and not mark and not paint.is_screen:
        return ""
    size = min(13.0, max(7.5, region.radius * 0.85))
    number = escape(finding.code[2:])
    if region.radius < SMALLEST_NUMBER:
        number = ""
    shift = size * 0.55 if mark else 0
    scale = min(1.0, max(0.6, region.radius / 13))
    text = (
        f'<text y="{size * 0.35 - shift:.1f}" font-size="{size:.1f}" {paint.number(finding)}>{number}</text>'
    )
    badge = paint.badge(mark, f"translate(0 {size * 0.62:.1f}) scale({scale:.2f})")
    return f'<g transform="translate({region.x} {region.y})" {paint.label(finding, mark, shift)}>{text}{badge}</g>'


def _sides(view, key, paint):
    letters = SIDES_SHOWN[key]
    if not letters:
        return ""
    y, (first, last) = view.height - 4, letters
    at = f'y="{y}" {paint.side}'
    return f'<text x="4" {at}>{first}</text><text x="{view.width - 12}" {at}>{last}</text>'


class _Screen:
    """Classes and data for the stylesheet and the module that presses it."""

    is_screen = True
    definitions = ""
    airways = 'class="lungs__airways"'
    fissure = 'class="lungs__fissure"'
    outline = 'class="lungs__outline"'
    marked = 'class="lungs__marked"'
    alarm = ""
    side = 'class="lungs__side"'

    def root(self, view, key):
        return f'class="lungs" data-view="{key}" aria-hidden="true" focusable="false"'

    def area(self, finding, marks):
        mark = marks[finding.code]
        return f'class="seg" data-segment="{finding.code}" data-q="{finding.perfusion}" data-mark="{mark}"'

    def label(self, finding, mark, shift):
        return (
            f'class="seg-label" data-label="{finding.code}" data-q="{finding.perfusion}" data-mark="{mark}"'
        )

    def number(self, finding):
        return 'class="seg-number"'

    def badge(self, mark, place):
        return f'<g class="seg-badge" transform="{place}"><circle r="6.4"/><use href="#seg-mark-{mark or "none"}"/></g>'


class _Painted:
    """Attributes that carry their colours; the patterns have names of their own for each view."""

    is_screen = False

    def __init__(self, name, key):
        theme = THEMES[name]
        self.theme, self.key = theme, f"{name}-{key}"
        self.airways = (
            f'fill="none" stroke="{theme.line}" stroke-opacity="0.28" stroke-width="8" stroke-linecap="round"'
        )
        self.fissure = f'fill="none" stroke="{theme.rim}" stroke-width="1.7" stroke-linecap="round"'
        self.outline = f'fill="none" stroke="{theme.rim}" stroke-width="2.2" stroke-linejoin="round"'
        self.marked = ""
        self.alarm = f'fill="none" stroke="{theme.alarm}" stroke-width="2.6" stroke-linejoin="round"'
        self.side = f'fill="{theme.line}" font-family="sans-serif" font-size="13" font-weight="600"'

    @property
    def definitions(self):
        tiles = (self._pattern(name, *tile) for name, tile in TILES.items())
        return f"<defs>{''.join(tiles)}</defs>"

    def _pattern(self, name, side, drawn):
        fill, ink, _ = self.theme.perfusion[name]
        return (
            f'<pattern id="{self.key}-{name}" width="{side}" height="{side}" patternUnits="userSpaceOnUse">'
            f'<rect width="{side}" height="{side}" fill="{fill}"/>{drawn.format(ink)}</pattern>'
        )

    def root(self, view, key):
        return f'width="{view.width}" height="{view.height}"'

    def area(self, finding, marks):
        value = finding.perfusion or "none"
        fill = f"url(#{self.key}-{value})" if finding.is_defect else self.theme.perfusion[value][0]
        dashed = "" if finding.perfusion else ' stroke-dasharray="3 2"'
        return f'fill="{fill}" stroke="{self.theme.line}" stroke-width="0.8"{dashed}'

    def label(self, finding, mark, shift):
        return ""

    def number(self, finding):
        colour = self.theme.perfusion[finding.perfusion or "none"][2]
        halo = self.theme.perfusion[finding.perfusion][0] if finding.is_defect else "none"
        return (
            f'fill="{colour}" stroke="{halo}" stroke-width="2.4" paint-order="stroke" stroke-linejoin="round" '
            'font-family="sans-serif" font-weight="600" text-anchor="middle"'
        )

    def badge(self, mark, place):
        if not mark:
            return ""
        fill, ink = (
            (self.theme.alarm, self.theme.paper) if mark == "mismatch" else (self.theme.paper, self.theme.rim)
        )
        return (
            f'<g transform="{place}"><circle r="6.4" fill="{fill}" stroke="{self.theme.rim}" stroke-width="0.8"/>'
            f'<path d="{GLYPHS[mark]}" fill="none" stroke="{ink}" stroke-width="1.5" stroke-linecap="round"/></g>'
        )
