"""The protocols of a site, from the catalogue that the engine carries as data."""

from decimal import Decimal

from django.db import transaction

from scheduling.engine.catalogue import PROTOCOLS
from scheduling.models import Protocol, ProtocolStep
from vqflow import audit


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
    if made:
        audit.record("protocols.installed", site, by=by, count=len(made))
    return len(made)


def _protocol(site, entry):
    return Protocol(
        site=site, key=entry.key, agent=entry.agent or "", name=entry.name, is_bookable=entry.bookable
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
