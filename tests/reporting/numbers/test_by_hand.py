"""Each panel over the whole demonstration, against SQL written anew from the tables that people fill: nothing of the
kept rows, of the statement that makes them, or of the panels is used here. And each figure opens its cases."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from reporting.engine.schemes import SCHEMES
from reporting.numbers import cases, panels, sheets
from reporting.numbers.choice import Choice
from reporting.services.facts import keeping
from scheduling.models import Site
from tests.reporting.numbers.test_panels import count_of, linked
from tests.test_demo import NOON, ZONE

pytestmark = pytest.mark.django_db  # makes the database, also where this file is run by itself
DONE = """
    SELECT a.id, a.lungs_start_at, a.xray_shortest, o.id AS order_id, o.ordered_at, o.priority, o.patient_class,
        (SELECT min(t.performed_start_at) FROM scheduling_scheduledprocedurestep t
         WHERE t.appointment_id = a.id AND t.kind IN ('ventilation', 'perfusion')) AS begun,
        (SELECT max(t.performed_end_at) FROM scheduling_scheduledprocedurestep t
         WHERE t.appointment_id = a.id AND t.kind IN ('ventilation', 'perfusion')) AS ended,
        (SELECT max(t.performed_end_at) FROM scheduling_scheduledprocedurestep t
         WHERE t.appointment_id = a.id AND t.kind = 'xray') AS filmed
    FROM scheduling_appointment a JOIN scheduling_requestedprocedure p ON p.id = a.procedure_id
    JOIN scheduling_order o ON o.id = p.order_id
    WHERE a.state = 'fulfilled' AND a.site_id = %(site)s
"""
STANDS = """
    SELECT DISTINCT ON (r.id) r.order_id, v.scheme, v.category, v.suggested
    FROM reporting_report r JOIN reporting_reportversion v ON v.report_id = r.id
    JOIN scheduling_order o ON o.id = r.order_id
    WHERE r.state IN ('final', 'amended') AND v.kind NOT IN ('preliminary', 'retraction') AND o.site_id = %(site)s
    ORDER BY r.id, v.number DESC
"""


@pytest.fixture(scope="module")
def whole(django_db_setup, django_db_blocker):
    """The demonstration's first site, all its days."""
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("load_demo", "--small", "--today", NOON, stdout=io.StringIO())
        now = datetime.fromisoformat(NOON).replace(tzinfo=ZONE)
        site = Site.objects.get(code="riverside")
        keeping.renew(site, now=now)
        yield Choice(site, now.date() - timedelta(days=3650), now.date() + timedelta(days=1))
        transaction.set_rollback(True)


@pytest.fixture
def sql(whole):
    def rows(statement):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"site": whole.site.pk})
            return cursor.fetchall()

    return rows


def reading(whole, key):
    return panels.BY_KEY[key].read(whole)


def shown(found, label):
    return next(each.cell.value for each in found.figures if each.label == label)


def column(found, table, *names):
    """{value of the row's own cell: its values in these columns}"""
    places = [found.tables[table].columns.index(name) for name in names]
    return {row[0].value: tuple(row[place].value for place in places) for row in found.tables[table].rows}


def share(part, whole):
    return round(100 * part / whole, 1)


def test_order_to_scan(whole, sql):
    counted = sql(f"""
        SELECT d.priority, count(*),
            count(*) FILTER (WHERE date_trunc('minute', d.begun - d.ordered_at) > CASE d.priority
            WHEN 'stat' THEN s.stat_start_target WHEN 'urgent' THEN s.urgent_start_target
            ELSE s.routine_start_target END)
        FROM ({DONE}) d JOIN scheduling_site s ON s.id = %(site)s WHERE d.begun IS NOT NULL GROUP BY 1
    """)
    found = reading(whole, "order-to-scan")
    assert column(found, 0, "Examinations", "Late") == {key: (count, late) for key, count, late in counted}
    assert found.count == sum(count for _, count, _ in counted) > 50
    assert shown(found, "Started late") == sum(late for *_, late in counted)


