"""The department's own durations: measured from performed times, shown beside the plan, adopted from a day on."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from scheduling.models import PlannedChange, Protocol, ProtocolStep, ScheduledProcedureStep, StepKind
from scheduling.services import durations
from scheduling.services.department import changes
from scheduling.services.department import durations as adoption
from tests import department
from tests.department import NOW, TODAY
from vqflow.errors import Conflict, Invalid, NotAllowed

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TOMORROW = TODAY + DAY
PAGE = "/department/durations/"


@pytest.fixture
def protocol(site):
    return Protocol.objects.get(site=site, key="V_THEN_Q")


@pytest.fixture
def history(site):
    """Twelve ventilations of 11 to 22 minutes last month, with their X-rays and perfusions of 30."""
    made = department.booked(site)
    return perform(made, minutes=range(11, 23))


def perform(made, *, minutes):
    """Copies of one appointment, as they were performed in the month before."""
    order, steps = made.procedure.order, list(made.steps.order_by("ordinal"))
    for n, ventilation in enumerate(minutes):
        copy = _copy(made, order, n)
        for step in steps:
            length = {StepKind.VENTILATION: ventilation}.get(step.kind, 30)
            _perform(step, copy, n, length)
    return made


def _copy(made, order, n):
    procedure = made.procedure
    order.pk, order.accession_number, order.state = None, f"HIST{n}", "performed"
    order.save()
    procedure.pk, procedure.order, procedure.requested_procedure_id = None, order, f"HIST{n}"
    procedure.study_instance_uid = f"2.25.{1000 + n}"
    procedure.save()
    back = (n + 1) * DAY
    fields = {
        field.attname: getattr(made, field.attname)
        for field in made._meta.concrete_fields
        if not field.primary_key
    }
    for name in ("starts_at", "ends_at", "lungs_start_at", "xray_ends_at", "booked_at"):
        fields[name] -= back
    return type(made).objects.create(**fields | {"state": "fulfilled", "procedure_id": procedure.pk})


def _perform(step, copy, n, length):
    begun = step.planned_start_at - (n + 1) * DAY
    ScheduledProcedureStep.objects.create(
        appointment=copy,
        ordinal=step.ordinal,
        kind=step.kind,
        sps_id=f"H{copy.pk.hex[:8]}{step.ordinal}",
        modality=step.modality,
        state="completed",
        planned_start_at=begun,
        planned_end_at=begun + 15 * MINUTE,
        performed_start_at=begun,
        performed_end_at=begun + length * MINUTE,
    )


def measured(site):
    return durations.read(site, now=NOW)


def minutes_of(protocol, kind):
    return ProtocolStep.objects.get(protocol=protocol, kind=kind).acquisition_minutes


def test_medians_and_ninetieth_percentiles_come_from_performed_times(site, protocol, history):
    found = measured(site)
    ventilation = found[protocol.pk, "ventilation", None]
    assert (ventilation.count, ventilation.median_minutes, ventilation.most_minutes) == (12, 17, 21)
    patient_class = history.procedure.order.patient_class
    assert found[protocol.pk, "ventilation", patient_class] == ventilation
    assert found[protocol.pk, "perfusion", None].median_minutes == 30


def test_what_was_done_elsewhere_together_or_longer_for_one_patient_says_nothing(site, protocol, history):
    done = ScheduledProcedureStep.objects.filter(state="completed", kind="ventilation")
    one, other, third = done.order_by("pk")[:3]
    ScheduledProcedureStep.objects.filter(pk=one.pk).update(elsewhere="County Hospital")
    ScheduledProcedureStep.objects.filter(pk=other.pk).update(simultaneous=True)
    ScheduledProcedureStep.objects.filter(pk=third.pk).update(acquisition_minutes=40)
    assert measured(site)[protocol.pk, "ventilation", None].count == 9


def test_older_ones_and_those_of_another_site_do_not_count(site, elsewhere, history):
    assert durations.read(site, now=NOW + 100 * DAY) == {}
    assert durations.read(elsewhere, now=NOW) == {}


def test_they_are_read_once_a_day(site, history, django_assert_num_queries):
    with django_assert_num_queries(1):
        first = durations.measured(site, now=NOW)
    with django_assert_num_queries(0):
        assert durations.measured(site, now=NOW + timedelta(hours=2)) == first
    with django_assert_num_queries(1):
        durations.measured(site, now=NOW + DAY)


def test_adopting_waits_for_its_day_and_keeps_its_history(site, protocol, history, lead):
    shares = {StepKind.VENTILATION: adoption.Share.MEDIAN, StepKind.PERFUSION: adoption.Share.MOST}
    made = adoption.change(protocol, shares=shares, starts_on=TOMORROW, by=lead, now=NOW)
    assert sorted(made.values.values(), key=str) == [
        {"acquisition_minutes": [15, 17]},
        {"acquisition_minutes": [20, 30]},
    ]
    assert minutes_of(protocol, "ventilation") == 15
    changes.apply_due(now=NOW + 2 * DAY)
    assert (minutes_of(protocol, "ventilation"), minutes_of(protocol, "perfusion")) == (17, 30)


def test_too_few_nothing_chosen_a_second_change_of_a_day_and_others_than_the_lead_are_refused(
    site, protocol, history, lead
):
    def adopt(by=lead, **shares):
        return adoption.change(protocol, shares=shares, starts_on=TOMORROW, by=by, now=NOW)

    with pytest.raises(Invalid, match="Nothing is chosen"):
        adopt()
    with pytest.raises(NotAllowed):
        adopt(by=department.scheduler(site), ventilation="median")
    adopt(ventilation="median")
    with pytest.raises(Conflict, match="Another change is planned from 9 Mar 2027"):
        adopt(perfusion="median")
    ScheduledProcedureStep.objects.filter(state="completed").update(performed_start_at=None)
    with pytest.raises(Invalid, match="Too few times of the ventilation were measured"):
        adopt(ventilation="median")


class TestThePage:
    def adopt(self, browser, protocol, **form):
        path = reverse("scheduling:department-durations-adopt", args=[protocol.pk])
        return browser.post(path, {"starts_on": str(TOMORROW), **form}, follow=True)

    def test_shows_measured_beside_planned_and_adopts_with_one_press(self, browser, protocol, history):
        page = browser.get(PAGE).content.decode()
        assert '<option value="median" selected>Median, 17 min</option>' in page
        assert re.search(r"15 min</td>\s*<td[^>]*><strong>17 min</strong>", page)
        answer = self.adopt(browser, protocol, ventilation="median", perfusion="", xray="")
        assert (
            "saved. It holds from 9 Mar 2027 on. What is booked keeps its times." in answer.content.decode()
        )
        assert PlannedChange.objects.get().subject_id == protocol.pk

    def test_refuses_at_the_protocol_that_was_pressed(self, browser, protocol, history):
        answer = self.adopt(browser, protocol)
        assert (answer.status_code, "Nothing is chosen" in answer.content.decode()) == (422, True)
        answer = self.adopt(browser, protocol, ventilation="twice")
        assert answer.status_code == 422
        answer = self.adopt(browser, protocol, ventilation="median", starts_on="2020-01-01")
        assert (answer.status_code, "This is too early" in answer.content.decode()) == (422, True)
        self.adopt(browser, protocol, ventilation="median")
        answer = self.adopt(browser, protocol, perfusion="median")
        assert (answer.status_code, "Another change is planned" in answer.content.decode()) == (409, True)

    def test_without_a_measured_time_nothing_can_be_adopted(self, browser, site):
        page = browser.get(PAGE).content.decode()
        assert "Nothing measured yet" in page
        assert ">Adopt<" not in page

    def test_a_scheduler_looks_and_does_not_adopt(self, site, protocol, history, client):
        client.force_login(department.scheduler(site))
        assert "Plan with" not in client.get(PAGE).content.decode()
        assert self.adopt(client, protocol, ventilation="median").status_code == 403

    @pytest.mark.parametrize("count", [1, 3])
    def test_takes_as_many_queries_whatever_there_is(self, browser, site, count, django_assert_num_queries):
        for n in range(count - 1):
            department.protocol(site, key=f"X{n}")
        browser.get(PAGE)
        with django_assert_num_queries(9):
            assert browser.get(PAGE).content.count(b"Ventilation then perfusion") >= count


class TestTheApi:
    def test_lists_and_adopts(self, api, protocol, history):
        status, rows = api.get("department/durations")
        assert status == 200
        first = next(row for row in rows if row["protocol"] == protocol.pk)
        step = next(each for each in first["steps"] if each["kind"] == "ventilation")
        assert (step["planned_minutes"], step["measured"]["median_minutes"], step["measured"]["count"]) == (
            15,
            17,
            12,
        )
        address = f"department/durations/{protocol.pk}/adopt"
        wish = {"ventilation": "median", "starts_on": str(TOMORROW), "dry_run": True}
        status, answer = api.post(address, wish)
        assert (status, answer["saved"]) == (200, False)
        assert len(answer["changes"]) == 1
        status, answer = api.post(address, {**wish, "dry_run": False})
        assert (answer["saved"], PlannedChange.objects.count()) == (True, 1)
        assert api.post(address, {"starts_on": str(TOMORROW)})[0] == 422
