"""Critical results of the demonstration: who was told when, nearly always in time, and what is still to be told.

Derived from the reports that were loaded, in a few statements for any number of them. Delays are drawn from the
report's number, so that a load can be repeated.
"""

from django.db import connection

from reporting.engine.critical import USUAL_ESCALATION, Asked, escalation
from reporting.engine.schemes import SCHEMES, Group

# A report that is only a draft has not been told yet; of the others one in twelve took longer than the hour.
_FOUND = """
CREATE TEMPORARY TABLE demo_critical ON COMMIT DROP AS
SELECT *, CASE WHEN told_at > %(now)s THEN NULL ELSE told_at END AS ended_at FROM (
    SELECT r.id AS report, r.order_id, f.name AS referrer, c.label || ' (' || c.scheme_name || ')' AS finding, s.by_id,
        s.at AS identified_at,
        CASE WHEN r.state <> 'draft' THEN s.at + make_interval(mins => (CASE WHEN r.id %% 12 = 5 THEN 63 + r.id %% 37
            ELSE 3 + (r.id * 7919) %% 41 END)::int) END AS told_at
    FROM reporting_report r
    JOIN unnest(%(schemes)s::text[], %(categories)s::text[], %(labels)s::text[], %(names)s::text[])
        AS c(scheme, category, label, scheme_name) ON c.scheme = r.scheme AND c.category = r.category
    JOIN scheduling_order o ON o.id = r.order_id JOIN scheduling_referrer f ON f.id = o.referrer_id
    CROSS JOIN LATERAL (
        SELECT v.signed_at - interval '4 minutes' AS at, v.signed_by_id AS by_id FROM reporting_reportversion v
        WHERE v.report_id = r.id AND v.number = 1
        UNION ALL SELECT r.written_at, r.written_by_id WHERE r.state = 'draft'
    ) s
    WHERE NOT EXISTS (SELECT FROM reporting_criticalresult k WHERE k.report_id = r.id)
) found
"""
_RESULTS = """
INSERT INTO reporting_criticalresult
    (report_id, kind, key, finding, stage, identified_at, identified_by_id, due_at, escalate_after, closed_at, closing)
SELECT report, 'critical', 'pe_likely', finding, 'draft', identified_at, by_id, identified_at + interval '60 minutes',
    %(minutes)s, ended_at, CASE WHEN ended_at IS NOT NULL THEN 'told' END
FROM demo_critical ORDER BY report
"""
_OF_RESULT = "FROM demo_critical d JOIN reporting_criticalresult k ON k.report_id = d.report"
_TOLD = f"""
INSERT INTO reporting_told
    (result_id, finding, told_by_id, told_to, told_at, method, read_back, note, recorded_at, recorded_by_id)
SELECT k.id, d.finding, d.by_id, d.referrer, d.ended_at, 'phone', true, '', d.ended_at, d.by_id
{_OF_RESULT} WHERE d.ended_at IS NOT NULL
"""
_ATTEMPTS = f"""
INSERT INTO reporting_attempt (result_id, tried_at, tried_by_id, whom, method, outcome, note, recorded_at)
SELECT k.id, d.identified_at + interval '2 minutes', d.by_id, d.referrer, 'phone', 'no_answer', '',
    d.identified_at + interval '2 minutes'
{_OF_RESULT} WHERE d.report %% 4 = 1 AND d.identified_at + interval '2 minutes' < coalesce(d.ended_at, %(now)s)
"""
_ESCALATIONS = f"""
INSERT INTO reporting_escalation (result_id, number, minutes, asked, due_at, escalated_at)
SELECT k.id, e.number, e.minutes, e.asked, at, at
{_OF_RESULT} CROSS JOIN unnest(%(numbers)s::int[], %(minutes)s::int[], %(asked)s::text[]) AS e(number, minutes, asked)
CROSS JOIN LATERAL (SELECT d.identified_at + make_interval(mins => e.minutes) AS at) moment
WHERE at < coalesce(d.ended_at, %(now)s)
"""
_UNTOLD = f"""
INSERT INTO scheduling_untoldresult (order_id, since, due_at)
SELECT d.order_id, k.identified_at, k.due_at {_OF_RESULT} WHERE k.closed_at IS NULL
"""


def write(*, now):
    """For every loaded report that says PE likely: its critical result as far as it has come by `now`."""
    likely = [
        (scheme.key, each.key, each.label, scheme.name)
        for scheme in SCHEMES.values()
        for each in scheme.categories
        if each.group == Group.LIKELY
    ]
    schemes, categories, labels, names = map(list, zip(*likely, strict=True))
    steps = escalation(USUAL_ESCALATION)
    known = {
        "now": now,
        "schemes": schemes,
        "categories": categories,
        "labels": labels,
        "names": names,
        "numbers": [step.number for step in steps],
        "minutes": [step.minutes for step in steps],
        "asked": [str(Asked(step.asked)) for step in steps],
    }
    with connection.cursor() as cursor:
        for statement in (_FOUND, _RESULTS, _TOLD, _ATTEMPTS, _ESCALATIONS, _UNTOLD):
            cursor.execute(statement, known)
