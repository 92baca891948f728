"""What one press does next in an examination: the one big button, and the quieter one beside it."""

from dataclasses import dataclass, field, replace

from django.urls import reverse
from django.utils.http import urlencode

from scheduling import administrations
from scheduling.administrations import MEASURE_FIRST
from scheduling.engine import gates, sequence
from scheduling.engine.phases import Role
from scheduling.engine.sequence import State
from scheduling.engine.states import StepState
from scheduling.services.examination import endings
from scheduling.views.examination_words import PANELS, PhaseShown
from vqflow import policy

# The steps of the worklist's table that come before, between and after the small steps.
ASKS_FIRST = {"check-in", "xray"}
NEEDS = {"check-in": "visit.check_in"}


@dataclass(frozen=True, slots=True)
class Press:
    """A button. `values`: its hidden fields; `is_link`: a page that asks for something first."""

    label: str
    url: str
    values: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    is_link: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Next:
    """`main` is the big button, None when nothing is left; `other` the one beside it.

    `panel`: where on the page the values of what runs or comes next are entered, or empty.
    """

    main: Press | None = None
    other: Press | None = None
    panel: str = ""


def presses(row, shown, facts, user, here_url):
    """The Next of an examination. `row`: worklist.row; `shown`: its PhaseShown in order; `facts`: of the gates."""
    found = _presses(row, shown, facts, user, here_url)
    if found.main and not found.other and (count := _first_count(row.appointment, here_url)):
        found = replace(found, other=count)
    return replace(found, panel=_panel(found, shown, facts))


def _panel(found, shown, facts):
    """Where the way out of a refusal is, or the values of what runs or comes next are entered."""
    said = {press.refusal for press in (found.main, found.other) if press} - {None}
    if said & set(facts.ends.values()):
        return PANELS[Role.COUNTS]
    if said & set(facts.doses.values()):
        return PANELS[Role.DOSE]
    at_hand = [each for each in shown if each.is_running or each.is_next]
    return next((each.panel for each in at_hand if each.panel), "")


def _presses(row, shown, facts, user, here_url):
    if endings.has_left(row.appointment):
        return Next(_without_the_patient(row.appointment, shown, here_url))
    before = _before(row, user, here_url)
    running = [each for each in shown if each.is_running]
    coming = next((each for each in shown if each.is_next), None)
    if running:
        return _while_running(running[-1], coming, shown, facts, here_url)
    begin = _begin(coming) if coming else None
    lacking = coming.why_not_begin if coming else None
    if (
        coming
        and row.appointment.site.records_doses
        and (measure := _measure(coming, lacking, facts, here_url))
    ):
        return Next(measure, before or begin)
    if coming and begin.refusal and (again := _gas_again(coming, shown, facts)):
        return Next(again, begin)
    if coming and (entry := _entry(coming, row.appointment, here_url)):
        return Next(entry, before or begin)
    if before is None or begin is None:
        return Next(before or begin)
    if row.action.name == "check-in" and begin.refusal:
        return Next(before)
    asked = row.action.name == "check-in" or (begin.refusal and not before.refusal)
    return Next(before, begin) if asked else Next(begin, before)


def _without_the_patient(appointment, shown, here_url):
    """Figures that are still lacking, such as what is left in the syringe."""
    waiting = [each for each in shown if each.line.state == State.WAITING]
    return next((entry for each in waiting if (entry := _entry(each, appointment, here_url))), None)


def _while_running(running, coming, shown, facts, here_url):
    end = Press(
        f"End: {running.short_name}",
        _url(running, "phase-end"),
        {"key": running.key},
        running.why_not_end,
    )
    view = running.next_view
    if view is not None and running.step is not None:
        accept = Press(
            f"Accept {view.name}",
            reverse("scheduling:picture", args=[running.step.pk]),
            {"view": view.view, "outcome": "accepted"},
            hint=_to_come(running),
        )
        return Next(accept, end)
    if coming is None or not coming.is_timed or coming.line.phase.part != running.line.phase.part:
        return Next(end)
    after = [
        replace(each.line.place, state=State.DONE) if each.is_running else each.line.place for each in shown
    ]
    onward = Press(
        f"Next: {coming.short_name}",
        _url(coming, "phase-begin"),
        {"key": coming.key, "end_running": "1"},
        running.why_not_end or sequence.why_not_begin(coming.line.place, after, facts),
        hint=f"ends {running.short_name}",
    )
    measure = _measure(coming, onward.refusal, facts, here_url) if onward.refusal == MEASURE_FIRST else None
    return Next(measure or onward, end)


