"""The drawings of the numbers: SVG made on the server. Each stands beside a table that says the same in words.

Lengths are units of a drawing 360 wide, which grows with its panel; colours come by class (static/css/numbers.css).
"""

from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from reporting.numbers.values import Bars, Stacks, Trend

WIDTH, ROW, LABEL, VALUE = 360, 22, 128, 52
_TREND_HEIGHT, _LEFT, _TOP, _BOTTOM = 118, 34, 10, 22
_LONGEST = 22
NOTHING = mark_safe("")


def drawn(chart):
    """The SVG of a chart, or nothing where there is nothing to draw."""
    if isinstance(chart, Bars):
        return _bars(chart) if chart.bars else NOTHING
    if isinstance(chart, Stacks):
        return _stacks(chart) if chart.stacks else NOTHING
    return _trend(chart) if sum(value is not None for _, value in chart.points) > 1 else NOTHING


def _svg(name, height, inside):
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        height,
        name,
        inside,
    )


def _bars(chart: Bars):
    rows = format_html_join("", "{}", ((_bar(each, number),) for number, each in enumerate(chart.bars)))
    return _svg(f"{chart.name}. The table says the same.", len(chart.bars) * ROW + 4, rows)


def _bar(bar, number):
    top, room = number * ROW + 3, WIDTH - LABEL - VALUE
    length = room * (bar.percent or 0) / 100
    whiskers = NOTHING
    if bar.low is not None and bar.percent is not None:
        low, high = (LABEL + room * value / 100 for value in (bar.low, bar.high))
        whiskers = format_html(
            '<path class="chart__range" d="M{0} {2}H{1}M{0} {3}V{4}M{1} {3}V{4}"/>',
            f"{low:.1f}", f"{high:.1f}", top + 8, top + 5, top + 11,
        )  # fmt: skip
    return format_html(
        '<text class="chart__label" x="0" y="{0}">{1}</text><rect class="chart__ground" x="{2}" y="{3}" width="{4}" '
        'height="14" rx="2"/><rect class="chart__bar" x="{2}" y="{3}" width="{5}" height="14" rx="2"/>{6}'
        '<text class="chart__value" x="{7}" y="{0}">{8}</text>',
        top + 12, _short(bar.label), LABEL, top + 1, room, f"{length:.1f}", whiskers, WIDTH, bar.text,
    )  # fmt: skip


def _short(label):
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def _stacks(chart: Stacks):
    rows = format_html_join("", "{}", ((_stack(each, n),) for n, each in enumerate(chart.stacks)))
    names = [name for name, _ in chart.stacks[0].parts]
    legend = format_html_join(
        "",
        '<rect class="chart__part chart__part--{0}" x="{1}" y="{2}" width="10" height="10" rx="2"/>'
        '<text class="chart__label" x="{3}" y="{4}">{5}</text>',
        (
            (n, n * 118, len(chart.stacks) * ROW + 8, n * 118 + 14, len(chart.stacks) * ROW + 17, name)
            for n, name in enumerate(names)
        ),
    )
    inside = format_html("{}{}", rows, legend)
    return _svg(f"{chart.name}. The table says the same.", len(chart.stacks) * ROW + 24, inside)


def _stack(stack, number):
    top, room, at, parts = number * ROW + 3, WIDTH - LABEL - VALUE, float(LABEL), []
    for kind, (name, count) in enumerate(stack.parts):
        length = room * count / stack.whole if stack.whole else 0
        if length:
            parts.append((kind, f"{at:.1f}", top + 1, f"{max(0.5, length - 1):.1f}", f"{name}: {count:,}"))
        at += length
    drawn_parts = format_html_join(
        "",
        '<rect class="chart__part chart__part--{}" x="{}" y="{}" width="{}" height="14" rx="2"><title>{}</title>'
        "</rect>",
        parts,
    )
    return format_html(
        '<text class="chart__label" x="0" y="{0}">{1}</text>{2}<text class="chart__value" x="{3}" y="{0}">{4}</text>',
        top + 12, _short(stack.label), drawn_parts, WIDTH, f"{stack.whole:,}",
    )  # fmt: skip


def _trend(chart: Trend):
    known = [value for _, value in chart.points if value is not None]
    most = chart.most if chart.most and max(known) > chart.most / 2 else max(5.0, _round_up(max(known)))
    height, right = _TREND_HEIGHT, WIDTH - 8
    step = (right - _LEFT) / max(1, len(chart.points) - 1)

    def place(number, value):
        return _LEFT + number * step, _TOP + (height - _TOP - _BOTTOM) * (1 - value / most)

    dots = [
        (*place(number, value), f"{month}: {value:.1f} {chart.unit}")
        for number, (month, value) in enumerate(chart.points)
        if value is not None
    ]
    lines = format_html_join(
        "", "{}", ((_grid(share, most, chart.unit, right, height),) for share in (0, 0.5, 1))
    )
    inside = format_html(
        '{}<path class="chart__line" d="{}"/>{}{}',
        lines,
        _path(chart, place),
        _dots(dots),
        _months(chart, step, height),
    )
    return _svg(f"{chart.name}. The table says the same.", height, inside)


def _round_up(value):
    return next(limit for limit in (5, 10, 20, 50, 100, 10**9) if value <= limit)


def _grid(share, most, unit, right, height):
    y = _TOP + (height - _TOP - _BOTTOM) * (1 - share)
    return format_html(
        '<path class="chart__grid" d="M{0} {1}H{2}"/><text class="chart__tick" x="{3}" y="{4}">{5}</text>',
        _LEFT, f"{y:.1f}", right, _LEFT - 4, f"{y + 3:.1f}", f"{most * share:g}{unit}",
    )  # fmt: skip


def _path(chart, place):
    found, pen = [], "M"
    for number, (_, value) in enumerate(chart.points):
        if value is None:
            pen = "M"
            continue
        x, y = place(number, value)
        found.append(f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    return "".join(found)


def _dots(dots):
    return format_html_join(
        "",
        '<circle class="chart__dot" cx="{}" cy="{}" r="3"><title>{}</title></circle>',
        ((f"{x:.1f}", f"{y:.1f}", words) for x, y, words in dots),
    )


def _months(chart, step, height):
    every = max(1, -(-len(chart.points) // 6))
    last = len(chart.points) - 1
    shown = [
        number
        for number in range(0, last + 1, every)
        if number == last or last - number >= every or number == 0
    ]
    return format_html_join(
        "",
        '<text class="chart__month chart__month--{}" x="{}" y="{}">{}</text>',
        (
            (
                "first" if number == 0 else "last" if number == last else "middle",
                f"{_LEFT + number * step:.1f}",
                height - 6,
                chart.points[number][0],
            )
            for number in shown
        ),
    )
