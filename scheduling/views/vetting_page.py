"""One order as the physician vets it: the request, the answers that matter, what is known from before, the choice."""

from dataclasses import dataclass

from django.shortcuts import render
from django.utils import timezone

from scheduling import order_list, priors
from scheduling.engine.screening import UNKNOWN
from scheduling.examinations import QUESTIONS, Suggested, assess, is_vetted, suggested_among
from scheduling.services import protocols
from scheduling.templatetags import clock
from scheduling.views import deciding
from scheduling.views.consequences import ACTIONS, gates
from scheduling.views.order_page import actions
from vqflow import policy

# Where the key of a question does not read as words.
SHORT = {
    "recent_tc99m": "Recent technetium",
    "copd_or_asthma": "COPD or asthma",
    "chest_xray": "Chest X-ray",
    "pretest": "Probability before the scan",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer that matters: its tone is that of the gravest thing it does; `is_open` while nobody knows."""

    label: str
    words: str
    tone: str
    is_open: bool

    def __str__(self):
        if self.is_open:
            return f"{self.label} not known"
        return f"{self.label}: {self.words}" if self.words else self.label


@dataclass(frozen=True, slots=True)
class Row:
    """One order of the physician's list."""

    row: order_list.Row
    answers: list[Answer]
    suggested: Suggested | None
    age: int | None
    scan: priors.Scan | None
    film: priors.Film | None


def rows_for(rows, now):
    """The rows with what the physician's list shows beside them: three queries more, however many rows."""
    if not rows:
        return []
    site = rows[0].order.site
    offered, today = list(protocols.bookable(site.pk)), clock.local(now, site.time_zone).date()
    scans, films = priors.latest([row.order for row in rows], site)
    return [
        Row(
            row,
            answers_that_matter(row.order, now),
            suggested_among(offered, row.order, now),
            row.order.patient.age_on(today),
            scans.get(row.order.patient_id),
            films.get(row.order.patient_id),
        )
        for row in rows
    ]


def answers_that_matter(order, now):
    """What speaks for care or for another protocol, the gravest first; then what is not known and holds back."""
    given = {row.question: row.answer for row in order.answers.all()}
    grave, found = list(ACTIONS), {}
    for effect in sorted(assess(order, now), key=lambda each: grave.index(each.action)):
        answer = given.get(effect.question, UNKNOWN)
        matters = answer != UNKNOWN or gates(effect)
        if effect.question and matters and effect.question not in found:
            found[effect.question] = _answer(effect, answer)
    return sorted(found.values(), key=lambda each: each.is_open)


def _answer(effect, value):
    question = QUESTIONS[effect.question]
    label = SHORT.get(question.key, question.key.replace("_", " ").capitalize())
    words = dict(question.choices).get(value, "")
    return Answer(label, "" if words == "Yes" else words, ACTIONS[effect.action][1], effect.open)


def render_case(request, order, *, status=200, refusal=None, **bound):
    """The page; `bound` are forms that come back with what was typed, by their name in the template."""
    user, now = request.user, timezone.now()
    queue = order_list.queue(order.pk, by=user, now=now)
    after = request.GET.get("after", "")
    context = {
        "order": order,
        "patient": order.patient,
        "zone": order.site.time_zone,
        "age": order.patient.age_on(clock.local(now, order.site.time_zone).date()),
        "now": now,
        "due_at": order.ordered_at + order.site.start_target(order.priority),
        "answers": answers_that_matter(order, now),
        "priors": priors.of(order),
        "decisions": order.decisions.select_related(
            "physician", "recorded_by", "protocol", "suggested"
        ).order_by("decided_at"),
        "position": queue.index(order.pk) + 1,
        "waiting": len(queue),
        "before": int(after) if after.isdecimal() and len(after) < 19 else None,
        "may_answer": policy.allows(user, "screening.answer"),
        "is_vetted": is_vetted(order),
        "refusal": refusal,
        "on_vetting_page": True,
        **actions(user, order),
        **deciding.forms(user, order, now, bound),
    }
    return render(request, "scheduling/vetting_case.html", context, status=status)
