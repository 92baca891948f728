"""What is still missing for each patient of a coming day, so that nobody finds out with the patient on the table."""

from dataclasses import dataclass

from scheduling import namesakes, worklist
from scheduling.engine.states import LIVE_APPOINTMENT, StepState
from scheduling.examinations import circumstances
from scheduling.models import StepKind, Task

NEEDS = {"isolation": "Isolation", "escort": "Escort", "interpreter": "Interpreter"}


@dataclass(frozen=True, slots=True)
class Lack:
    """`what`: vetting, answers, blocked, xray, dose, technologist or call; `sentence`: also what to do next."""

    what: str
    label: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """One patient of the day. `needs`: name alert, isolation, escort, interpreter, in words."""

    row: worklist.Row
    lacks: tuple[Lack, ...]
    needs: tuple[str, ...]

    @property
    def appointment(self):
        return self.row.appointment


def day(site, on, *, by, now):
    """The live appointments of a local day with what they lack; one query more than the worklist itself."""
    rows = [
        each for each in worklist.day(site, on, by=by, now=now) if each.appointment.state in LIVE_APPOINTMENT
    ]
    calls = _calls([row.order.pk for row in rows])
    return [_prepared(row, calls.get(row.order.pk), now) for row in rows]


def _calls(orders):
    """{order id: what is to be said} of the calls that nobody has made yet."""
    found = Task.objects.filter(order__in=orders, kind=Task.Kind.PHONE, closed_at=None).order_by("opened_at")
    return dict(found.values_list("order_id", "sentence"))


def _prepared(row, call, now):
    asked = circumstances(row.order, now)
    needs = [namesakes.LABEL] if row.name_alert else []
    needs += [NEEDS[str(each)] for each in sorted(asked) if str(each) in NEEDS]
    lacks = [*_of_vetting(row), *_of_answers(row), *_of_xray(row), *_of_steps(row)]
    if call:
        lacks.append(Lack("call", "Call", call))
    return Prepared(row, tuple(lacks), tuple(needs))


def _of_vetting(row):
    if not row.vetted:
        yield Lack("vetting", "Not vetted", "A nuclear physician has to vet the order first.")


def _of_answers(row):
    asked = [effect for effect in row.blockers if effect.open]
    if asked:
        number = f"{len(asked)} questions" if len(asked) > 1 else "1 question"
        yield Lack("answers", f"{number} open", " ".join(effect.sentence for effect in asked))
    for effect in row.blockers:
        if not effect.open:
            yield Lack("blocked", effect.rule_id, effect.sentence)


def _of_xray(row):
    xray = next((step for step in row.steps if step.kind == StepKind.XRAY), None)
    if row.appointment.window_override or (xray and xray.state == StepState.COMPLETED):
        return
    if xray is None or xray.state == StepState.CANCELLED or not (xray.planned_start_at or xray.elsewhere):
        yield Lack(
            "xray", "No X-ray", "No chest X-ray is planned or known. Plan one, or ask where it was done."
        )
    elif xray.elsewhere and xray.performed_end_at is None:
        yield Lack("xray", "X-ray to confirm", "It is done elsewhere: ask for the time and the pictures.")


def _of_steps(row):
    for step in row.steps:
        if step.state != StepState.SCHEDULED:
            continue
        name = step.get_kind_display()
        if worklist.lacks_dose(step):
            yield Lack(
                "dose", "No dose", f"{name}: no dose is left at the planned time. Move it, or order one."
            )
        if step.planned_start_at and not step.elsewhere and worklist.technologist_of(step) is None:
            yield Lack(
                "technologist", "No technologist", f"{name}: nobody is assigned. Assign a technologist."
            )
    for sentence in dict.fromkeys(row.refused.values()):
        yield Lack("blocked", "Room or kit", sentence)