def test_scan_to_report(whole, sql):
    ((waiting, signed, late),) = sql(f"""
        SELECT count(*) FILTER (WHERE f.at IS NULL), count(f.at),
            count(*) FILTER (WHERE date_trunc('minute', f.at - d.ended) > CASE d.priority
                WHEN 'stat' THEN s.stat_report_target WHEN 'urgent' THEN s.urgent_report_target
                ELSE s.routine_report_target END)
        FROM ({DONE}) d JOIN scheduling_site s ON s.id = %(site)s
        LEFT JOIN (SELECT r.order_id, min(v.signed_at) AS at FROM reporting_report r
            JOIN reporting_reportversion v ON v.report_id = r.id WHERE v.kind = 'final' GROUP BY 1) f USING (order_id)
    """)
    found = reading(whole, "scan-to-report")
    assert (shown(found, "Signed late"), shown(found, "Not signed yet"), found.count) == (
        late,
        waiting,
        signed,
    )
    assert waiting > 0 < signed


def test_delays_of_the_xray(whole, sql):
    ((number, spent, examinations),) = sql(f"""
        SELECT count(*) FILTER (WHERE lost >= 5), coalesce(sum(lost) FILTER (WHERE lost >= 5), 0), count(*) FROM (
            SELECT CASE WHEN begun > lungs_start_at AND filmed IS NOT NULL THEN floor(extract(epoch FROM greatest(
                least(begun, filmed + xray_shortest) - lungs_start_at, interval '0')) / 60) ELSE 0 END AS lost
            FROM ({DONE}) d WHERE begun IS NOT NULL) found
    """)
    found = reading(whole, "xray-delays")
    assert (shown(found, "Camera time waited in all"), found.count) == (spent, examinations)
    assert sum(each for (each,) in column(found, 0, "Because of the X-ray").values()) == number


def test_between_the_two_parts(whole, sql):
    ((both, long),) = sql("""
        SELECT count(*), count(*) FILTER (WHERE pause > 30) FROM (
            SELECT floor(extract(epoch FROM (array_agg(t.performed_start_at ORDER BY t.performed_start_at))[2]
                - (array_agg(t.performed_end_at ORDER BY t.performed_start_at))[1]) / 60) AS pause,
                count(DISTINCT (t.performed_start_at AT TIME ZONE s.time_zone)::date) AS days
            FROM scheduling_scheduledprocedurestep t JOIN scheduling_appointment a ON a.id = t.appointment_id
            JOIN scheduling_site s ON s.id = a.site_id
            WHERE a.state = 'fulfilled' AND a.site_id = %(site)s AND t.kind IN ('ventilation', 'perfusion')
                AND t.performed_start_at IS NOT NULL
            GROUP BY a.id HAVING count(*) = 2) found WHERE days = 1
    """)
    found = reading(whole, "between")
    assert found.count == both > 0
    assert sum(each for (each,) in column(found, 0, "Over 30 min").values()) == long


def test_results(whole, sql):
    counted = sql(f"SELECT scheme, category, count(*) FROM ({STANDS}) found GROUP BY 1, 2")
    found = reading(whole, "categories")
    terms = {(row[1].value, row[0].value): row[3].value for row in found.tables[3].rows}
    assert terms == {(scheme, category): number for scheme, category, number in counted}
    groups = {(scheme.key, each.key): each.group for scheme in SCHEMES.values() for each in scheme.categories}
    total = sum(terms.values())
    for label, group in (("Could not tell", "unclear"), ("PE likely", "likely")):
        part = sum(number for key, number in terms.items() if groups[key] == group)
        assert shown(found, label) == share(part, total)
    assert shown(found, "Reports") == total > 50


