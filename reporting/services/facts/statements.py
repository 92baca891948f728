"""One statement derives the row of a visit, whether of one, of a site or of all: the numbers cannot disagree.

`{which}` chooses the appointments (as `a`, with the order as `o`). The statement's columns are COLUMNS.
"""

COLUMNS = (
    *("appointment_id", "order_id", "site_id", "final_by", "day", "wait_minutes", "report_minutes"),
    *("preliminary_minutes", "maa_kbq", "breathed_kbq", "critical_minutes", "critical_due_minutes"),
    *("delay_minutes", "xray_gap_minutes", "xray_delay_minutes", "between_minutes", "reminders", "pictures"),
    *("repeats", "injections", "maa_off", "breathed_off", "is_overridden", "is_confirmed", "by_text"),
    *("xray_override", "is_stopped", "state", "priority", "patient_class", "protocol", "agent", "who"),
    *("xray", "scheme", "category", "group", "report", "critical", "not_reminded"),
)


def _minutes(later, earlier):
    return f"floor(extract(epoch FROM {later} - {earlier}) / 60)::int"


def _short(later, earlier):
    """Minutes that fit a smallint; what is beyond three weeks is no more exact than that.

    greatest() and least() pass over a null instead of answering with it.
    """
    found = _minutes(later, earlier)
    return f"(CASE WHEN {later} - {earlier} IS NOT NULL THEN greatest(-32000, least(32000, {found})) END)::smallint"


