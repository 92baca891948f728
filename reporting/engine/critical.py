"""Results that cannot wait: which they are, who is asked to act and when, and when one counts as told.

PE likely always is one (ACR category 1: told within minutes, directly and by voice); a department adds its own terms
and findings. The clock starts when it is first identified, on a draft too. An e-mail never counts as telling.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from reporting.engine.findings import OTHER_FINDINGS
from reporting.engine.schemes import SCHEMES, Category, Group

PE_LIKELY = "pe_likely"
USUAL_ESCALATION = (15, 30, 60)
# The call may be written down after it was made: first the phone, then the form.
EARLIEST_BEFORE = timedelta(hours=2)


class Stage(StrEnum):
    """What was saved or signed when the result was looked at."""

    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM = "addendum"
    AMENDMENT = "amendment"
    RETRACTION = "retraction"


SIGNED_STAGES = tuple(stage for stage in Stage if stage != Stage.DRAFT)


class Kind(StrEnum):
    """A correction takes back what was told as critical, and is told in the same way."""

    CRITICAL = "critical"
    CORRECTION = "correction"


class Method(StrEnum):
    PHONE = "phone"
    IN_PERSON = "in_person"
    VIDEO = "video"


METHODS: Mapping[Method, str] = MappingProxyType(
    {Method.PHONE: "By phone", Method.IN_PERSON: "In person", Method.VIDEO: "By video call"}
)


class Failure(StrEnum):
    """Why an attempt did not tell anybody."""

    NO_ANSWER = "no_answer"
    BUSY = "busy"
    MESSAGE_LEFT = "message_left"
    PAGED = "paged"
    WRONG_NUMBER = "wrong_number"
    COULD_NOT_TAKE_IT = "could_not_take_it"


FAILURES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.NO_ANSWER: "No answer",
        Failure.BUSY: "Line busy",
        Failure.MESSAGE_LEFT: "Asked to call back",
        Failure.PAGED: "Paged",
        Failure.WRONG_NUMBER: "Wrong number",
        Failure.COULD_NOT_TAKE_IT: "Could not take it",
    }
)


class Asked(StrEnum):
    """Who is asked to act by a step of the escalation."""

    READER = "reader"
    LEAD = "lead"
    COVERING = "covering"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a report is critical: a key that stays the same, and the words for the phone."""

    key: str
    words: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the escalation, counted from 1; `minutes` after the result was identified."""

    number: int
    minutes: int
    asked: Asked


@dataclass(frozen=True, slots=True)
class Telling:
    """What somebody says of a call in which a result was told. `read_back`: the other person repeated it."""

    told_to: str
    method: str
    told_at: datetime
    finding: str
    read_back: bool


def reasons(
    scheme: str, category: str, other: Collection[str], terms: Collection[str], findings: Collection[str]
) -> tuple[Reason, ...]:
    """Why what a report says is critical; nothing where it is not.

    `other`: keys of its other findings. `terms` ("SCHEME:category") and `findings` are what the department adds.
    """
    found, category_of = [], _category(scheme, category)
    if category_of and category_of.group == Group.LIKELY:
        found.append(Reason(PE_LIKELY, f"{_words(category_of)} ({SCHEMES[scheme].name})"))
    elif category_of and f"{scheme}:{category}" in terms:
        found.append(Reason(f"term:{scheme}:{category}", f"{category_of.label} ({SCHEMES[scheme].name})"))
    found += [
        Reason(f"finding:{key}", OTHER_FINDINGS[key])
        for key in OTHER_FINDINGS
        if key in other and key in findings
    ]
    return tuple(found)


def is_said(key: str, scheme: str, category: str, other: Collection[str]) -> bool:
    """Whether a report says what a result with this key is about, critical by today's rules or not."""
    kind, _, rest = key.partition(":")
    if kind == "finding":
        return rest in other
    if kind == "term":
        return rest == f"{scheme}:{category}"
    known = _category(scheme, category)
    return known is not None and known.group == Group.LIKELY


def term_of(scheme: str, category: str) -> str:
    """The category's label, or the key itself where the table of schemes no longer has it."""
    known = _category(scheme, category)
    return known.label if known else category


def _category(scheme: str, category: str) -> Category | None:
    categories = SCHEMES[scheme].categories if scheme in SCHEMES else ()
    return next((each for each in categories if each.key == category), None)


def _words(category: Category) -> str:
    """On the phone "High probability" alone says nothing: of what?"""
    return category.label if "PE" in category.label else f"{category.label} of PE"


def escalation(minutes: Sequence[int]) -> tuple[Step, ...]:
    """The steps: the reader again, then the lead with another reader, last the covering clinician.

    No minutes: the usual ones. With one step that is the covering clinician's, with two the reader's comes before.
    """
    ordered = sorted(set(minutes)) or list(USUAL_ESCALATION)
    last = len(ordered)
    return tuple(Step(number, after, _asked(number, last)) for number, after in enumerate(ordered, 1))


def _asked(number: int, last: int) -> Asked:
    if number == last:
        return Asked.COVERING
    return Asked.READER if number == 1 else Asked.LEAD


def steps_due(
    identified_at: datetime, minutes: Sequence[int], done: Collection[int], now: datetime
) -> tuple[Step, ...]:
    """The steps whose time has come and that are not among the numbers `done`: more than one after a silence."""
    return tuple(
        step
        for step in escalation(minutes)
        if step.number not in done and identified_at + timedelta(minutes=step.minutes) <= now
    )


def why_not_told(telling: Telling, identified_at: datetime, now: datetime) -> dict[str, str]:
    """{field: a sentence why this does not close a critical result}; empty where it does."""
    faults = {}
    if not telling.told_to.strip():
        faults["told_to"] = "Say who was told: their name."
    if telling.method not in set(Method):
        faults["method"] = (
            "An e-mail does not count as telling. Phone, or go there."
            if telling.method in ("email", "e-mail", "mail")
            else "Say how it was told."
        )
    if not telling.finding.strip():
        faults["finding"] = "Say what was told."
    if telling.told_at > now:
        faults["told_at"] = "This time is still to come."
    elif telling.told_at < identified_at - EARLIEST_BEFORE:
        faults["told_at"] = "This is long before the result was seen. Check the time."
    if not telling.read_back:
        faults["read_back"] = "Have it read back, then say so. Until then the result stays open."
    return faults
