"""The one button of page and list: the next legal step with its refusal, and the ways out of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from scheduling.models import Protocol, Site, StepKind, WorkedOn
from scheduling.services import countrates, visits
from scheduling.services.examination import endings, phases
from tests import department, doses
from tests.scheduling.services.examination import with_phases
from tests.scheduling.views.test_examination import Page, clock, tick_off

__all__ = ["clock"]
MINUTE = timedelta(minutes=1)
TOO_LOW = "Perfusion shows 2.0 times the counts of ventilation; at least 3 times is needed."


@pytest.fixture
def appointment(site, technologist, clock):
    made = department.booked(site)
    Protocol.objects.filter(pk=made.procedure.protocol_id).update(agent="technegas")
    made, clock.now = department.ready(with_phases(made), by=technologist)
    return made


@pytest.fixture
def page(page_of, technologist, appointment):
    return Page(page_of(technologist), appointment)


def row_of(page):
    (found,) = page.client.get(f"/worklist/?day={department.TODAY:%Y-%m-%d}").context["lines"]
    return found


def prepared(page):
    tick_off(page, "gown", "position", "mask")
    page.phase("skip", "iv", preset="Done before the patient came here.")


class TestGas:
    def burnt(self, page, clock, ago):
        prepared(page)
        page.phase("skip", "v_dose", preset="Done before the patient came here.")
        page.phase("begin", "burn")
        clock.now += MINUTE
        page.phase("end", "burn")
        clock.now += (ago - 1) * MINUTE

    def test_gas_that_is_too_old_is_burnt_again_from_the_button(self, page, clock):
        self.burnt(page, clock, 11)
        assert page.main() == "Again: Burn"
        assert "it is breathed in within 10 min" in page.words()
        page.phase("repeat", "burn")
        assert page.main() == "Next: Inhalation"

    def test_gas_in_time_is_breathed_in(self, page, clock):
        self.burnt(page, clock, 10)
        assert page.main() == "Begin: Inhalation"

    def test_a_physician_on_the_phone_lets_it_go_on(self, page, clock, attending):
        self.burnt(page, clock, 11)
        assert "Technegas too old: a physician may let it go on" in page.words()
        order = page.appointment.procedure.order_id
        sent = {"rule": "GAS-1", "physician": attending.pk, "reason": "The lungs are at rest."}
        page.post(f"/orders/{order}/override-by-phone/", **sent)
        assert page.main() == "Begin: Inhalation"

    def test_the_list_says_why_and_names_who_may_lift_it(self, page, clock):
        self.burnt(page, clock, 11)
        found = row_of(page)
        assert "it is breathed in within 10 min" in found.button.refusal
        assert "GAS-1" in [each.rule for each in found.problems]


class TestDoseFirst:
    def test_nothing_is_burnt_while_the_dose_is_refused(self, page, site, clock, technologist):
        doses.recorded(site)
        doses.needed(site, ventilation=500)
        Site.objects.filter(pk=site.pk).update(two_person_check=True)
        prepared(page)
        assert page.main() == "Measure the dose…"
        eluate = doses.batch(site, product="pertechnetate", activity_mbq=Decimal(20_000))
        step = page.appointment.steps.get(kind=StepKind.VENTILATION)
        doses.measured(step, eluate, mbq="500", by=technologist, now=clock.now)
        html = page.html()
        assert page.main() == "Begin: Burn"
        assert 'id="press-main" aria-disabled="true"' in html
        assert "A second person has to check this dose first." in page.words()
        assert 'href="#doses"' in html
        assert page.phase("begin", "burn").status_code == 409


class TestCounts:
    @pytest.fixture
    def low(self, page, technologist, clock):
        """Perfusion pictures run, and their counts are too low."""
        args = {"by": technologist}
        ventilation, perfusion = (
            page.appointment.steps.get(kind=kind) for kind in ("ventilation", "perfusion")
        )
        phases.begin(page.appointment, "inhalation", now=clock.now, **args)
        clock.now += MINUTE
        countrates.record(ventilation, counts_per_second=1_000, now=clock.now, **args)
        visits.end(ventilation, now=clock.now, **args)
        phases.begin(page.appointment, "injection", now=clock.now + MINUTE, **args)
        clock.now += 2 * MINUTE
        phases.begin(page.appointment, "q_pictures", end_running=True, now=clock.now, **args)
        countrates.record(perfusion, counts_per_second=3_000, now=clock.now, **args)
        page.picture("perfusion", "spect")
        return perfusion

    def test_end_and_next_carry_the_refusal_and_lead_to_the_ways_out(self, page, low):
        html = page.html()
        assert page.main() == "Next: Low-dose CT"
        for kind in ("main", "other"):
            assert f'id="press-{kind}" aria-disabled="true"' in html
        assert page.words().count(TOO_LOW) >= 2
        assert 'href="#counts"' in html
        assert "Complete as limited" in page.words()
        assert page.phase("end", "q_pictures").status_code == 409
        assert page.phase("begin", "ct", end_running="1").status_code == 409

    def test_the_list_carries_it_too_and_a_decision_lifts_it(self, page, low, technologist, clock):
        assert row_of(page).button.refusal.startswith(TOO_LOW)
        rate = low.count_rates.get()
        countrates.settle(rate, way="subtract", by=technologist, now=clock.now)
        assert row_of(page).button.refusal is None
        assert 'id="press-main" aria-disabled' not in page.html()

    def test_it_can_be_stopped_with_a_reason_all_the_same(self, low, technologist, clock):
        visits.discontinue(low, reason="The patient could not.", by=technologist, now=clock.now)
        low.refresh_from_db()
        assert low.state == "discontinued"


class TestInterrupted:
    def test_a_break_is_undone_from_its_toast(self, page):
        page.phase("begin", "inhalation")
        url = f"/appointments/{page.appointment.pk}/ending/"
        page.post(url, what="interrupt", preset="The patient needs a break.")
        html = page.html()
        assert f'action="{url}undo/"' in html
        assert "Interrupted" in page.words()
        page.post(f"{url}undo/")
        assert page.appointment.problems.open().count() == 0
        assert page.appointment.phases.standing().get(key="inhalation").ended_at is None


class TestWorkingOnIt:
    @pytest.fixture
    def other(self, site):
        return department.technologist(site, username="dinh", first_name="Phuong", last_name="Dinh")

    def test_an_open_page_holds_it_and_a_look_does_not(self, page, technologist, clock):
        tick_off(page, "gown")
        was, clock.now = WorkedOn.objects.get().seen_at, clock.now + 25 * MINUTE
        assert page.client.get(f"{page.url}rows/?version=").status_code == 200
        assert WorkedOn.objects.get().seen_at == was
        page.client.post(f"{page.url}here/")
        row = WorkedOn.objects.get()
        assert (row.user, row.seen_at) == (technologist, clock.now)

    def test_the_open_page_of_another_takes_nothing_and_nothing_that_is_free(
        self, page, page_of, other, clock
    ):
        page.client.post(f"{page.url}here/")
        assert not WorkedOn.objects.exists()
        tick_off(page, "gown")
        was = WorkedOn.objects.get().seen_at
        clock.now += 5 * MINUTE
        page_of(other).post(f"{page.url}here/")
        assert WorkedOn.objects.get().seen_at == was

    def test_a_press_on_the_list_holds_it_too(self, page, page_of, technologist, other):
        step = page.appointment.steps.get(kind=StepKind.VENTILATION)
        page.client.post(f"/steps/{step.pk}/start/")
        assert WorkedOn.objects.get().user == technologist
        answer = page_of(other).post(f"/steps/{step.pk}/end/")
        assert answer.status_code == 409
        assert "works on this examination. Take over first." in answer.content.decode()


class TestPatientLeft:
    def test_nothing_is_offered_any_more_that_needs_the_patient(self, page, clock, technologist):
        prepared(page)
        page.phase("skip", "v_dose", preset="Done before the patient came here.")
        visits.start(page.appointment.steps.get(kind=StepKind.VENTILATION), by=technologist, now=clock.now)
        page.appointment.refresh_from_db()
        endings.patient_left(
            page.appointment, reason="The patient went home.", by=technologist, now=clock.now
        )
        assert page.main() == ""
        endings.undo(page.appointment, by=technologist, now=clock.now)
        assert page.main()

    def test_after_an_examination_that_ended_early_with_the_patient_here_it_goes_on(
        self, page, clock, technologist
    ):
        prepared(page)
        visits.start(page.appointment.steps.get(kind=StepKind.VENTILATION), by=technologist, now=clock.now)
        page.appointment.refresh_from_db()
        endings.complete_as_limited(
            page.appointment, reason="Enough is seen.", by=technologist, now=clock.now
        )
        assert page.main() == "Begin: Recovery"
