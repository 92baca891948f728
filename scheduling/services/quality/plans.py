"""What a site checks, how often, and within which limits: the lead's."""

from django.db import IntegrityError, transaction

from scheduling.engine import quality as engine
from scheduling.models import CheckPlan, ResourceKind, Site
from scheduling.models.quality import OF_BATCH, OF_ROOM
from vqflow import audit, policy
from vqflow.errors import Conflict, Invalid

ACTION = "department.manage"
LONGEST_DAYS = 366
TWICE = "This is checked already. Change that check instead."
FIELDS = ("every_days", "due_time", "lowest", "highest", "unit")


@transaction.atomic
def add(site, *, kind, by, now, room=None, product="", **values):
    """A new check of a room, of each batch of a product, or of the dose calibrator; it counts at once.

    `values`: every_days, due_time, lowest, highest, unit; what is left out is as usual (engine.quality.STANDARDS).
    Raises Invalid, and Conflict where the same is checked already.
    """
    policy.permit(by, ACTION)
    room, product = (room if kind in OF_ROOM else None), (product if kind in OF_BATCH else "")
    _check_subject(site, kind, room, product)
    usual = engine.STANDARDS[kind]
    filled = {name: getattr(usual, name, None) for name in FIELDS if name != "due_time"} | values
    _check(kind, filled)
    try:
        with transaction.atomic():
            plan = CheckPlan.objects.create(site=site, kind=kind, room=room, product=product, **filled)
    except IntegrityError as error:
        raise Conflict(TWICE) from error
    _record("check_plan.added", plan, by)
    return plan


def _check_subject(site, kind, room, product):
    if kind in OF_ROOM and (room is None or room.site_id != site.pk or room.kind != ResourceKind.ROOM):
        raise Invalid("Choose the room.", fields={"room": ["Choose the room."]})
    if kind in OF_BATCH and not product:
        raise Invalid("Choose the tracer.", fields={"product": ["Choose the tracer."]})


def _check(kind, values):
    faults = {}
    if not 0 < values.get("every_days", 1) <= LONGEST_DAYS:
        faults["every_days"] = [f"From 1 day to {LONGEST_DAYS}."]
    low, high = values.get("lowest"), values.get("highest")
    if low is not None and high is not None and low > high:
        faults["highest"] = ["The highest is not below the lowest."]
    law = engine.STANDARDS[kind]
    if kind == engine.Kind.BREAKTHROUGH and (high is None or high > law.highest):
        faults["highest"] = [f"At most {law.highest} {law.unit}: 10 CFR 35.204."]
    if faults:
        raise Invalid("This check cannot be right.", fields=faults)


@transaction.atomic
def change(plan, *, by, now, **values):
    """Other days, times or limits from now on; what was checked keeps its verdict. Raises Invalid."""
    policy.permit(by, ACTION)
    plan = _locked(plan)
    wanted = {name: getattr(plan, name) for name in FIELDS} | values
    _check(plan.kind, wanted)
    before = {name: str(getattr(plan, name)) for name in values}
    for name, value in values.items():
        setattr(plan, name, value)
    plan.save(update_fields=list(values))
    _record("check_plan.changed", plan, by, before=before)
    return plan


@transaction.atomic
def end(plan, *, by, now):
    """It is not checked any more, and gates nothing. What was found stays on record."""
    policy.permit(by, ACTION)
    plan = _locked(plan)
    plan.is_active = False
    plan.save(update_fields=["is_active"])
    _record("check_plan.ended", plan, by)
    return plan


def _locked(plan):
    row = (
        CheckPlan.objects.select_for_update(of=("self",), no_key=True)
        .select_related("site", "room")
        .get(pk=plan.pk)
    )
    if not row.is_active:
        raise Conflict("This is not checked any more. Enter it as a new check.")
    return row


@transaction.atomic
def install(site, *, by, now):
    """The usual checks of the rooms and tracers that the site has, where they are not there; returns the new ones."""
    policy.permit(by, ACTION)
    Site.objects.select_for_update(no_key=True).get(pk=site.pk)
    there = set(CheckPlan.objects.filter(site=site, is_active=True).values_list("kind", "room", "product"))
    return [
        add(site, kind=kind, room=room, product=product, by=by, now=now)
        for kind, room, product in _usual(site)
        if (str(kind), room.pk if room else None, product) not in there
    ]


def _usual(site):
    yield engine.Kind.CALIBRATOR, None, ""
    for room in site.resources.filter(kind=ResourceKind.ROOM, is_active=True).order_by("name"):
        can = set(room.capabilities)
        if any(each.startswith("gamma_camera") for each in can):
            yield engine.Kind.CAMERA, room, ""
        if "negative_pressure" in can:
            yield from (
                (kind, room, "") for kind in (engine.Kind.PRESSURE, engine.Kind.TRAP, engine.Kind.EXHAUST)
            )
    products = set(site.tracer_supplies.values_list("product", flat=True))
    for kind, product in (
        (engine.Kind.BREAKTHROUGH, "pertechnetate"),
        (engine.Kind.PURITY, "maa"),
        (engine.Kind.PURITY, "dtpa"),
    ):
        if product in products:
            yield kind, None, product


def _record(action, plan, by, **data):
    about = plan.room.name if plan.room_id else plan.product
    audit.record(action, plan, by=by, kind=plan.kind, about=about, every_days=plan.every_days, **data)
