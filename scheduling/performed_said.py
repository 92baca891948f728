"""What devices said they performed (MPPS), beside what is recorded here, for pages and API alike.

The device's own times, series and doses never replace what was pressed and measured.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce

from scheduling.administrations import kbq
from scheduling.engine.tracers import mbq_words
from scheduling.models import Administration, PerformedProcedureStep, PerformedStatus
from scheduling.templatetags import clock

# Tags of PS3.6, as the DICOM JSON model writes them.
SERIES = "00400340"  # Performed Series Sequence
RADIOPHARMACEUTICALS = "00540016"  # Radiopharmaceutical Information Sequence
AGENT = "00180031"  # Radiopharmaceutical
AGENT_CODE = "00540304"  # Radiopharmaceutical Code Sequence
CODE_MEANING = "00080104"
TOTAL_DOSE = "00181074"  # Radionuclide Total Dose: MBq in NM (PS3.3 C.8.4.10), Bq in PET (PS3.3 C.8.9.2)
# Nobody is given 100 GBq: such a number is in becquerels.
MOST_MBQ = 100_000
# Cameras are told whole MBq.
ROUNDING_MBQ = 1


@dataclass(frozen=True, slots=True)
class Dose:
    """One radiopharmaceutical as the device names it; `mbq` is None where it said no activity."""

    agent: str
    mbq: Decimal | None

    @property
    def words(self):
        return " ".join(part for part in (mbq_words(kbq(self.mbq)) if self.mbq else "", self.agent) if part)


@dataclass(frozen=True, slots=True)
class DeviceSaid:
    """One device about one step. `sentence`: what the record here does not say already, empty where that is nothing.

    `dose_differs`: the sentence that its dose is not the one that was measured and given here, or empty.
    """

    device: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    series: int
    doses: tuple[Dose, ...]
    discontinued_reason: str
    sentence: str
    dose_differs: str


def of_steps(steps):
    """{id of the step: [DeviceSaid, the earliest first]} of those that a device spoke of. One query."""
    doses = Administration.objects.filter(step=OuterRef("scheduledprocedurestep"), voided_at=None)
    doses = doses.order_by().values("step")
    measured = Coalesce(Sum("measured_mbq", filter=Q(given_at__isnull=False)), Sum("measured_mbq"))
    rows = (
        PerformedProcedureStep.steps.through.objects.filter(
            scheduledprocedurestep__in=[step.pk for step in steps], performedprocedurestep__set_aside_at=None
        )
        .select_related(
            "scheduledprocedurestep", "performedprocedurestep__entity", "performedprocedurestep__site"
        )
        .annotate(
            measured_mbq=Subquery(doses.annotate(mbq=measured).values("mbq")),
            given_mbq=Subquery(doses.annotate(mbq=Sum("administered_mbq")).values("mbq")),
        )
        .order_by(F("performedprocedurestep__started_at"), "performedprocedurestep")
    )
    found = defaultdict(list)
    for row in rows:
        found[row.scheduledprocedurestep_id].append(_said(row))
    return dict(found)


def _said(row):
    step, performed = row.scheduledprocedurestep, row.performedprocedurestep
    device, doses = performed.entity.name or performed.entity.title, _doses(performed.attributes)
    series = len(_items(performed.attributes, SERIES))
    parts = [
        _times(performed, step),
        f"{series} series" if series else "",
        *(dose.words for dose in doses),
        _stopped(performed, step),
    ]
    said = ", ".join(part for part in parts if part)
    return DeviceSaid(
        device=device,
        status=performed.status,
        started_at=performed.started_at,
        ended_at=performed.ended_at,
        series=series,
        doses=doses,
        discontinued_reason=performed.discontinued_reason,
        sentence=f"{device} says {said.rstrip('.')}." if said else "",
        dose_differs=_dose_differs(row, device, doses),
    )


def _times(performed, step):
    """ "10:02 to 10:19" by the device's clock, where a minute of it is another than was recorded here."""
    zone = performed.site.time_zone
    own, here = (
        (clock.at(start, zone), clock.at(end, zone))
        for start, end in (
            (performed.started_at, performed.ended_at),
            (step.performed_start_at, step.performed_end_at),
        )
    )
    if own == here:
        return ""
    days = {clock.date_at(at, zone) for at in (performed.started_at, performed.ended_at) if at}
    beside = clock.date_at(step.performed_start_at or step.planned_start_at, zone)
    shown = clock.time_at if days == {beside} else clock.at
    begun = shown(performed.started_at, zone)
    return f"{begun} to {shown(performed.ended_at, zone)}" if performed.ended_at else f"{begun}, no end yet"


def _stopped(performed, step):
    """That it was discontinued, and why, unless the step here says the same."""
    if performed.status != PerformedStatus.DISCONTINUED:
        return ""
    reason = performed.discontinued_reason
    if step.discontinued_reason and reason in ("", step.discontinued_reason):
        return ""
    return f"stopped: {reason}" if reason else "stopped without a reason"


def _dose_differs(row, device, doses):
    """Between what was drawn up and what was given after decay and residual, a dose is the same one.

    Of a device that speaks of two steps at once, nobody can tell which dose is whose.
    """
    own = sum((dose.mbq for dose in doses if dose.mbq), Decimal(0))
    if not own or row.measured_mbq is None or len(row.performedprocedurestep.scheduled) > 1:
        return ""
    given = row.measured_mbq if row.given_mbq is None else row.given_mbq
    if min(given, row.measured_mbq) - ROUNDING_MBQ <= own <= row.measured_mbq + ROUNDING_MBQ:
        return ""
    here = f"{mbq_words(kbq(row.measured_mbq))} was measured here"
    here += f" and {mbq_words(kbq(row.given_mbq))} given" if row.given_mbq is not None else ""
    return f"The dose differs: {device} says {mbq_words(kbq(own))}, {here}."


def _doses(attributes):
    """What it says was given: of the whole, or of its series; each once."""
    found = []
    for holder in (attributes, *_items(attributes, SERIES)):
        found += (_dose(item) for item in _items(holder, RADIOPHARMACEUTICALS))
    return tuple(dict.fromkeys(dose for dose in found if dose.words))


def _dose(item):
    code = next(iter(_items(item, AGENT_CODE)), {})
    agent = next(iter(_values(item, AGENT) or _values(code, CODE_MEANING)), "")
    return Dose(str(agent).strip(), _mbq(next(iter(_values(item, TOTAL_DOSE)), 0)))


def _mbq(number):
    if not isinstance(number, int | float):
        return None
    mbq = Decimal(str(number))
    return (mbq / 1_000_000 if mbq >= MOST_MBQ else mbq) if mbq > 0 else None


def _values(item, tag):
    """The values of one attribute in the DICOM JSON model; empty ones are left out."""
    return [value for value in item.get(tag, {}).get("Value", ()) if value is not None and value != ""]


def _items(item, tag):
    """The items of a sequence: a device may send anything under any tag."""
    return [value for value in _values(item, tag) if isinstance(value, dict)]
