"""The API fuzzed from its own OpenAPI schema, and the schema in docs/ kept current."""

from datetime import time, timedelta
from pathlib import Path
from traceback import format_exception_only

import hypothesis
import pytest
import schemathesis
import yaml
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from reporting.services import drafting, presets
from scheduling.models import (
    Decision,
    DisruptionKind,
    Hold,
    Message,
    Offer,
    Referrer,
    StepKind,
    WaitlistEntry,
)
from scheduling.services import disruptions, enquiries, intake, problems, vetting
from scheduling.services.department import rooms
from scheduling.services.examination import pictures
from scheduling.services.quality import checks, plans, spills
from scheduling.services.tracers import ordering
from scheduling.services.waitlist import entries, filling
from tests import cameras, department, doses
from tests.callers import Caller, Clock

COMMITTED = Path(__file__).parent.parent / "docs" / "openapi.yaml"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 4  # of each kind for every operation and account: about 4,000 requests in all
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def test_the_schema_in_docs_is_current():
    """`manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml` writes it."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    validate_schema(schema)
    assert COMMITTED.read_bytes() == OpenApiYamlRenderer().render(schema, renderer_context={})


def test_every_operation_has_a_summary_and_every_write_takes_an_idempotency_key():
    for path, methods in yaml.safe_load(COMMITTED.read_text())["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], path
            names = {each["name"] for each in operation.get("parameters", [])}
            reads = method == "get" or path.endswith(
                ("/search", "/itineraries", "/itinerary-days", "/why-not")
            )
            assert ("Idempotency-Key" in names) != reads, f"{method} {path}"


@pytest.fixture
def application():
    """The WSGI application in the test's own transaction: a real server begins each request on a fresh one."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield WSGIHandler()
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def department_seeded(db, settings, monkeypatch):
    """{account: user}, and {noun: id} of an object for every address."""
    settings.REQUIRE_MFA_ROLES = []
    Clock(monkeypatch)
    site = department.site()
    technologist = department.technologist(site)
    users = {
        "scheduler": department.scheduler(site),
        "technologist": technologist,
        "attending": department.attending(site),
    }
    booked, performed = department.booked(site), department.performed(site)
    waiting = department.order(site, priority="stat")
    vetting.override(
        waiting,
        rule="CXR-1",
        reason="STAT",
        physician=users["attending"],
        by=technologist,
        now=department.NOW,
    )
    ids = {
        "patients": [waiting.patient_id, *_temporary(site, users["scheduler"])],
        "referrers": list(Referrer.objects.values_list("pk", flat=True)),
        "messages": [str(pk) for pk in Message.objects.values_list("pk", flat=True)[:3]],
        "orders": [waiting.pk, performed.pk, department.order(site, vetted=False).pk],
        "decisions": [Decision.objects.get(by_phone=True).pk],
        "questions": [_question(site, users["attending"]).pk],
        "appointments": [str(booked.pk)],
        "problems": [problems.report(booked, reason="no_iv", by=technologist, now=department.NOW).pk],
        "steps": [booked.steps.get(kind=StepKind.VENTILATION).pk],
        "pictures": [_picture(performed, technologist).pk],
        **_waitlist(site, users["scheduler"]),
        "holds": [str(pk) for pk in Hold.objects.values_list("pk", flat=True)],
        **_broken(site, users["scheduler"]),
        "tasks": list(waiting.tasks.values_list("pk", flat=True)[:2]),
        "department": _department(site),
        "tracers": [doses.batch(site, product="dtpa").pk, *_ordered(site)],
        **_quality(site),
        **_doses(performed, technologist),
        "performed": [cameras.unscheduled(cameras.camera(site)).pk],
        "critical": [_critical(performed, users["attending"]).pk],
        "presets": [_preset(performed, users["attending"]).pk],
    }
    return users, ids


def _doses(performed, by):
    """A dose and a count rate of a performed examination."""
    dose, rate = doses.on_record(performed, by=by)
    return {"doses": [dose.pk], "counts": [rate.pk]}


def _critical(performed, by):
    """A result that cannot wait, in a draft about a performed examination."""
    draft = {"scheme": "TEN_TERMS", "category": "pe_present", "findings": "", "impression": "PE."}
    report = drafting.write(performed, draft_version=1, **draft, by=by, now=department.NOW)
    return report.critical_results.get()


def _preset(performed, by):
    return presets.keep(drafting.existing(performed), name="Usual", by=by)


