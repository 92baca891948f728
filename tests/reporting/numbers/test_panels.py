"""Each panel against a slow count of the same rows, and each figure against the cases that it opens."""

import random
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reporting.models import (
    ExaminationFact,
    ReportingRules,
    ResourceDay,
    SecondReading,
    TracerDay,
)
from reporting.numbers import cases, panels
from reporting.numbers.choice import Choice
from reporting.services import drafting
from scheduling.models import Appointment
from tests import department
from tests.reporting.conftest import LIKELY

DAYS = 70
FIRST = department.TODAY - timedelta(days=DAYS - 1)
COUNT = 400


@pytest.fixture
def everything(site):
    """The own site's choice of all days."""
    return Choice(site, FIRST, department.TODAY)


@pytest.fixture
def rows(order, site):
    """Facts by the hundred, drawn at random but the same each time, all of one order."""
    dice = random.Random(7)
    facts = [_fact(dice, order, site, number) for number in range(COUNT)]
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    _stand_for(order, facts)
    return ExaminationFact.objects.bulk_create(facts)


def _stand_for(order, facts):
    """An appointment for each fact: cancelled ones may be as many as are wanted."""
    known = Appointment.objects.get(procedure__order=order)
    names = [field.attname for field in Appointment._meta.concrete_fields if field.attname != "id"]
    values = {name: getattr(known, name) for name in names}
    Appointment.objects.bulk_create(
        Appointment(id=fact.appointment_id, **values | {"state": "cancelled", "ended_reason": "test"})
        for fact in facts
    )


def _fact(dice, order, site, number):
    state = dice.choices(["fulfilled", "noshow", "cancelled"], [80, 12, 8])[0]
    done = state == "fulfilled"
    scheme, category, group = dice.choice(
        [
            ("TEN_TERMS", "normal", "unlikely"),
            ("PIOPED_I", "intermediate_or_indeterminate", "unclear"),
            ("TEN_TERMS", "pe_present", "likely"),
            ("", "", ""),
        ]
    )
    critical = dice.choice(["told", "open", "withdrawn"]) if group == "likely" and done else ""
    pictures = dice.choice([0, 8, 16])
    maa = dice.choice([None, 120_000, 148_000, 200_000])
    return ExaminationFact(
        appointment_id=uuid.UUID(int=number + 1), order=order, site=site,
        day=FIRST + timedelta(days=dice.randrange(DAYS)), state=state,
        priority=dice.choice(["stat", "urgent", "routine"]), patient_class=dice.choice("OIE"),
        protocol=dice.choice(["V_THEN_Q", "Q_ONLY"]), agent=dice.choice(["technegas", "dtpa", ""]),
        who=dice.choice(["adult", "adult", "child", "pregnant"]),
        wait_minutes=dice.randrange(20, 12_000) if done else None,
        report_minutes=dice.randrange(15, 2_000) if done and dice.random() < 0.9 else None,
        delay_minutes=dice.randrange(-20, 40) if done else None,
        xray_delay_minutes=dice.choice([0, 0, 0, 4, 5, 12]) if done else None,
        xray_override=dice.random() < 0.1, between_minutes=dice.choice([None, 5, 12, 31, 90]) if done else None,
        scheme=scheme if done else "", category=category if done else "", group=group if done else "",
        is_overridden=dice.choice([None, True, False]) if group and done else None,
        critical=critical, critical_minutes=dice.randrange(2, 100) if critical == "told" else None,
        critical_due_minutes=60 if critical else None, reminders=dice.randrange(4),
        is_confirmed=dice.random() < 0.3, by_text=dice.random() < 0.4,
        not_reminded=dice.choice(["", "", "no_consent"]), pictures=pictures,
        repeats=dice.choice([0, 0, 1]) if pictures else 0, maa_kbq=maa,
        maa_off=None if maa is None else (maa > 185_000) - (maa < 130_000),
        xray=dice.choice(["", "normal", "abnormal"]),
    )  # fmt: skip


def linked(reading):
    """Every cell of a reading that opens cases, with the figure it shows."""
    cells = [each.cell for each in reading.figures]
    cells += [cell for table in reading.tables for row in table.rows for cell in row]
    return [cell for cell in cells if cell.pick]


def count_of(cell):
    """How many cases a cell stands for, where it says so itself."""
    return cell.value if isinstance(cell.value, int) else None


@pytest.mark.django_db
class TestEveryPanel:
    @pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
    def test_opens_as_many_cases_as_each_of_its_figures_counts(self, panel, rows, everything):
        for cell in linked(panel.read(everything)):
            picked = cases.picked(everything, dict(cell.pick))
            assert {name for name, _ in cell.pick} <= set(cases.NAMES)
            if count_of(cell) is not None:
                assert picked.count() == count_of(cell), cell

    @pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
    def test_says_nothing_of_nobody(self, panel, everything):
        reading = panel.read(everything)
        assert reading.count == 0
        assert all(cell.value in (None, 0, "") for cell in (each.cell for each in reading.figures))

    @pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
    def test_asks_as_many_questions_of_one_row_as_of_hundreds(
        self, panel, rows, everything, django_assert_max_num_queries
    ):
        with django_assert_max_num_queries(4):
            panel.read(everything)

    def test_has_a_definition_and_a_section(self):
        for panel in panels.ALL:
            assert panel.section in panels.SECTIONS
            assert panel.definition.endswith(".")


