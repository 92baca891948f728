"""What may be drawn and given: two at one vial at the same moment, and what the database refuses by itself."""

import threading
import time
from decimal import Decimal

import pgtrigger
import pytest
from django.db import IntegrityError, connections, transaction

from scheduling import administrations
from scheduling.models import Administration
from scheduling.services import tracers
from scheduling.services.doses import choosing, giving, measuring
from scheduling.services.examination import corrections
from tests import department, doses
from tests.scheduling.services.examination import MINUTE
from vqflow.errors import Conflict, DomainError, Invalid

HELD = (
    "The batch holds only 240 MBq at this time, and 148 MBq of that was drawn for others. "
    "Check the figure and the batch."
)
SUM = "More was drawn from this batch than it holds. Check the figure and the batch."


@pytest.fixture
def site():
    return doses.recorded(department.site())


@pytest.fixture
def tess(site):
    return department.technologist(site)


def vial(site, at, mbq=240):
    """One of which nothing is planned."""
    return doses.batch(site, starts_at=at, activity_mbq=Decimal(mbq), particles=500_000)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    """Both draw 148 MBq from a vial of 240 MBq; calibrators may differ by 20 %, and that is not enough for both."""

    @pytest.fixture
    def press(self, site, monkeypatch):
        doses.batch(site)
        steps, times = zip(*(doses.cleared(site) for _ in range(2)), strict=True)
        at = max(times)
        small, people = vial(site, at), [department.technologist(site) for _ in steps]
        looked = choosing.not_in_it

        def slow(*args, **kwargs):
            found = looked(*args, **kwargs)
            time.sleep(0.4)
            return found

        monkeypatch.setattr(choosing, "not_in_it", slow)

        def both():
            barrier, outcomes = threading.Barrier(2), []

            def one(step, by):
                barrier.wait()
                try:
                    doses.measured(step, small, by=by, now=at)
                    outcomes.append("measured")
                except DomainError as refusal:
                    found = (
                        refusal.fields.get("measured_mbq", [refusal.sentence])
                        if isinstance(refusal, Invalid)
                        else None
                    )
                    outcomes.append(found[0] if found else refusal.sentence)
                finally:
                    connections.close_all()

            threads = [threading.Thread(target=one, args=each) for each in zip(steps, people, strict=True)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sorted(outcomes, reverse=True)

        return both

    @staticmethod
    def without_lock(monkeypatch):
        monkeypatch.setattr(tracers, "lock_drawn", lambda step, batch: batch)

    def test_without_lock_and_trigger_both_draw_more_than_there_is(self, press, monkeypatch):
        """The negative control."""
        self.without_lock(monkeypatch)
        pgtrigger.disable("scheduling.Administration:within_batch")
        try:
            assert press() == ["measured", "measured"]
        finally:
            pgtrigger.enable("scheduling.Administration:within_batch")

    def test_the_second_is_told_what_the_first_has_drawn(self, press):
        assert press() == ["measured", HELD]
        assert Administration.objects.standing().count() == 1

    def test_the_database_alone_also_holds(self, press, monkeypatch):
        self.without_lock(monkeypatch)
        assert press() == ["measured", SUM]
        assert Administration.objects.standing().count() == 1


@pytest.mark.django_db
class TestTheBatch:
    @pytest.fixture
    def at_hand(self, site):
        doses.batch(site)
        return doses.cleared(site)

    def write(self, step, batch, by, at, mbq):
        """Straight into the table."""
        values = {"prescribed_mbq": 148, "lowest_mbq": 37, "highest_mbq": 185, "number": 1}
        about = {"step": step, "batch": batch, "product": "maa", "recorded_at": at, "recorded_by": by}
        with transaction.atomic():
            return Administration.objects.create(measured_mbq=Decimal(mbq), measured_at=at, **values, **about)

    def test_takes_a_fifth_more_than_its_label_and_no_more(self, site, tess, at_hand):
        step, at = at_hand
        small = vial(site, at, mbq=100)
        with pytest.raises(IntegrityError, match="than it holds"):
            self.write(step, small, tess, at, "121")
        row = self.write(step, small, tess, at, "120")
        for changes in ({"measured_mbq": Decimal(130)}, {"measured_at": at + 60 * MINUTE}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Administration.objects.filter(pk=row.pk).update(**changes)
        # Earlier it held more; and what is thrown away is not weighed again.
        Administration.objects.filter(pk=row.pk).update(measured_at=at - 60 * MINUTE)
        void = {"voided_at": at, "voided_by": tess, "void_reason": "Broke."}
        Administration.objects.filter(pk=row.pk).update(**void, measured_mbq=Decimal(500))

    def test_a_late_correction_is_weighed_with_what_others_had(self, site, tess, at_hand):
        step, at = at_hand
        other, later = doses.cleared(site)
        at = max(at, later)
        small = vial(site, at, mbq=300)
        first = doses.measured(step, small, by=tess, now=at)
        doses.measured(other, small, by=tess, now=at)
        giving.give(first, by=tess, now=at)
        with pytest.raises(Invalid) as refusal:
            corrections.correct(
                step.appointment, first, {"measured_mbq": Decimal(230)}, reason="Misread.", by=tess, now=at
            )
        assert "148 MBq of that was drawn for others" in refusal.value.fields["measured_mbq"][0]


@pytest.mark.django_db
class TestGiving:
    @pytest.fixture
    def at_hand(self, site):
        doses.batch(site)
        return doses.cleared(site)

    def given(self, dose, by, at):
        """Straight into the table."""
        fields = {"given_at": at, "given_by": by, "administered_mbq": dose.measured_mbq}
        try:
            with transaction.atomic():
                Administration.objects.filter(pk=dose.pk).update(**fields)
        except IntegrityError as error:
            return error.__cause__.diag.constraint_name
        return "given"

    @pytest.mark.parametrize("mbq", ["30", "36.9", "118.3", "118.4", "148", "177.6", "177.7", "190"])
    def test_the_database_and_the_sentence_agree(self, site, tess, at_hand, mbq):
        step, at = at_hand
        dose = doses.measured(step, vial(site, at, mbq=2000), by=tess, now=at, mbq=mbq)
        refused = administrations.judge(dose, administrations.standing(step), at).refusals
        expected = "administration_as_prescribed" if refused else "given"
        assert (self.given(dose, tess, at), bool(refused)) == (expected, mbq not in ("118.4", "148", "177.6"))

    def test_what_an_authorised_user_has_approved_is_given(self, site, tess, at_hand):
        step, at = at_hand
        dose = doses.measured(step, vial(site, at, mbq=2000), by=tess, now=at, mbq="110")
        assert self.given(dose, tess, at) == "administration_as_prescribed"
        measuring.override(dose, reason="Small patient.", by=department.attending(site), now=at)
        assert self.given(dose, tess, at) == "given"

    def test_too_many_particles_and_too_much_in_all_are_not_given(self, site, tess, at_hand):
        step, at = at_hand
        dose = doses.measured(step, vial(site, at, mbq=2000), by=tess, now=at)
        Administration.objects.filter(pk=dose.pk).update(particles=700_001)
        assert self.given(dose, tess, at) == "administration_as_prescribed"
        Administration.objects.filter(pk=dose.pk).update(particles=500_000)
        giving.give(dose, by=tess, now=at)
        extra = doses.measured(step, vial(site, at, mbq=2000), by=tess, now=at, mbq="37", is_extra=True)
        assert self.given(extra, tess, at) == "given"  # 185 MBq is the most there is
        Administration.objects.filter(pk=extra.pk).update(given_at=None, given_by=None, administered_mbq=None)
        Administration.objects.filter(pk=extra.pk).update(measured_mbq=Decimal("37.1"))
        extra.refresh_from_db()
        assert self.given(extra, tess, at) == "administration_as_prescribed"
        with pytest.raises(Conflict, match=r"With the 148 MBq given before it would be 185\.1 MBq"):
            giving.give(extra, by=tess, now=at)


@pytest.mark.django_db
class TestWhatIsAllowedIsSaidToo:
    @pytest.fixture
    def at_hand(self, site):
        doses.batch(site)
        return doses.cleared(site)

    def said(self, step, at, dose):
        return choosing.to_know(dose, administrations.standing(step), at)

    @pytest.mark.parametrize(
        ("mbq", "sentences"),
        [
            ("155.4", []),  # 5 %
            ("160", ["160 MBq is 8 % more than the prescribed 148 MBq."]),
            ("177.6", ["177.6 MBq is 20 % more than the prescribed 148 MBq."]),
            ("130", ["130 MBq is 12 % less than the prescribed 148 MBq."]),
        ],
    )
    def test_a_dose_away_from_what_is_prescribed(self, site, tess, at_hand, mbq, sentences):
        step, at = at_hand
        dose = doses.measured(step, vial(site, at, mbq=1000), by=tess, now=at, mbq=mbq)
        assert [each for each in self.said(step, at, dose) if "prescribed" in each] == sentences

    def test_more_than_the_label_of_its_vial(self, site, tess, at_hand):
        step, at = at_hand
        small = vial(site, at, mbq=130)
        dose = doses.measured(step, small, by=tess, now=at)
        [sentence] = [each for each in self.said(step, at, dose) if "label" in each]
        assert sentence.startswith("148 MBq was drawn from MAA kit ")
        assert sentence.endswith(", 13 % more than its label says. Check the calibrator and the label.")