DERIVED = f"""
SELECT
    a.id AS appointment_id, o.id AS order_id, a.site_id,
    signed.final_by, visit.day,
    {_minutes("steps.begun", "o.ordered_at")} AS wait_minutes,
    {_minutes("signed.final_at", "steps.ended")} AS report_minutes,
    {_minutes("signed.preliminary_at", "steps.ended")} AS preliminary_minutes,
    doses.maa_kbq, doses.breathed_kbq,
    calls.minutes AS critical_minutes, calls.due_minutes AS critical_due_minutes,
    {_short("steps.begun", "a.lungs_start_at")} AS delay_minutes,
    {_minutes("steps.begun", "steps.xray_ended")} AS xray_gap_minutes,
    CASE WHEN steps.begun > a.lungs_start_at AND steps.xray_ended IS NOT NULL THEN greatest(0::smallint, {
    _short("least(steps.begun, steps.xray_ended + a.xray_shortest)", "a.lungs_start_at")
}) WHEN steps.begun IS NOT NULL THEN 0::smallint END AS xray_delay_minutes,
    CASE WHEN (steps.first_ended AT TIME ZONE s.time_zone)::date
        = (steps.second_begun AT TIME ZONE s.time_zone)::date
        THEN {_short("steps.second_begun", "steps.first_ended")} END AS between_minutes,
    coalesce(mail.reminders, 0)::smallint AS reminders,
    coalesce(taken.pictures, 0)::smallint AS pictures,
    coalesce(taken.repeats, 0)::smallint AS repeats,
    coalesce(doses.injections, 0)::smallint AS injections,
    doses.maa_off, doses.breathed_off,
    CASE WHEN stands.suggested <> '' THEN stands.suggested <> stands.category END AS is_overridden,
    a.confirmed_at IS NOT NULL AS is_confirmed,
    coalesce(mail.by_text, false) AS by_text,
    a.window_override AS xray_override,
    coalesce(steps.is_stopped, false) AS is_stopped,
    a.state, o.priority, o.patient_class, p.key AS protocol, p.agent,
    CASE WHEN pt.born_on > visit.day - interval '18 years' THEN 'child'
        WHEN asked.pregnant THEN 'pregnant' ELSE 'adult' END AS who,
    coalesce(film.finding, '') AS xray,
    coalesce(stands.scheme, '') AS scheme,
    coalesce(stands.category, '') AS category,
    coalesce(%(groups)s::jsonb ->> (stands.scheme || ':' || stands.category), '') AS "group",
    coalesce(r.state, '') AS report,
    coalesce(calls.state, '') AS critical,
    CASE WHEN mail.reminders > 0 THEN '' ELSE coalesce(mail.why_not, '') END AS not_reminded
FROM scheduling_appointment a
JOIN scheduling_requestedprocedure pr ON pr.id = a.procedure_id
JOIN scheduling_order o ON o.id = pr.order_id
JOIN scheduling_patient pt ON pt.id = o.patient_id
JOIN scheduling_protocol p ON p.id = pr.protocol_id
JOIN scheduling_site s ON s.id = a.site_id
LEFT JOIN LATERAL (
    SELECT
        min(performed_start_at) FILTER (WHERE kind <> 'xray') AS begun,
        max(performed_end_at) FILTER (WHERE kind <> 'xray') AS ended,
        max(performed_end_at) FILTER (WHERE kind = 'xray') AS xray_ended,
        (array_agg(performed_end_at ORDER BY performed_start_at)
            FILTER (WHERE kind <> 'xray' AND performed_start_at IS NOT NULL))[1] AS first_ended,
        (array_agg(performed_start_at ORDER BY performed_start_at)
            FILTER (WHERE kind <> 'xray' AND performed_start_at IS NOT NULL))[2] AS second_begun,
        bool_or(state = 'discontinued') AS is_stopped
    FROM scheduling_scheduledprocedurestep WHERE appointment_id = a.id
) steps ON true
CROSS JOIN LATERAL (
    SELECT (coalesce(steps.begun, a.lungs_start_at) AT TIME ZONE s.time_zone)::date AS day
) visit
LEFT JOIN LATERAL (
    SELECT
        (1000 * sum(d.administered_mbq) FILTER (WHERE d.product = 'maa'))::int AS maa_kbq,
        (1000 * sum(d.administered_mbq) FILTER (WHERE d.product <> 'maa'))::int AS breathed_kbq,
        count(*) AS injections,
        (CASE WHEN sum(d.administered_mbq) FILTER (WHERE d.product = 'maa')
                > max(d.highest_mbq) FILTER (WHERE d.product = 'maa') THEN 1
            WHEN sum(d.administered_mbq) FILTER (WHERE d.product = 'maa')
                < min(d.lowest_mbq) FILTER (WHERE d.product = 'maa') THEN -1
            WHEN bool_or(d.product = 'maa') THEN 0 END)::smallint AS maa_off,
        (CASE WHEN sum(d.administered_mbq) FILTER (WHERE d.product <> 'maa')
                > max(d.highest_mbq) FILTER (WHERE d.product <> 'maa') THEN 1
            WHEN sum(d.administered_mbq) FILTER (WHERE d.product <> 'maa')
                < min(d.lowest_mbq) FILTER (WHERE d.product <> 'maa') THEN -1
            WHEN bool_or(d.product <> 'maa') THEN 0 END)::smallint AS breathed_off
    FROM scheduling_scheduledprocedurestep step
    JOIN scheduling_administration d ON d.step_id = step.id
    WHERE step.appointment_id = a.id AND d.voided_at IS NULL AND d.given_at IS NOT NULL
) doses ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS pictures, count(*) FILTER (WHERE t.outcome = 'repeated') AS repeats
    FROM scheduling_scheduledprocedurestep step
    JOIN scheduling_picturerecord t ON t.step_id = step.id
    WHERE step.appointment_id = a.id AND t.voided_at IS NULL AND t.outcome <> 'skipped'
) taken ON true
LEFT JOIN LATERAL (
    SELECT x.finding
    FROM scheduling_scheduledprocedurestep step
    JOIN scheduling_chestxray x ON x.step_id = step.id
    WHERE step.appointment_id = a.id AND x.voided_at IS NULL
    LIMIT 1
) film ON true
LEFT JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE m.state = 'sent' AND m.kind IN ('reminder', 'xray_reminder')) AS reminders,
        bool_or(m.state = 'sent' AND m.kind IN ('reminder', 'xray_reminder') AND m.channel = 'sms') AS by_text,
        min(m.last_error) FILTER (WHERE m.state = 'suppressed' AND m.last_error <> '') AS why_not
    FROM scheduling_message m
    WHERE m.appointment_id = a.id AND m.recipient = 'patient' AND m.due_at <= a.ends_at
) mail ON true
LEFT JOIN LATERAL (
    SELECT true AS pregnant FROM scheduling_screeninganswer w
    WHERE w.order_id = o.id AND w.question = 'pregnancy' AND w.answer IN ('yes', 'possible')
) asked ON true
LEFT JOIN reporting_report r ON r.order_id = o.id AND a.state = 'fulfilled'
LEFT JOIN LATERAL (
    SELECT
        min(v.signed_at) FILTER (WHERE v.kind = 'final') AS final_at,
        min(v.signed_at) FILTER (WHERE v.kind = 'preliminary') AS preliminary_at,
        min(v.signed_by_id) FILTER (WHERE v.kind = 'final') AS final_by
    FROM reporting_reportversion v WHERE v.report_id = r.id
) signed ON true
LEFT JOIN LATERAL (
    SELECT v.scheme, v.category, v.suggested
    FROM reporting_reportversion v
    WHERE v.report_id = r.id AND v.kind IN ('final', 'amendment', 'addendum')
        AND r.state IN ('final', 'amended')
    ORDER BY v.number DESC LIMIT 1
) stands ON true
LEFT JOIN LATERAL (
    SELECT
        CASE WHEN bool_or(c.closed_at IS NULL) THEN 'open' WHEN bool_or(c.closing = 'told') THEN 'told'
            WHEN bool_or(c.closing = 'withdrawn') THEN 'withdrawn' END AS state,
        max({_minutes("t.told_at", "c.identified_at")}) AS minutes,
        min({_minutes("c.due_at", "c.identified_at")}) AS due_minutes
    FROM reporting_criticalresult c LEFT JOIN reporting_told t ON t.result_id = c.id
    WHERE c.report_id = r.id AND c.kind = 'critical'
) calls ON true
WHERE a.state IN ('fulfilled', 'noshow', 'cancelled') AND {{which}}
"""  # noqa: S608  (made of constants)

_NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
_NEW = ", ".join(f'"{name}" = EXCLUDED."{name}"' for name in COLUMNS[1:])
_OLD = ", ".join(f'old."{name}"' for name in COLUMNS)
_MADE = ", ".join(f'EXCLUDED."{name}"' for name in COLUMNS)

# A row that is as it should be is not written again.
KEEP = f"""
INSERT INTO reporting_examinationfact AS old ({_NAMES})
SELECT {_NAMES} FROM ({DERIVED}) AS derived
ON CONFLICT (appointment_id) DO UPDATE SET {_NEW}
WHERE ({_OLD}) IS DISTINCT FROM ({_MADE})
"""  # noqa: S608  (made of constants)

# What has not ended any more: an end that was taken back.
DROP = """
DELETE FROM reporting_examinationfact f USING scheduling_appointment a
JOIN scheduling_requestedprocedure pr ON pr.id = a.procedure_id
JOIN scheduling_order o ON o.id = pr.order_id
WHERE f.appointment_id = a.id AND a.state NOT IN ('fulfilled', 'noshow', 'cancelled') AND {which}
"""

DIFFERING = f"""
SELECT count(*) FROM (
    (SELECT {_NAMES} FROM ({DERIVED}) AS derived EXCEPT SELECT {_NAMES} FROM reporting_examinationfact f WHERE {{kept}})
    UNION ALL
    (SELECT {_NAMES} FROM reporting_examinationfact f WHERE {{kept}} EXCEPT SELECT {_NAMES} FROM ({DERIVED}) AS derived)
) AS differing
"""  # noqa: S608  (made of constants)