@pytest.mark.django_db
class TestAgainstASlowCount:
    def test_order_to_scan(self, rows, everything, site):
        reading = panels.BY_KEY["order-to-scan"].read(everything)
        done = [row for row in rows if row.wait_minutes is not None]
        late = [row for row in done if timedelta(minutes=row.wait_minutes) > site.start_target(row.priority)]
        assert reading.count == len(done)
        assert reading.figures[2].cell.value == len(late)
        assert reading.figures[0].cell.value == round(100 * (1 - len(late) / len(done)), 1)

    def test_scan_to_report_and_what_waits(self, rows, everything, site):
        reading = panels.BY_KEY["scan-to-report"].read(everything)
        waiting = [row for row in rows if row.state == "fulfilled" and row.report_minutes is None]
        signed = [row for row in rows if row.report_minutes is not None]
        late = [
            row for row in signed if timedelta(minutes=row.report_minutes) > site.report_target(row.priority)
        ]
        assert [each.cell.value for each in reading.figures[2:]] == [len(late), len(waiting)]

    def test_delays_of_the_xray_begin_at_five_minutes(self, rows, everything):
        reading = panels.BY_KEY["xray-delays"].read(everything)
        delays = [row.xray_delay_minutes for row in rows if (row.xray_delay_minutes or 0) >= 5]
        assert reading.figures[2].cell.value == sum(delays)

    def test_results_by_group(self, rows, everything):
        reading = panels.BY_KEY["categories"].read(everything)
        groups = [row.group for row in rows if row.group]
        assert reading.count == len(groups)
        assert reading.figures[0].cell.value == round(100 * groups.count("unclear") / len(groups), 1)

    def test_critical_results_in_time(self, rows, everything):
        reading = panels.BY_KEY["critical"].read(everything)
        told = [row for row in rows if row.critical == "told"]
        soon = [row for row in told if row.critical_minutes <= row.critical_due_minutes]
        assert reading.figures[0].cell.value == round(100 * len(soon) / len(told), 1)
        assert reading.figures[2].cell.value == sum(row.critical == "open" for row in rows)

    @pytest.mark.parametrize(
        ("ago", "place"), [(timedelta(minutes=61), "overdue"), (timedelta(minutes=59), "waiting")]
    )
    def test_overdue_and_told_to_nobody_is_late(self, ago, place, rows, order, resident, everything):
        """All rows are of one order: while its result is open, each open row is, and overdue as that one is."""
        drafting.write(order, draft_version=1, **LIKELY, by=resident, now=timezone.now() - ago)
        reading = panels.BY_KEY["critical"].read(everything)
        told = [row for row in rows if row.critical == "told"]
        soon = [row for row in told if row.critical_minutes <= row.critical_due_minutes]
        left = sum(row.critical == "open" for row in rows)
        whole = len(told) + (left if place == "overdue" else 0)
        assert reading.figures[0].cell.value == round(100 * len(soon) / whole, 1)
        assert cases.picked(everything, {"critical": place}).count() == left > 0
        columns = reading.tables[0].columns
        at = columns.index({"overdue": "Overdue, not told", "waiting": "Time not over"}[place])
        assert sum(row[at].value for row in reading.tables[0].rows) == left

    def test_no_shows_by_what_had_reached_the_patient(self, rows, everything):
        reading = panels.BY_KEY["no-shows"].read(everything)
        wanted = [row for row in rows if row.state in ("fulfilled", "noshow")]
        assert reading.count == len(wanted)
        by = {row[0].value: [cell.value for cell in row[1:4]] for row in reading.tables[0].rows}
        none = [row for row in wanted if row.not_reminded and not row.is_confirmed]
        assert by["none"] == [
            len(none),
            sum(row.state == "fulfilled" for row in none),
            sum(row.state == "noshow" for row in none),
        ]
        assert sum(total for total, _, _ in by.values()) == len(wanted)

    def test_activity_beside_the_reference(self, rows, everything):
        reading = panels.BY_KEY["activity"].read(everything)
        adults = sorted(
            row.maa_kbq for row in rows if row.maa_kbq and row.who == "adult" and row.state == "fulfilled"
        )
        row = next(row for row in reading.tables[0].rows if row[1].value == "adult")
        assert row[2].value == len(adults)
        assert row[5].value == 120.0
        assert (row[7].text, row[8].text) == ("37-185 MBq", "above")  # 3 of 4 up to 200 MBq

    def test_filters_limit_what_is_counted(self, rows, site):
        limited = Choice(site, FIRST, department.TODAY, protocol="Q_ONLY", agent="dtpa", patient_class="I")
        expected = [
            row
            for row in rows
            if (row.protocol, row.agent, row.patient_class) == ("Q_ONLY", "dtpa", "I")
            and row.wait_minutes is not None
        ]
        assert panels.BY_KEY["order-to-scan"].read(limited).count == len(expected)

    def test_another_sites_rows_count_only_in_all_sites_together(self, rows, site, elsewhere):
        ExaminationFact.objects.filter(pk__in=[row.pk for row in rows[:100]]).update(site=elsewhere)
        own = Choice(site, FIRST, department.TODAY)
        together = Choice(site, FIRST, department.TODAY, all_sites=True)
        whole = sum(row.wait_minutes is not None for row in rows)
        elsewhere_only = sum(row.wait_minutes is not None for row in rows[:100])
        assert panels.BY_KEY["order-to-scan"].read(own).count == whole - elsewhere_only
        assert panels.BY_KEY["order-to-scan"].read(together).count == whole
        assert set(cases.picked(together, {}).values_list("site", flat=True)) == {site.pk}

    def test_each_sites_own_target_counts_in_all_sites_together(self, rows, site, elsewhere):
        ExaminationFact.objects.filter(pk__in=[row.pk for row in rows[:200]]).update(site=elsewhere)
        elsewhere.routine_start_target = timedelta(hours=1)
        elsewhere.save(update_fields=["routine_start_target"])
        there = {row.pk: elsewhere if number < 200 else site for number, row in enumerate(rows)}
        late = [
            row
            for row in rows
            if row.wait_minutes is not None
            and timedelta(minutes=row.wait_minutes) > there[row.pk].start_target(row.priority)
        ]
        together = Choice(site, FIRST, department.TODAY, all_sites=True)
        assert panels.BY_KEY["order-to-scan"].read(together).figures[2].cell.value == len(late)