def test_overrides(whole, sql):
    ((suggested, other, without),) = sql(f"""
        SELECT count(*) FILTER (WHERE suggested <> ''), count(*) FILTER (WHERE suggested NOT IN ('', category)),
            count(*) FILTER (WHERE suggested = '') FROM ({STANDS}) found
    """)
    found = reading(whole, "overrides")
    assert shown(found, "Overridden") == share(other, suggested)
    assert (shown(found, "With a suggestion"), shown(found, "Without one")) == (suggested, without)


def test_critical_results_in_time(whole, sql):
    """Overdue by the clock of this moment: what the demonstration has open was found today, days or years ago."""
    ((soon, late, overdue, waiting, withdrawn),) = sql("""
        SELECT count(*) FILTER (WHERE t.told_at < c.due_at + interval '1 minute'),
            count(*) FILTER (WHERE t.told_at >= c.due_at + interval '1 minute'),
            count(*) FILTER (WHERE c.closed_at IS NULL AND c.due_at < now()),
            count(*) FILTER (WHERE c.closed_at IS NULL AND c.due_at >= now()),
            count(*) FILTER (WHERE c.closing = 'withdrawn')
        FROM reporting_criticalresult c LEFT JOIN reporting_told t ON t.result_id = c.id
        JOIN reporting_report r ON r.id = c.report_id JOIN scheduling_order o ON o.id = r.order_id
        WHERE o.site_id = %(site)s AND c.kind = 'critical'
            AND EXISTS (SELECT FROM scheduling_appointment a
                JOIN scheduling_requestedprocedure p ON p.id = a.procedure_id
                WHERE p.order_id = o.id AND a.state = 'fulfilled')
    """)
    found = reading(whole, "critical")
    names = ("Told in time", "Told late", "Overdue, not told", "Time not over", "Withdrawn")
    sums = [sum(row) for row in zip(*column(found, 0, *names).values(), strict=True)]
    assert sums == [soon, late, overdue, waiting, withdrawn]
    assert soon > 5
    assert late > 0
    assert shown(found, "Told in time") == share(soon, soon + late + overdue)
    assert shown(found, "Not told yet") == overdue + waiting


def test_patients_who_did_not_come(whole, sql):
    counted = dict(
        sql("SELECT state, count(*) FROM scheduling_appointment WHERE site_id = %(site)s GROUP BY 1")
    )
    found = reading(whole, "no-shows")
    assert shown(found, "Missed") == counted["noshow"] > 0
    assert shown(found, "Visits") == counted["noshow"] + counted["fulfilled"]
    confirmed = sql("""
        SELECT count(*), count(*) FILTER (WHERE state = 'noshow') FROM scheduling_appointment
        WHERE site_id = %(site)s AND state IN ('fulfilled', 'noshow') AND confirmed_at IS NOT NULL
    """)
    assert column(found, 0, "Visits", "Did not come").get("confirmed", (0, 0)) == confirmed[0]


def test_pictures_taken_again(whole, sql):
    ((examinations, again, repeats, pictures),) = sql("""
        SELECT count(*), count(*) FILTER (WHERE again > 0), sum(again), sum(taken) FROM (
            SELECT count(*) AS taken, count(*) FILTER (WHERE r.outcome = 'repeated') AS again
            FROM scheduling_picturerecord r JOIN scheduling_scheduledprocedurestep t ON t.id = r.step_id
            JOIN scheduling_appointment a ON a.id = t.appointment_id
            WHERE a.state = 'fulfilled' AND a.site_id = %(site)s AND r.voided_at IS NULL AND r.outcome <> 'skipped'
            GROUP BY a.id) found
    """)
    found = reading(whole, "repeats")
    assert found.count == shown(found, "Examinations with pictures on record") == examinations > 0
    names = ("With a repeat", "Taken again", "Pictures")
    sums = [sum(row) for row in zip(*column(found, 0, *names).values(), strict=True)]
    assert sums == [again, repeats, pictures]


