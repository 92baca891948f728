"""What was changed in the department, by whom and when, in words, from the history tables. Reads only.

A fixed number of queries, however long the history is: the events, and the names of who made them.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from django.apps import apps

from scheduling import department_words as words
from scheduling.models import StepKind

MOST = 400
SHOWN = 30
SKIPPED = {"site", "resource", "kind", "id", "protocol", "ordinal"}
SYSTEM = "The system"


@dataclass(frozen=True, slots=True)
class Entry:
    """What one person changed at one moment: sentences, and (what, before, after) of single values."""

    at: datetime
    who: str
    sentences: tuple[str, ...] = ()
    lines: tuple[tuple[str, str, str], ...] = ()


def of_values(*tables):
    """The history of rows whose values change: (model, ids) each. The newest first."""
    moments, events = {}, {model: _events(model, pgh_obj_id__in=list(ids)) for model, ids in tables}
    names = words.accounts(
        {event.user_id for found in events.values() for event in found if hasattr(event, "user_id")} - {None}
    )
    for model, found in events.items():
        last = {}
        for event in found:
            before = last.get(event.pgh_obj_id)
            sentences, lines = moments.setdefault(_moment(event), ([], []))
            if before is None:
                sentences.append(_begun(model, event))
            else:
                lines += _differences(model, before, event, names)
            last[event.pgh_obj_id] = event
    return _entries(moments)


def of_weekly(model, resource, begins, ends):
    """The history of weekly rows of a room (`begins`, `ends`: their fields of time). The newest first."""
    moments = {}
    events = _events(model, resource_id=resource.pk)
    for moment, group in groupby(events, key=_moment):
        sentences = moments.setdefault(moment, ([], []))[0]
        sentences += _weekly_sentences(list(group), begins, ends)
    return _entries(moments)


def of_lines(model, site, say):
    """The history of a site's lines of the plan of messages; `say(event)` names one. The newest first."""
    moments = {}
    for event in _events(model, site_id=site.pk):
        switched = {"delete": "as usual again"}.get(event.pgh_label, "on" if event.is_on else "off")
        moments.setdefault(_moment(event), ([], []))[0].append(f"{say(event)}: {switched}.")
    return _entries(moments)


def of_shifts(model, person, zone):
    """The history of a person's shifts, those of one moment together. The newest first."""
    moments = {}
    for moment, group in groupby(_events(model, resource_id=person.pk), key=_moment):
        sentences = moments.setdefault(moment, ([], []))[0]
        by_label = {}
        for event in group:
            by_label.setdefault((event.pgh_label, event.on_call), []).append(event.span)
        for (label, on_call), spans in by_label.items():
            sentences.append(_shifts(label, on_call, sorted(spans, key=lambda span: span.lower), zone))
    return _entries(moments)


def _events(model, **which):
    table = apps.get_model(model._meta.app_label, f"{model.__name__}Event")
    rows = table.objects.filter(**which).select_related("pgh_context").order_by("-pgh_id")[:MOST]
    return list(rows)[::-1]


def _moment(event):
    metadata = event.pgh_context.metadata if event.pgh_context else {}
    return event.pgh_created_at, metadata.get("user")


def _begun(model, event):
    if model._meta.model_name == "protocolstep":
        return f"{StepKind(event.kind).label} entered."
    return "Entered."


def _differences(model, before, after, names):
    prefix = f"{StepKind(after.kind).label}: " if model._meta.model_name == "protocolstep" else ""
    return [
        (
            prefix + words.named(model, field.name),
            *(words.value(model, field.name, each, names) for each in values),
        )
        for field in model._meta.concrete_fields
        if field.name not in SKIPPED and field.attname not in SKIPPED
        for values in [(getattr(before, field.attname), getattr(after, field.attname))]
        if values[0] != values[1]
    ]


def _weekly_sentences(events, begins, ends):
    """Rows of one moment and one period together, their weekdays in one line."""
    groups = {}
    for event in events:
        what = {"insert": "New", "update": "Ends", "delete": "Taken away"}[event.pgh_label]
        on_call = " on call" if getattr(event, "on_call", False) else ""
        period = words.period(event.starts_on, event.ends_on)
        spans = groups.setdefault((what, on_call, period), [])
        spans.append((event.weekday, getattr(event, begins), getattr(event, ends)))
    return [
        f"{what}{on_call}: {'; '.join(words.week(spans))}{f', {period}' if period else ''}."
        for (what, on_call, period), spans in groups.items()
    ]


def _shifts(label, on_call, spans, zone):
    what = {"insert": "New", "update": "Changed", "delete": "Taken away"}[label]
    kind = "on call" if on_call else "at work"
    first, last = (words.clock.at(span.lower, zone) for span in (spans[0], spans[-1]))
    if len(spans) == 1:
        return f"{what}: {kind} from {first} to {words.clock.at(spans[0].upper, zone)}."
    return f"{what}: {len(spans)} shifts {kind}, the first {first}, the last {last}."


def _entries(moments):
    ids = {who for _, who in moments if who}
    names = words.accounts(ids)
    found = [
        Entry(at, names.get(who, SYSTEM), tuple(dict.fromkeys(sentences)), tuple(lines))
        for (at, who), (sentences, lines) in moments.items()
        if sentences or lines
    ]
    # Of one moment the later part first.
    return sorted(found, key=lambda entry: entry.at)[::-1][:SHOWN]
