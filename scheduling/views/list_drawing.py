"""The rows of a list, drawn once for all who see the same: one change is drawn once, not by each of sixty lists.

What is kept is keyed by the version of the data, the minute, the view and what the person may do. It holds no
token of a session: those are put in for each answer.
"""

import re
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from urllib.parse import quote

from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from markupsafe import escape

from scheduling import kept_examinations, worklist
from scheduling.forms.orders import listed_physicians
from scheduling.services.problems import REPORTED
from scheduling.services.vetting import PRESET_REASONS
from scheduling.views import drawn_rows, line_menu, list_views
from vqflow import policy
from vqflow.once import key as key_of_form

MOST = 24  # drawn lists in memory: the tabs and rooms that people look at in one minute
# Where a form's tokens belong. Nobody outside this process knows it, so no name or note can contain it.
TOKENS = mark_safe(f"<!--{secrets.token_hex(16)}-->")  # noqa: S308  (our own text)
HERE_URL, HERE_QUERY = secrets.token_hex(16), secrets.token_hex(16)
_MARK = re.compile(re.escape(TOKENS))
_kept, _lock = OrderedDict(), Lock()
FRESH_SECONDS, MOST_RECENT = 0.5, 200
_recent = {}


@dataclass(frozen=True, slots=True)
class Drawn:
    """One view of a day: the lines it shows, how many are in each tab of the room, and its table with marks."""

    lines: list
    in_room: list
    rooms: list
    surnames: dict
    table: str
    overrides: dict


def drawn(view, user, now, seen):
    """The Drawn of a view for this person, of this minute. `seen`: what list_version says of the day."""
    rows = _once(
        ("rows", view.site.pk, view.day, seen.version, _minute(now)),
        lambda: worklist.day(view.site, view.day, by=user, now=now, seen=seen),
    )
    key = (
        "table",
        view.url(),
        view.site.pk,
        seen.version,
        _minute(now),
        drawn_rows.standing(user),
        _personal(view, rows, user),
    )
    return _once(key, lambda: _draw(view, rows, user, now))


def table(found, request):
    """The table with the tokens of this session, each form with a key of its own."""
    csrf = format_html('<input type="hidden" name="csrfmiddlewaretoken" value="{}">', get_token(request))
    begins = f'{csrf}<input type="hidden" name="request_id" value="'
    return mark_safe(_MARK.sub(lambda _: f'{begins}{key_of_form()}">', found.table))  # noqa: S308  (drawn by a template)


def override_context(user, problems):
    """Who may override, and for a decision by phone the physicians who can have given it."""
    in_person = policy.allows(user, "override.clinical")
    by_phone = not in_person and policy.allows(user, "override.clinical_by_phone")
    asked = any(problem.rule for problem in problems)
    return {
        "overrides": "in person" if in_person else "by phone" if by_phone else "",
        "is_authorised_user": policy.allows(user, "override.authorised_user"),
        "physicians": listed_physicians(user) if by_phone and asked else [],
        "preset_reasons": PRESET_REASONS,
    }


def may(user):
    """What the rows ask about the person beside the overrides."""
    return {
        "problem_reasons": REPORTED if policy.allows(user, "problem.report") else [],
        "may_close_problem": policy.allows(user, "problem.close"),
    }


def _draw(view, rows, user, now):
    lines = [drawn_rows.line(row, user, now, view.day) for row in rows]
    lines.sort(key=lambda line: not line.is_live)  # stable: both parts stay in the order of time
    used = {line.key: _rooms(line) for line in lines}
    in_room = [line for line in lines if view.room in (None, *(room.pk for room in used[line.key]))]
    chosen = [line for line in in_room if list_views.is_in(line, view.state, user)]
    overrides = override_context(
        user, [problem for line in chosen for problem in (*line.problems, *line.waiting)]
    )
    return Drawn(
        lines=chosen,
        in_room=in_room,
        rooms=sorted(set().union(*used.values()), key=lambda room: room.name),
        surnames={line.key: line.row.patient.family_name for line in lines},
        table=_table(view, chosen, may(user) | overrides) if chosen else "",
        overrides=overrides,
    )


def _table(view, lines, context):
    """The table of these lines. Each row is drawn for every tab and room; where to go back to is put in here."""
    context |= {
        "here_url": HERE_URL,
        "here_query": HERE_QUERY,
        "address": line_menu.address,
        "tokens": TOKENS,
    }
    physicians = tuple((each.pk, each.name, each.is_authorised_user) for each in context["physicians"])
    drawn_for = context["overrides"], physicians
    groups = [
        (room, list(drawn_rows.html(found, context, drawn_for)))
        for room, found in list_views.grouped(view, lines)
    ]
    here = {"view": view, "groups": groups}
    drawn_table = render_to_string("scheduling/worklist_table.html", here, using="jinja2")
    return drawn_table.replace(HERE_URL, escape(view.url())).replace(
        HERE_QUERY, f"?next={quote(view.url(), safe='')}"
    )


def _rooms(line):
    """The rooms that an examination uses."""
    return {room for step in line.row.steps for room in worklist.rooms_of(step)}


def _minute(now):
    return int(now.timestamp()) // 60


def _personal(view, rows, user):
    """The person, where the rows are not the same for everybody of the role."""
    holders = {each.user_id for row in rows if (each := getattr(row.appointment, "worked_on", None))}
    return user.pk if view.state == list_views.MINE or user.pk in holders else None


def forget():
    """Draw everything anew from now on."""
    kept_examinations.forget()
    drawn_rows.forget()
    with _lock:
        _kept.clear()
        _recent.clear()


def recent(view):
    """The version of a day as it was at most half a second ago, or None: sixty lists ask for it fifteen times a second.

    Good for saying that nothing has changed; whoever shows rows asks for the newest.
    """
    made_at, version = _recent.get((view.site.pk, view.day), (-FRESH_SECONDS, None))
    return version if monotonic() - made_at < FRESH_SECONDS else None


def note(view, version):
    """Somebody has just asked for the version of a day."""
    with _lock:
        if len(_recent) >= MOST_RECENT:
            _recent.clear()
        _recent[view.site.pk, view.day] = monotonic(), version


def _once(key, make):
    """What `make()` has given for this key before, or gives now. Two at once may both make it."""
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    made = make()
    with _lock:
        _kept[key] = made
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return made