def _gas_again(coming, shown, facts):
    """Gas that has become too old is made anew; the inhalation stands beside it with its sentence."""
    if coming.step is None or facts.gas.get(coming.step.kind) != coming.why_not_begin:
        return None
    burn = next((each for each in shown if each.line.phase.role == Role.GAS), None)
    if burn is None or burn.is_running:
        return None
    return Press(
        f"Again: {burn.short_name}", _url(burn, "phase-repeat"), {"key": burn.key}, burn.why_not_repeat
    )


def _measure(coming, lacking, facts, here_url):
    """The page on which a dose is measured, while that is what comes next or is what is lacking."""
    step = coming.step
    if step is None or not (coming.line.phase.role == Role.DOSE or lacking == MEASURE_FIRST):
        return None
    if administrations.waiting(step) or gates.why_not_measure(facts, step.kind):
        return None
    return _page("Measure the dose…", "dose-measure", step.pk, here_url)


def _entry(coming, appointment, here_url):
    """The page on which the figures of a small step are entered, while they are lacking; ticking off is beside it."""
    steps, role = list(appointment.steps.all()), coming.line.phase.role
    if role == Role.COUNTS and administrations.compares_counts(appointment, steps):
        found = administrations.uncounted(steps)
        return found and _page("Enter the count rate…", "counts", found.pk, here_url)
    if role == Role.RESIDUAL:
        found = administrations.without_residual(steps)
        return found and _page("Measure what is left…", "dose-residual", found.pk, here_url)
    return None


def _first_count(appointment, here_url):
    """Between the parts: the counts of the first, which nobody can measure once the second tracer is there."""
    steps = list(appointment.steps.all())
    parts = administrations.lungs(steps)
    if not administrations.compares_counts(appointment, steps):
        return None
    first, second = parts
    due = first.state == StepState.COMPLETED and second.state == StepState.SCHEDULED
    if not due or administrations.count_rate(first):
        return None
    return _page("Enter the count rate…", "counts", first.pk, here_url)


def _page(label, name, pk, here_url):
    url = f"{reverse(f'scheduling:{name}', args=[pk])}?{urlencode({'next': here_url})}"
    return Press(label, url, is_link=True)


def _to_come(running):
    left = running.left_over
    return "" if len(running.views) == 1 else f"{left} view{'' if left == 1 else 's'} to come"


def _begin(coming: PhaseShown):
    if coming.is_timed:
        return Press(
            f"Begin: {coming.short_name}",
            _url(coming, "phase-begin"),
            {"key": coming.key},
            coming.why_not_begin,
        )
    return Press(
        f"Done: {coming.short_name}", _url(coming, "phase-done"), {"key": coming.key}, coming.why_not_begin
    )


def _url(phase, name):
    return reverse(f"scheduling:{name}", args=[phase.appointment_pk])


def _before(row, user, here_url):
    """Check-in, the X-ray and the dose's clearance: the worklist's own next step, while it is one of these."""
    action = row.action
    if action is None or action.name not in ("check-in", "xray", "clear-dose"):
        return None
    if not policy.allows(user, NEEDS.get(action.name, "visit.perform")):
        return None
    url = reverse(f"scheduling:{action.name}", args=[row.appointment.pk])
    if action.name in ASKS_FIRST:
        return Press(
            f"{action.label}…", f"{url}?{urlencode({'next': here_url})}", refusal=action.refusal, is_link=True
        )
    return Press(action.label, url, refusal=action.refusal)