@pytest.mark.django_db
class TestSmallNumbers:
    def test_fewer_than_five_have_no_share_and_no_median(self, rows, everything, site):
        few = [row.pk for row in rows if row.wait_minutes is not None][:4]
        ExaminationFact.objects.exclude(pk__in=few).delete()
        reading = panels.BY_KEY["order-to-scan"].read(everything)
        assert reading.figures[0].cell.text.endswith(" of 4")
        assert reading.figures[1].cell.text == "-"
        assert all(value is None for _, value in reading.charts[1].points)


@pytest.mark.django_db
class TestKeptDays:
    def test_utilisation_is_taken_of_open(self, site, everything):
        for resource in site.resources.exclude(kind="patient"):
            ResourceDay.objects.create(
                site=site,
                resource=resource,
                day=FIRST,
                kind=resource.kind,
                open_minutes=600,
                taken_minutes=150,
            )
        reading = panels.BY_KEY["utilisation"].read(everything)
        assert [each.cell.text for each in reading.figures] == ["25 %"] * 2
        assert {row[0].text for row in reading.tables[0].rows} == set(department.ROOMS)

    def test_waste_adds_up_what_nobody_was_given(self, site, everything):
        TracerDay.objects.create(
            site=site, day=FIRST, product="maa", batches=2, supplied_kbq=4_000_000, unused_kbq=1_000_000,
            failed_kbq=500_000, discarded=2, discarded_kbq=200_000, residual_kbq=50_000, given=3, given_kbq=444_000,
            unit_doses=5, unused_unit_doses=1,
        )  # fmt: skip
        reading = panels.BY_KEY["waste"].read(everything)
        assert [each.cell.text for each in reading.figures] == ["1,750 MBq", "3", "25 %"]


@pytest.mark.django_db
class TestAgreement:
    def test_two_readers_are_compared_by_group_and_by_term(self, report, attending, site, resident):
        ReportingRules.objects.create(site=site, double_reading_percent=100)
        reading = panels.BY_KEY["agreement"].read(Choice(site, FIRST, department.TODAY))
        assert (reading.count, reading.notes) == (
            0,
            ("Fewer than 5 second readings: no kappa is worked out.",),
        )
        SecondReading.objects.create(
            report=report, version=1, scheme="TEN_TERMS", first_category="pe_present", category="high_probability",
            first_reader=attending, read_by=resident, read_at=department.NOW,
        )  # fmt: skip
        reading = panels.BY_KEY["agreement"].read(Choice(site, FIRST, department.TODAY))
        assert (reading.count, reading.figures[1].cell.text) == (1, "1 of 1")
        assert reading.tables[1].rows[0][2].text == "0 of 1"

    @pytest.mark.parametrize("all_sites", [False, True])
    def test_reading_late_in_the_evening_belongs_to_that_evening(
        self, report, attending, site, resident, all_sites
    ):
        """23:30 in New York is the next day in Greenwich."""
        evening = department.NOW + timedelta(hours=16, minutes=30)
        SecondReading.objects.create(
            report=report, version=1, scheme="TEN_TERMS", first_category="pe_present", category="high_probability",
            first_reader=attending, read_by=resident, read_at=evening,
        )  # fmt: skip
        days = department.TODAY, department.TODAY + timedelta(days=1)
        counts = [panels.BY_KEY["agreement"].read(Choice(site, on, on, all_sites)).count for on in days]
        assert counts == [1, 0]
