"""What the answers of an order do, as it is shown: beside each question, grouped, and with the form to decide on it."""

from dataclasses import dataclass

from scheduling.engine.screening import Action, Effect, Stage
from scheduling.forms.vetting import ConsultForm, OverrideForm
from scheduling.models import Decision

ACTIONS = {
    Action.BLOCK: ("Blocked until an authorised user decides", "chip--red"),
    Action.CONSULT: ("A physician decides", "chip--amber"),
    Action.TASK: ("To be asked", "chip--amber"),
    Action.PROTOCOL: ("Changes the examination", "chip--violet"),
    Action.WARN: ("Take care", "chip--blue"),
    Action.INFO: ("Good to know", ""),
}
STAGES = {
    Stage.BOOK: "booking",
    Stage.XRAY: "the chest X-ray",
    Stage.DOSE: "the dose",
    Stage.START: "the start",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One effect on screen. `gates` names the stages that wait for it; `form` is where this person decides on it,
    and where there is none, `who_may` says who does. `held`: a physician's "not yet" that stands.
    """

    effect: Effect
    label: str
    tone: str
    gates: str
    is_resolved: bool = False
    form: OverrideForm | ConsultForm | None = None
    who_may: str = ""
    held: Decision | None = None

    @property
    def is_consult(self):
        return self.effect.action == Action.CONSULT


@dataclass(frozen=True, slots=True)
class Group:
    """Effects of one kind; `minor` are open questions that hold nothing back."""

    label: str
    tone: str
    entries: list[Shown]
    minor: list[Shown]


def shown(effects, resolved=frozenset(), form_for=lambda effect: None, held=None):
    """The effects as they are shown, the gravest first. `held`: {rule: the physician's "not yet"}."""
    order = list(ACTIONS)
    return [
        _shown(effect, effect.rule_id in resolved, form_for, held or {})
        for effect in sorted(effects, key=lambda each: order.index(each.action))
    ]


def _shown(effect, is_resolved, form_for, held):
    label, tone = ACTIONS[effect.action]
    waits_for = gates(effect)
    form = None if is_resolved else form_for(effect)
    return Shown(
        effect,
        label,
        "" if effect.action == Action.TASK and not waits_for else tone,
        waits_for,
        is_resolved,
        form,
        "" if is_resolved or form else _who_may(effect, waits_for),
        held.get(effect.rule_id) if effect.action == Action.CONSULT else None,
    )


def _who_may(effect, waits_for):
    """Who decides on an effect that holds something back, for those who do not."""
    if not effect.override or not waits_for or effect.action == Action.TASK:
        return ""
    who = "An authorised user" if effect.override == "authorised_user" else "A physician"
    return f"{who} decides this on the order's page; a technologist can write it down by phone."


def gates(effect):
    """ "the dose and the start": what waits; nothing for an effect that only informs."""
    if effect.action not in (Action.BLOCK, Action.CONSULT, Action.TASK):
        return ""
    return " and ".join(STAGES[stage] for stage in Stage if stage in effect.stages)


def beside(form, effects):
    """[(question's field, its effects)]: what stands beside each question of a ScreeningForm."""
    items = shown(effects)
    return [
        (form[question.key], [each for each in items if each.effect.question == question.key])
        for question in form.questions
    ]


def grouped(items):
    """The effects by what they do, the gravest group first."""
    groups = {}
    for each in items:
        entries, minor = groups.setdefault(each.effect.action, ([], []))
        is_minor = each.effect.action == Action.TASK and not each.gates
        (minor if is_minor else entries).append(each)
    return [Group(*ACTIONS[action], entries, minor) for action, (entries, minor) in groups.items()]
