"""The protocols of a site: from the catalogue that the engine carries as data, and which one an order calls for."""

from decimal import Decimal

from django.db import transaction

from scheduling.engine import phases
from scheduling.engine.catalogue import PROTOCOLS, XRAY
from scheduling.engine.states import OrderState
from scheduling.examinations import Suggested, is_vetted, suggested_among
from scheduling.models import Protocol, ProtocolPhase, ProtocolStep, RequestedProcedure
from vqflow import audit
from vqflow.errors import Invalid

NOT_IN_USE = "This protocol is not in use here."
NOT_BOOKABLE = "This protocol cannot be booked yet. Choose another."


def bookable(site_id):
    """The protocols that this site has installed and can book, in its order."""
    return Protocol.objects.filter(site=site_id, is_active=True, is_bookable=True).order_by("pk")


def suggested(order, *, now) -> Suggested | None:
    """What the order's answers speak for among the site's bookable protocols, and why."""
    return suggested_among(list(bookable(order.site_id)), order, now)


def refuse_unfit(protocol, order):
    """Raise Invalid for a protocol of another site, a retired one, or one that cannot be booked."""
    if protocol.site_id != order.site_id or not protocol.is_active:
        raise Invalid(NOT_IN_USE, fields={"protocol": ["Choose from the list."]})
    if not protocol.is_bookable:
        raise Invalid(NOT_BOOKABLE, fields={"protocol": [NOT_BOOKABLE]})


def follow_answers(order, *, by, now):
    """Give an order that is neither vetted nor booked the protocol that its answers speak for.

    A physician still chooses; but a STAT order may be booked before that, and then for the right rooms.
    """
    if order.state != OrderState.REQUESTED or is_vetted(order):
        return
    found = suggested(order, now=now)
    if found is None or found.protocol.pk == order.procedure.protocol_id:
        return
    RequestedProcedure.objects.filter(order=order).update(protocol=found.protocol)
    order.procedure.protocol = found.protocol
    audit.record(
        "order.protocol_suggested", order, by=by, patients=[order.patient_id], protocol=str(found.protocol)
    )


@transaction.atomic
def install(site, *, by=None):
    """Give the site every protocol of the catalogue that it has not got yet; returns how many were new.

    A protocol that is there stays as it is: its times may be the site's own by now.
    """
    there = set(Protocol.objects.filter(site=site).values_list("key", "agent"))
    missing = [entry for entry in PROTOCOLS if (entry.key, entry.agent or "") not in there]
    made = Protocol.objects.bulk_create(_protocol(site, entry) for entry in missing)
    ProtocolStep.objects.bulk_create(
        _step(protocol, ordinal, template)
        for protocol, entry in zip(made, missing, strict=True)
        for ordinal, template in enumerate(entry.steps, start=1)
    )
    ProtocolPhase.objects.bulk_create(
        phase
        for protocol, entry in zip(made, missing, strict=True)
        for phase in phases_as(protocol, phases_of(entry))
    )
    if made:
        audit.record("protocols.installed", site, by=by, count=len(made))
    return len(made)


def phases_of(entry):
    """The phases of one protocol of the catalogue."""
    lungs = [step for step in entry.steps if step.kind != XRAY]
    kinds = tuple(step.kind for step in lungs)
    return phases.phases(entry.agent, kinds, together=any(step.simultaneous for step in lungs))


def _protocol(site, entry):
    return Protocol(
        site=site, key=entry.key, agent=entry.agent or "", name=entry.name, is_bookable=entry.bookable
    )


def phases_as(protocol, templates):
    """These small steps as rows of a protocol, not saved yet."""
    return [_phase(protocol, ordinal, each) for ordinal, each in enumerate(templates, start=1)]


def _phase(protocol, ordinal, template):
    return ProtocolPhase(
        protocol=protocol,
        ordinal=ordinal,
        key=template.key,
        name=template.name,
        part=template.part,
        role=template.role or "",
        timer=template.timer,
        least_seconds=template.least_seconds,
        typical_seconds=template.typical_seconds,
        most_seconds=template.most_seconds,
        views=[str(view) for view in template.views],
        counts_k=template.counts_k,
    )


def _step(protocol, ordinal, template):
    return ProtocolStep(
        protocol=protocol,
        ordinal=ordinal,
        kind=template.kind,
        room_capabilities=sorted(template.room),
        qualification=template.technologist,
        prep_bay_minutes=template.prep_minutes,
        setup_minutes=template.setup_minutes,
        acquisition_minutes=template.acquisition_minutes,
        clearance_minutes=template.clearance_minutes,
        lag_min_minutes=template.lag_min_minutes or 0,
        lag_max_minutes=template.lag_max_minutes,
        same_room_as_before=template.same_room,
        same_day_as_before=template.same_day or template.simultaneous,
        simultaneous=template.simultaneous,
        if_before_abnormal=template.if_before_abnormal,
        tracer=template.tracer,
        activity_mbq=Decimal(template.activity_kbq) / 1000,
        least_activity_mbq=Decimal(template.least_activity_kbq) / 1000 or None,
    )