def test_administered_activity(whole, sql):
    ((doses, largest),) = sql("""
        SELECT count(*), max(mbq) FROM (
            SELECT sum(d.administered_mbq) AS mbq FROM scheduling_administration d
            JOIN scheduling_scheduledprocedurestep t ON t.id = d.step_id
            JOIN scheduling_appointment a ON a.id = t.appointment_id
            WHERE a.state = 'fulfilled' AND a.site_id = %(site)s AND d.product = 'maa' AND d.voided_at IS NULL
                AND d.given_at IS NOT NULL GROUP BY a.id) found
    """)
    found = reading(whole, "activity")
    rows = [row for row in found.tables[0].rows if row[0].value == "maa"]
    assert found.count == sum(row[2].value for row in rows) == doses > 0
    assert max(row[6].value for row in rows) == round(float(largest), 1)


def test_second_readings(whole, sql):
    ((number,),) = sql("""
        SELECT count(*) FROM reporting_secondreading x JOIN reporting_report r ON r.id = x.report_id
        JOIN scheduling_order o ON o.id = r.order_id WHERE o.site_id = %(site)s
    """)
    assert shown(reading(whole, "agreement"), "Read twice") == number


def test_rooms(whole, sql):
    """What the visits that were not given back took of rooms on days that are over: within and outside open hours."""
    ((minutes,),) = sql("""
        SELECT sum(extract(epoch FROM upper(v.span) - lower(v.span)) / 60) FROM scheduling_reservation v
        JOIN scheduling_resource w ON w.id = v.resource_id JOIN scheduling_site s ON s.id = w.site_id
        JOIN scheduling_scheduledprocedurestep t ON t.id = v.step_id
        JOIN scheduling_appointment a ON a.id = t.appointment_id
        WHERE w.site_id = %(site)s AND w.kind = 'room' AND v.status IN ('booked', 'overbooked')
            AND a.state = 'fulfilled' AND (upper(v.span) AT TIME ZONE s.time_zone)::date < DATE '2026-11-18'
    """)
    rooms = next(table for table in reading(whole, "utilisation").tables if table.caption == "Rooms")
    taken = sum(
        int(row[place].text.replace(",", "").removesuffix(" h")) for row in rooms.rows for place in (3, 5)
    )
    # Each cell is in whole hours, and what two patients have at once is taken once.
    assert abs(taken - float(minutes) / 60) <= len(rooms.rows) + 0.02 * float(minutes) / 60


def test_tracer(whole, sql):
    counted = sql("""
        SELECT b.product, count(DISTINCT b.id),
            count(d.id) FILTER (WHERE d.given_at IS NOT NULL AND d.voided_at IS NULL)
        FROM scheduling_tracerbatch b JOIN scheduling_site s ON s.id = b.site_id
        LEFT JOIN scheduling_administration d ON d.batch_id = b.id
        WHERE b.site_id = %(site)s AND (b.expires_at AT TIME ZONE s.time_zone)::date < DATE '2026-11-18' GROUP BY 1
    """)
    found = column(reading(whole, "waste"), 0, "Batches", "Doses given")
    assert found == {key: (batches, given) for key, batches, given in counted if key in found}
    assert len(found) > 1


@pytest.mark.parametrize("panel", panels.ALL, ids=lambda each: each.key)
def test_each_figure_opens_as_many_cases_as_it_counts_and_its_sheet_says_the_same(whole, panel):
    found = panel.read(whole)
    for cell in linked(found):
        if count_of(cell) is not None:
            assert cases.picked(whole, dict(cell.pick)).count() == count_of(cell), cell
    rows = list(csv.reader(io.StringIO("".join(sheets.lines(sheets.figures(panel, found, whole))))))
    for each in found.figures:
        text = "" if each.cell.text == "-" else each.cell.text
        assert [each.label, str(sheets.bare(each.cell)), text] in rows
    assert "'-" not in {cell for row in rows for cell in row}
    for table in found.tables:
        for row in table.rows:
            assert [row[0].text, *(str(sheets.safe(sheets.bare(cell))) for cell in row[1:])] in rows
