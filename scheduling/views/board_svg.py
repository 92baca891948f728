"""A lane of the board as SVG text. A week has a thousand blocks: the template language takes half a second for them.

Every text from outside goes through `escape`; numbers, percentages and names of classes are our own.
"""

from functools import cache

from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import mark_safe

from scheduling.views.board_words import address, letter

ROOM, PERSON = 36, 22  # heights of a block within its lane
WEEK = 20


def lane(drawn, grid, *, is_week):
    """The inner SVG of one Lane (scheduling/views/board_shapes.py), from the back to the front."""
    height = WEEK if is_week else ROOM if drawn.row.is_room else PERSON
    parts = [_off(part) for part in drawn.closed if part.name == "off"]
    parts += [f'<line class="lane__grid" x1="{x}" x2="{x}" y2="100%"/>' for x in grid]
    parts += [_note(part, drawn.row) for part in drawn.closed if part.name != "off"]
    parts += [_gap(gap, drawn.row) for gap in drawn.gaps]
    for shape in drawn.shapes:
        parts += [_over(mark) for mark in shape.marks if mark.name == "over"]
        parts.append(_shape(shape, drawn.row, height, is_week))
        parts += [_done(mark) for mark in shape.marks if mark.name == "done"]
    parts += [_later(part) for part in drawn.later]
    return mark_safe("".join(parts))  # noqa: S308  (escaped below, piece by piece)


def _off(part):
    return f'<rect x="{part.x}" width="{part.width}" height="100%" fill="url(#hatch-off)"/>'


def _note(part, row):
    box = f'<svg x="{part.x}" width="{part.width}" height="100%">'
    text = f'<text class="lane__note" x="6" y="50%" dy="4">{escape(part.text)}</text>' if part.text else ""
    if part.name == "call":
        return f'{box}<rect width="100%" height="100%" fill="url(#hatch-call)"/>{text}</svg>'
    if part.name == "kept":
        return f'{box}<rect class="lane__kept" width="100%" height="100%"/>{text}</svg>'
    inner = (
        '<rect class="lane__closed" width="100%" height="100%"/>'
        '<rect width="100%" height="100%" fill="url(#hatch-closed)"/>'
        + text.replace("lane__note", "lane__note is-closed")
    )
    if not part.url:
        return f"{box}{inner}</svg>"
    label = f"{escape(row.name)}: {escape(part.text) or 'closed'}"
    ring = '<rect class="ring" width="100%" height="100%"/>'
    return f'{box}<a href="{part.url}" aria-label="{label}" data-item>{inner}{ring}</a></svg>'


def _gap(gap, row):
    return (
        f'<a class="gap" id="gap-{row.id}-{gap.start}" href="{escape(gap.url)}" aria-label="{escape(gap.label)}" '
        f'data-item data-gap data-start="{gap.start}" data-end="{gap.end}"><svg x="{gap.x}" width="{gap.width}" '
        'height="100%"><rect class="gap__area" x="1" y="2" width="100%" height="100%" rx="4"/></svg></a>'
    )


def _over(mark):
    return (
        f'<svg x="{mark.x}" y="3" width="{mark.width}" height="{ROOM}"><rect class="lane__over" width="100%" '
        'height="100%"/><rect width="100%" height="100%" fill="url(#hatch-over)"/></svg>'
    )


def _later(part):
    # What it says is in the label of the block that is late.
    at = f'<svg aria-hidden="true" x="{part.x}" y="43" height="15" width='
    box = f'{at}"{part.width}"><rect class="later" width="100%" height="100%" rx="3"/></svg>'
    if not part.text:
        return box
    return f'{box}{at}"{part.text_width}"><text class="later__text" x="4" y="11">{escape(part.text)}</text></svg>'


def _done(mark):
    return f'<rect class="lane__done" x="{mark.x}" y="39" width="{mark.width}" height="3"/>'


def _shape(shape, row, height, is_week):
    begin = (
        f'<a class="step {shape.css}" {_about(shape, row)} aria-label="{escape(shape.label)}" data-item '
        f'data-start="{shape.block.start}" data-end="{shape.block.end}">'
        f'<svg x="{shape.x}" y="3" width="{shape.width}" height="{height}">'
        f'<rect class="step__box" width="100%" height="100%" rx="3"/>{"".join(map(_part, shape.parts))}'
        '<rect class="step__edge" width="100%" height="100%" rx="3"/></svg>'
    )
    if is_week:  # its edge is its ring too: a week is heavy enough
        return f"{begin}</a>"
    return (
        f'{begin}<svg x="{shape.x}" y="1" width="{shape.width}" height="{height + 4}">'
        f'<rect class="ring" width="100%" height="100%" rx="4"/></svg></a>{_label(shape, row, height)}'
    )


def _about(shape, row):
    """Whose it is and, where it can be moved, where a drop goes to."""
    block = shape.block
    if block.visit is None:
        return f'id="taken-{block.id}" role="img" tabindex="0"'
    visit, step = block.visit.id, block.step
    about = (
        f'id="block-{step.id}-{row.id}" href="{address("appointment", visit)}" '
        f'data-visit="{visit}" aria-describedby="visit-{visit}"'
    )
    if not shape.may_move:
        return about
    url = _drop_pattern().replace("/0/", f"/{step.id}/")
    return f'{about} data-step="{step.id}" data-at="{step.start}" data-drop-url="{url}"'


@cache
def _drop_pattern():
    return reverse("scheduling:board-drop", args=[0])


def _part(part):
    if part.name == "scan":
        return f'<rect class="step__scan" x="{part.x}" width="{part.width}" height="100%"/>'
    return f'<rect x="{part.x}" width="{part.width}" height="100%" fill="url(#hatch-after)"/>'


def _label(shape, row, height):
    if not shape.label_width:
        return ""
    css = f"step__label {shape.css}{' is-over' if shape.is_over else ''}"
    # Beside the link: its name is the whole of it, not what there is room for.
    at = f'x="{shape.label_x}" y="3" width="{shape.label_width}" height="{height}"'
    box = f'<svg class="{css}" aria-hidden="true" {at}>'
    name = f'<tspan class="step__surname">{escape(shape.surname)}</tspan>{escape(shape.given)}'
    if not row.is_room:
        kind = letter(shape.block.step.kind) if shape.block.step else ""
        return f'{box}<text x="4" y="15"><tspan class="step__letter">{kind}</tspan> {name}</text></svg>'
    icon = f'<svg class="step__icon" x="4" y="19" width="13" height="13"><use href="{_icons()}#{shape.icon}"/></svg>'
    x = 20 if shape.icon else 4
    return (
        f'{box}<text x="5" y="14">{name}</text>{icon if shape.icon else ""}'
        f'<text class="step__second" x="{x}" y="30">{escape(shape.second)}</text></svg>'
    )


@cache
def _icons():
    return static("icons.svg")
