"""The chain of one order: its protocol's steps as the engine takes them, within the site's X-ray window."""

from scheduling.engine import steps, window
from scheduling.engine.catalogue import StepTemplate


def templates(protocol):
    """The protocol's rows as the catalogue's frozen steps; lags of lung steps that follow lung steps are theirs."""
    return tuple(_template(row) for row in protocol.steps.all())


def _template(row):
    return StepTemplate(
        kind=row.kind,
        room=frozenset(row.room_capabilities),
        technologist=row.qualification,
        setup_minutes=row.setup_minutes,
        acquisition_minutes=row.acquisition_minutes,
        clearance_minutes=row.clearance_minutes,
        prep_minutes=row.prep_bay_minutes,
        lag_min_minutes=row.lag_min_minutes,
        lag_max_minutes=row.lag_max_minutes,
        same_room=row.same_room_as_before,
        same_day=row.same_day_as_before,
        simultaneous=row.simultaneous,
        if_before_abnormal=row.if_before_abnormal,
        tracer=row.tracer,
        activity_kbq=int(row.activity_mbq * 1000),
        least_activity_kbq=int((row.least_activity_mbq or row.activity_mbq) * 1000),
    )


def steps_of(protocol_steps, *, site, waived=frozenset(), **patient):
    """The engine's steps of one order (scheduling/engine/steps.py): `patient` is agent, found, offered and skip.

    `waived`: rules of the X-ray window that a physician has overridden.
    """
    return steps.steps_of(protocol_steps, xray_lag=_xray_lag(site, waived), **patient)


def _xray_lag(site, waived):
    """The X-ray window as least and greatest minutes from the end of the X-ray to the lungs, as far as it binds."""
    least, most = window.planned_lag(site.xray_shortest, site.xray_longest, site.plan_margin)
    unbound = "CXR-1" in waived
    return (
        0 if unbound or "CXR-3" in waived else least,
        None if unbound or "CXR-2" in waived else most,
    )