def _picture(performed, by):
    step = performed.procedure.appointments.get().steps.get(kind=StepKind.VENTILATION)
    return pictures.take(step, "ant", by=by, now=department.NOW)


def _question(site, by):
    order = department.order(site, vetted=False)
    return enquiries.ask(order, text="D-dimer?", to="desk", by=by, now=department.NOW)


def _temporary(site, by):
    """Somebody who came without a name, and the record to merge it with."""
    stat = intake.place_stat_order(
        site=site,
        name="",
        sex="unknown",
        clinical_question="PE?",
        referrer=Referrer.objects.first(),
        ward="ED",
        by=by,
        now=department.NOW,
    )
    return [stat.patient_id, department.patient(site).pk]


def _department(site):
    """A room, a person, a protocol, and a change that waits for its day."""
    room, day = site.resources.get(name="Bay 2"), department.TODAY + timedelta(days=1)
    change = rooms.change(
        room, clearance_minutes=5, starts_on=day, by=department.lead(site), now=department.NOW
    )
    person, protocol = site.resources.get(name="Ben Okafor"), site.protocols.get(key="V_ONLY")
    return [room.pk, person.pk, protocol.pk, change.pk]


def _ordered(site):
    """A weekly plan from a supplier, and what was ordered from it for tomorrow."""
    supply = doses.supply(site, product="dtpa", supplier="Depot", order_by_time=time(15))
    day, by = department.TODAY + timedelta(days=1), department.technologist(site)
    return [supply.pk, ordering.order(supply, day=day, doses=1, by=by, now=department.NOW).pk]


def _quality(site):
    """A planned check and one done, a room that gas escaped into, and its incident."""
    by, room = department.lead(site), site.resources.get(name="Ventilation 2")
    plan = plans.add(site, kind="trap", room=room, by=by, now=department.NOW)
    done = checks.record(plan, passed=True, by=by, now=department.NOW).check
    spill = spills.report(room, clear_minutes=30, by=by, now=department.NOW)
    return {"quality": [plan.pk, done.pk, room.pk, spill.pk], "incidents": [spill.incident_id]}


def _broken(site, by):
    """A camera that is out of order, with its plan and its closure."""
    broken = disruptions.report(
        site,
        kind=DisruptionKind.ROOM_DOWN,
        resource=site.resources.get(name="Camera 1"),
        ends_at=department.NOW + timedelta(hours=10),
        by=by,
        now=department.NOW,
    )
    plan, closure = broken.replans.get(), broken.closures.get()
    return {"disruptions": [broken.pk], "replans": [plan.pk], "closures": [closure.pk]}


def _waitlist(site, by):
    """Somebody with an offer, somebody who waits for another day, and both orders."""
    days = [department.TODAY, department.TODAY + timedelta(days=30)]
    for day in days:
        order = department.order(site, by=by)
        entries.join(order, wishes=entries.Wishes(day, day), by=by, now=department.NOW)
    filling.fill(now=department.NOW)
    return {
        "waitlist": list(WaitlistEntry.objects.values_list("pk", flat=True)),
        "offers": list(Offer.objects.values_list("pk", flat=True)),
    }


@pytest.mark.timeout(900)
@pytest.mark.parametrize("account", ["scheduler", "technologist", "attending"])
def test_no_request_makes_the_server_fail_or_break_its_schema(account, department_seeded, application):
    users, ids = department_seeded
    headers = Caller(users[account]).headers
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", application, headers={**headers, "Accept": "application/json"}
    )
    faults = []
    for operation in (result.ok() for result in schema.get_all_operations()):
        for mode in MODES if _can_be_wrong(operation) else MODES[:1]:
            try:
                _fuzz(operation, mode, ids, headers)
            except (Exception, BaseExceptionGroup) as fault:
                faults.append(
                    f"{operation.label} {mode.value}: {''.join(format_exception_only(fault))[:900]}"
                )
    assert faults == [], "\n".join(faults)


def _can_be_wrong(operation):
    return bool(operation.body or operation.query)


def _fuzz(operation, mode, ids, headers):
    noun = operation.path.split("/")[3]

    @hypothesis.seed(20261122)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), at=st.integers(0, 3))
    def fuzz(case, at):
        if "id" in (case.path_parameters or {}) and at < len(ids[noun]):
            case.path_parameters["id"] = ids[noun][at]
        # Nothing is kept, so that every request meets the same department.
        with transaction.atomic():
            case.call_and_validate(headers=headers, checks=CHECKS)
            transaction.set_rollback(True)

    fuzz()
