"""What a reading is compared with: an earlier examination of the same patient that has a signed report here."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from reporting.services import drafting, signing, versions
from scheduling.models import Order
from tests import department
from tests.reporting.conftest import LIKELY, NOW
from vqflow.errors import Invalid

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(minutes=7)
REFUSED = (
    "comparison.prior_order: This is no earlier examination of this patient with a signed report here."
    " Choose one of those, or leave it empty."
)


def signed(order, by):
    drafting.write(order, draft_version=1, **LIKELY, by=by, now=NOW)
    signing.sign(drafting.existing(order), draft_version=2, by=by, now=NOW)
    return order


def of_patient(order, patient):
    Order.objects.filter(pk=order.pk).update(patient=patient)
    order.refresh_from_db()
    return order


@pytest.fixture
def earlier(site, order, attending):
    """The same patient's earlier examination, signed final."""
    return signed(of_patient(department.performed(site), order.patient), attending)


def compared_with(order, prior, by, **content):
    reading = {"comparison": {"prior_order": prior, "change": "better"}}
    version = drafting.of(order).draft_version
    return drafting.write(order, draft_version=version, reading=reading, **content, by=by, now=LATER)


def refused(order, prior, by):
    with pytest.raises(Invalid) as refusal:
        compared_with(order, prior, by)
    return refusal.value.fields


def test_an_earlier_signed_examination_of_the_patient_is_taken(order, earlier, attending):
    saved = compared_with(order, earlier.pk, attending)
    assert saved.reading["comparison"] == {"prior_order": earlier.pk, "change": "better"}


def test_no_other_order_is(site, elsewhere, order, attending):
    """Of another patient, of another site, not signed yet, this one itself, none at all."""
    another = signed(department.performed(site), attending)
    away = department.attending(elsewhere)
    there = signed(of_patient(department.performed(elsewhere), order.patient), away)
    unsigned = of_patient(department.performed(site), order.patient)
    drafting.write(unsigned, draft_version=1, **LIKELY, by=attending, now=NOW)
    for prior in (another.pk, there.pk, unsigned.pk, order.pk, 2**63 - 1, 0):
        assert refused(order, prior, attending) == {"reading": [REFUSED]}


def test_a_preliminary_or_retracted_report_is_none_to_compare_with(site, order, earlier, resident, attending):
    preliminary = of_patient(department.performed(site), order.patient)
    drafting.write(preliminary, draft_version=1, **LIKELY, by=resident, now=NOW)
    signing.sign(drafting.existing(preliminary), draft_version=2, by=resident, now=NOW)
    assert refused(order, preliminary.pk, attending) == {"reading": [REFUSED]}
    found = drafting.existing(earlier)
    versions.retract(found, number=1, reason="Wrong pictures.", by=attending, now=NOW)
    assert refused(order, earlier.pk, attending) == {"reading": [REFUSED]}


def test_one_that_was_retracted_since_does_not_hold_up_the_rest_of_the_draft(order, earlier, attending):
    compared_with(order, earlier.pk, attending)
    found = drafting.existing(earlier)
    versions.retract(found, number=1, reason="Wrong pictures.", by=attending, now=LATER)
    assert compared_with(order, earlier.pk, attending, findings="Two.").findings == "Two."


def test_the_api_says_so_at_the_reading(order, attending, page_of):
    data = {**LIKELY, "draft_version": 1, "reading": {"comparison": {"prior_order": 4711}}}
    url = reverse("reporting_api:report", kwargs={"pk": order.pk})
    answer = page_of(attending).put(url, json.dumps(data), content_type="application/json")
    assert (answer.status_code, answer.json()["errors"]) == (422, {"reading": [REFUSED]})


def test_the_page_says_so_and_keeps_what_was_typed(order, attending, page_of):
    data = {**LIKELY, "version": 1, "reading": "SEG18", "comparison_order": "4711"}
    answer = page_of(attending).post(reverse("reporting:draft", kwargs={"pk": order.pk}), data)
    text = answer.content.decode()
    assert (answer.status_code, "no earlier examination of this patient" in text) == (422, True)
    assert LIKELY["findings"] in text
    assert drafting.of(order).findings == ""


def test_the_page_that_saves_by_itself_is_told(order, attending, page_of):
    data = {**LIKELY, "version": 1, "reading": "SEG18", "comparison_order": "4711"}
    url = reverse("reporting:draft", kwargs={"pk": order.pk})
    answer = page_of(attending).post(url, data, headers={"X-VQFlow-Autosave": "1"})
    assert (answer.status_code, answer.content.decode()) == (422, REFUSED)
