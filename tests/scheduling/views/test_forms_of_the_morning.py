"""Whatever is typed into the forms of batches, dose orders and badges, or sent for them: a sentence, never a fault,
and nothing half-written."""

import uuid
from datetime import date, time, timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from scheduling.models import DoseClaim, DoseOrder, Resource, TracerBatch, TracerSupply
from scheduling.services import tracers
from scheduling.services.tracers import ordering
from tests import department, doses
from tests.callers import Caller
from tests.department import NOW, TODAY
from vqflow.models import AuditEvent, IdempotentRequest, User

pytestmark = pytest.mark.django_db
TABLES = (TracerBatch, TracerSupply, DoseOrder, DoseClaim, AuditEvent, IdempotentRequest)
FUZZED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
BATCH = {
    "product": "maa",
    "activity_mbq": "1850",
    "particles": "4000000",
    "lot": "L-9",
    "usable_from_0": "2027-03-08",
    "usable_from_1": "09:00",
    "expires_at_0": "2027-03-08",
    "expires_at_1": "15:00",
    "calibrated_at_0": "",
    "calibrated_at_1": "",
}
MEASURED = {
    "activity_mbq": "1700",
    "particles": "4000000",
    "lot": "L-9",
    "calibrated_at_0": "2027-03-08",
    "calibrated_at_1": "07:00",
    "expires_at_0": "2027-03-08",
    "expires_at_1": "15:00",
}
SUPPLY = {
    "product": "maa",
    "weekdays": "0",
    "usable_time": "07:30",
    "activity_mbq": "1850",
    "calibrated_after_minutes": "0",
    "shelf_life_hours": "6",
    "particles": "4000000",
    "unit_doses": "0",
    "starts_on": "2027-03-15",
    "ends_on": "",
}
PAGES = {
    "a new batch": ("/tracers/batches/new/", BATCH),
    "a batch that is here": ("/tracers/batches/{batch}/measured/", MEASURED),
    "a batch that comes later": (
        "/tracers/batches/{batch}/late/",
        {"usable_from_0": "2027-03-08", "usable_from_1": "08:00"},
    ),
    "a batch that is not used": ("/tracers/batches/{batch}/fail/", {"reason": "Vial broken or spilled."}),
    "a weekly plan": ("/tracers/supplies/new/", SUPPLY),
    "the end of a weekly plan": ("/tracers/supplies/{supply}/end/", {"ends_on": "2027-03-20"}),
    "an order of doses": (
        "/tracers/supplies/{supply}/order/",
        {"day": "2027-03-09", "doses": "3", "reference": "PO-1"},
    ),
    "a supplier": (
        "/tracers/supplies/{supply}/supplier/",
        {"supplier": "Radiopharmacy North", "order_by_time": "14:00", "order_days_before": "1"},
    ),
    "a badge": ("/department/people/{person}/badge/", {"code": "0004418223"}),
}
INSTANT = "2027-03-08T09:00:00-05:00"
CALLS = {
    "a new batch": (
        "tracers/batches",
        {
            "product": "maa",
            "usable_from": INSTANT,
            "activity_mbq": 1850,
            "particles": 4_000_000,
            "lot": "L-9",
        },
    ),
    "a batch that is here": (
        "tracers/batches/{batch}/measured",
        {"calibrated_at": INSTANT, "activity_mbq": 1700, "expires_at": INSTANT, "particles": 4_000_000},
    ),
    "a batch that comes later": ("tracers/batches/{batch}/delay", {"usable_from": INSTANT}),
    "a batch that is not used": ("tracers/batches/{batch}/fail", {"reason": "Vial broken or spilled."}),
    "an order of doses": (
        "tracers/supplies/{supply}/orders",
        {"day": "2027-03-09", "doses": 3, "activity_mbq": 1850, "reference": "PO-1"},
    ),
    "a supplier": (
        "tracers/supplies/{supply}/supplier",
        {"supplier": "North", "order_by_time": "14:00", "order_days_before": 1},
    ),
}
TYPED = st.one_of(
    st.sampled_from(
        [
            *("", " ", "-1", "0", "1e99", "1e-9", "NaN", "Infinity", "٣", "1,5", "1.23456", "9" * 40, "½"),
            *("2027-02-30", "0001-01-01", "9999-12-31", "2027-03-14", "24:00", "02:30", "23:59:59.9", "soon"),
            *(
                "\x00",
                "a\nb",
                "\u202eabc",
                "<b>x</b>",
                "x" * 5000,
                "kr81m",
                "xe133",
                "on",
                "7",
                "-0",
                "🫁" * 50,
            ),
        ]
    ),
    st.text(st.characters(codec="utf-8"), max_size=60),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(str),
    st.dates(date(1, 1, 1), date(9999, 12, 31)).map(date.isoformat),
    st.times().map(time.isoformat),
)
SENT = st.one_of(
    TYPED,
    st.none(),
    st.booleans(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    st.datetimes().map(lambda at: f"{at.isoformat()}Z"),
)


def wrong(valid, values):
    """The valid fields with one to three of them changed or left out."""
    changes = st.dictionaries(
        st.sampled_from(sorted(valid)), st.one_of(values, st.just(...)), min_size=1, max_size=3
    )
    return changes.map(
        lambda found: {name: value for name, value in (valid | found).items() if value is not ...}
    )


def standing():
    """How everything is that these forms write."""
    rows = [sorted(model.objects.values_list(), key=repr) for model in TABLES[:4]]
    return (
        rows,
        [model.objects.count() for model in TABLES[4:]],
        sorted(User.objects.values_list("pk", "badge")),
    )


@pytest.fixture
def world(client, monkeypatch, settings):
    """A department on Monday 07:00 with a batch that a patient's dose comes from, and a plan with a supplier."""
    settings.REQUIRE_MFA_ROLES, settings.IDLE_LOCK = [], timedelta(days=1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    site = doses.recorded(department.site())
    lead = department.lead(site)
    person = Resource.objects.get(site=site, name="Ana Ruiz")
    person.user = department.technologist(site, username="tess")
    person.save(update_fields=["user"])
    plan = {
        "product": "maa",
        "weekdays": [0, 1, 2, 3, 4],
        "usable_time": time(7, 30),
        "activity_mbq": Decimal(1850),
        "particles": 4_000_000,
        "shelf_life_minutes": 360,
        "starts_on": TODAY,
        "ends_on": TODAY + timedelta(days=10),
    }
    supply = tracers.add_supply(site, by=lead, now=NOW, **plan)
    ordering.set_supplier(
        supply, supplier="North", order_by_time=time(15), order_days_before=1, by=lead, now=NOW
    )
    batch = doses.batch(site)
    department.booked(site)
    client.force_login(lead)
    return client, lead, {"batch": batch.pk, "supply": supply.pk, "person": person.pk}


def is_left_alone(call):
    """Whether a refusal has left everything as it was; what was done is taken back for the next try."""
    with transaction.atomic():
        before = standing()
        refused = call()
        found = not refused or standing() == before
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_what_is_typed_wrongly_is_refused_with_a_sentence_and_writes_nothing(world, name):
    client, _, keys = world
    address, valid = PAGES[name]

    @FUZZED
    @given(typed=wrong(valid, TYPED))
    def tries(typed):
        def call():
            answer = client.post(address.format(**keys), {"request_id": uuid.uuid4(), **typed})
            assert answer.status_code in (302, 409, 422), (typed, answer.status_code)
            text = answer.content.decode()
            assert answer.status_code == 302 or "error" in text or "refus" in text or "callout" in text, typed
            return answer.status_code != 302

        assert is_left_alone(call), typed

    tries()


@pytest.mark.parametrize("name", CALLS)
def test_what_is_sent_wrongly_is_refused_at_its_field_and_writes_nothing(world, name):
    _, lead, keys = world
    caller = Caller(lead)
    address, valid = CALLS[name]

    @FUZZED
    @given(sent=wrong(valid, SENT))
    def tries(sent):
        def call():
            status, answer = caller.post(address.format(**keys), sent)
            assert status in (200, 201, 409, 422), (sent, status, answer)
            if status == 422 and answer.get("errors"):
                assert set(answer["errors"]) <= set(valid), (sent, answer)
                assert all(said for each in answer["errors"].values() for said in each)
            return status >= 400

        assert is_left_alone(call), sent

    tries()


@pytest.mark.parametrize("name", PAGES)
def test_what_is_right_is_taken(world, name):
    client, _, keys = world
    address, valid = PAGES[name]
    before = standing()
    answer = client.post(address.format(**keys), {"request_id": uuid.uuid4(), **valid})
    assert answer.status_code in (200, 302), answer.content.decode()
    assert standing() != before


@pytest.mark.parametrize("name", CALLS)
def test_what_is_sent_right_is_taken(world, name):
    _, lead, keys = world
    address, valid = CALLS[name]
    if name == "a batch that is here":
        valid = valid | {
            "expires_at": "2027-03-08T15:00:00-05:00",
            "calibrated_at": "2027-03-08T07:00:00-05:00",
        }
    status, answer = Caller(lead).post(address.format(**keys), valid)
    assert status in (200, 201), answer
