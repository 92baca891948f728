"""What a device on the DICOM network is answered: one item for each step, from one query.

An item is a scheduled procedure step with everything that the worklist returns about it. Steps that are done or
cancelled are left out unless a query asks for their status.
"""

import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from scheduling.engine.questions import Facts, could_be_pregnant
from scheduling.engine.worklistkeys import XRAY_MODALITIES
from scheduling.models import Agent, StepKind, Transport
from scheduling.worklist_keys import STATUS, conditions
from vqflow.statements import selected


@dataclass(frozen=True, slots=True)
class Item:
    """One scheduled procedure step. Empty text and None are what is not known.

    `starts_at` is aware; `time_zone` is the site's, in which a device shows it. `status`: DICOM's words
    (0040,0020). `priority`: STAT, HIGH, ROUTINE (0040,1003). `pregnancy`: 1 to 4 (0010,21C0), None for whom the
    question does not arise.
    """

    step_id: int
    sps_id: str
    kind: str
    modality: str
    status: str
    starts_at: datetime
    time_zone: str
    station_ae: str
    station_name: str
    room: str
    performing_name: str
    step_description: str
    protocol_key: str
    protocol_name: str
    agent: str
    tracer: str
    activity_mbq: Decimal | None
    accession_number: str
    procedure_id: str
    study_uid: str
    procedure_description: str
    priority: str
    reason: str
    referring_name: str
    requesting_name: str
    ward: str
    transport: str
    patient_id: int
    family_name: str
    given_name: str
    middle_name: str
    name_prefix: str
    name_suffix: str
    mrn: str
    issuer: str
    born_on: date | None
    sex: str
    weight_kg: Decimal | None
    height_cm: Decimal | None
    pregnancy: int | None
    alerts: str
    allergies: str
    special_needs: str
    patient_state: str
    site_name: str


ROOM = "res.kind = 'room' AND NOT 'prep_bay' = ANY(res.capabilities)"
# A room without a title of its own is known by its device's.
STATION = """coalesce(nullif(room.ae_title, ''), (
        SELECT d.title FROM scheduling_applicationentity d
        WHERE d.room_id = room.resource_id AND d.is_active ORDER BY d.id LIMIT 1))"""
WHO = """LEFT JOIN LATERAL (
    SELECT res.name FROM scheduling_reservation r
    JOIN scheduling_resource res ON res.id = r.resource_id AND res.kind = 'technologist'
    WHERE r.step_id = s.id AND r.status IN ('booked', 'overbooked') ORDER BY r.id LIMIT 1
) who ON TRUE"""
# Which tables the conditions speak of, each joined to the one before.
JOINS = {
    "rp": "JOIN scheduling_requestedprocedure rp ON rp.id = a.procedure_id",
    "o": "JOIN scheduling_order o ON o.id = rp.order_id",
    "p": "JOIN scheduling_patient p ON p.id = o.patient_id",
}
# What a worklist item is made of. The steps that fit are found first: in one query of so many tables the planner
# would read every step that is still to be done, and take longer to plan than to answer. What may be many of one
# step or patient is grouped for all of them at once: a sort for each row takes longer than all the joins.
SELECT = f"""SELECT * FROM (WITH found AS MATERIALIZED (
    SELECT s.id FROM scheduling_scheduledprocedurestep s
    JOIN scheduling_appointment a ON a.id = s.appointment_id
    {{joins}}
    WHERE {{where}} ORDER BY s.planned_start_at, s.id LIMIT %s
), item AS MATERIALIZED (
    SELECT s.id AS step_id, s.sps_id, s.kind, s.modality, {STATUS}, s.planned_start_at,
        pr.key, pr.name AS protocol, pr.agent, coalesce(ps.tracer, ''), ps.activity_mbq,
        o.accession_number, rp.requested_procedure_id, rp.study_instance_uid, o.priority, o.indication_text,
        o.clinical_question, ref.name AS referrer, o.ward, o.transport,
        p.id AS patient_id, p.family_name, p.given_name, p.middle_name, p.name_prefix, p.name_suffix,
        p.mrn, p.mrn_issuer, p.born_on, p.sex, o.id AS order_id
    FROM found JOIN scheduling_scheduledprocedurestep s ON s.id = found.id
    JOIN scheduling_appointment a ON a.id = s.appointment_id
    {JOINS["rp"]}
    {JOINS["o"]}
    {JOINS["p"]}
    JOIN scheduling_referrer ref ON ref.id = o.referrer_id
    JOIN scheduling_protocol pr ON pr.id = rp.protocol_id
    LEFT JOIN scheduling_protocolstep ps ON ps.protocol_id = pr.id AND ps.kind = s.kind
), taken AS MATERIALIZED (
    SELECT r.step_id, (array_agg({STATION} ORDER BY r.id) FILTER (WHERE {ROOM}))[1] AS ae_title,
        (array_agg(res.name ORDER BY r.id) FILTER (WHERE {ROOM}))[1] AS room,
        (array_agg(res.name ORDER BY r.id) FILTER (WHERE res.kind = 'technologist'))[1] AS technologist
    FROM found JOIN scheduling_reservation r ON r.step_id = found.id AND r.status IN ('booked', 'overbooked')
    JOIN scheduling_resource res ON res.id = r.resource_id
    LEFT JOIN scheduling_room room ON room.resource_id = res.id
    GROUP BY r.step_id
), measured AS MATERIALIZED (
    SELECT patient_id,
        (array_agg(weight_kg ORDER BY measured_on DESC, id DESC) FILTER (WHERE weight_kg IS NOT NULL))[1] AS kg,
        (array_agg(height_cm ORDER BY measured_on DESC, id DESC) FILTER (WHERE height_cm IS NOT NULL))[1] AS cm
    FROM scheduling_bodymeasurement WHERE patient_id IN (SELECT patient_id FROM item) GROUP BY patient_id
), said AS MATERIALIZED (
    SELECT order_id, jsonb_object_agg(question, answer) AS answers
    FROM scheduling_screeninganswer WHERE order_id IN (SELECT order_id FROM item) GROUP BY order_id
)
SELECT item.*, coalesce(taken.ae_title, ''), coalesce(taken.room, ''), coalesce(taken.technologist, ''),
    measured.kg, measured.cm, said.answers
FROM item LEFT JOIN taken USING (step_id) LEFT JOIN measured USING (patient_id) LEFT JOIN said USING (order_id)
) AS listed ORDER BY listed.planned_start_at, listed.step_id"""  # noqa: S608  (our own names; values are parameters)

PRIORITY = {"stat": "STAT", "urgent": "HIGH", "routine": "ROUTINE"}
SEX = {"female": "F", "male": "M", "other": "O"}
PREGNANCY = {"no": 1, "cannot_be": 1, "possible": 2, "yes": 3}
NOT_KNOWN = 4
ALERTS = {
    ("pulmonary_hypertension", "severe"): "Severe pulmonary hypertension",
    ("pulmonary_hypertension", "mild_or_moderate"): "Pulmonary hypertension",
    ("pulmonary_hypertension", "unknown_severity"): "Pulmonary hypertension",
    ("right_to_left_shunt", "yes"): "Right-to-left shunt",
    ("one_lung_or_transplant", "one_lung"): "One lung",
    ("one_lung_or_transplant", "transplant"): "Lung transplant",
    ("breastfeeding", "yes"): "Breastfeeding",
    ("respiratory_isolation", "yes"): "Respiratory isolation",
    ("renal_failure", "yes"): "Impaired kidney function",
}
ALLERGIES = {("albumin_allergy", "yes"): "Human albumin", ("contrast_allergy", "yes"): "X-ray contrast"}
NEEDS = {
    ("oxygen", "yes"): "Oxygen",
    ("interpreter", "yes"): "Interpreter",
    ("cannot_keep_still", "yes"): "Hard to keep still",
    ("cannot_raise_arms", "yes"): "Hard to raise both arms",
    ("claustrophobia", "yes"): "Afraid of narrow places",
}
STATES = {("unstable", "yes"): "Unstable"}


def matching(site, keys, *, now, room=None, most):
    """At most `most` items of this site that fit the keys, by their planned start: one query.

    `room`: a resource, for a device that is shown its own room only. Done and cancelled steps come where their status
    is asked for; without a day, a patient or a number, those of the last month.
    """
    where, values = conditions(site, keys, now=now, room=room)
    conditioned = " AND ".join(where)
    rows = selected(SELECT.format(where=conditioned, joins=_joins(conditioned)), [*values, most])
    return [_item(row, site, keys, now) for row in rows]


def _joins(where):
    """What the conditions need beside the step and its appointment."""
    spoken_of = [number for number, alias in enumerate(JOINS) if re.search(rf"\b{alias}\.", where)]
    joins = list(JOINS.values())[: max(spoken_of, default=-1) + 1]
    return "\n".join([*joins, WHO] if "who." in where else joins)


def _item(row, site, keys, now):
    (
        step_id, sps_id, kind, modality, status, starts_at,
        protocol_key, protocol_name, agent, tracer, activity_mbq,
        accession_number, procedure_id, study_uid, priority, indication, question, referrer, ward, transport,
        patient_id, family_name, given_name, middle_name, name_prefix, name_suffix, mrn, issuer, born_on, sex, _,
        station_ae, room, technologist, weight_kg, height_cm, answers,
    ) = row  # fmt: skip
    answers = json.loads(answers or "{}")  # Django has psycopg leave it as text
    return Item(
        step_id=step_id,
        sps_id=sps_id,
        kind=kind,
        modality=_modality(modality, keys),
        status=status,
        starts_at=starts_at,
        time_zone=site.time_zone,
        station_ae=station_ae,
        station_name=room,
        room=room,
        performing_name=technologist,
        step_description=_step(kind, agent),
        protocol_key=protocol_key,
        protocol_name=protocol_name,
        agent=agent,
        tracer=tracer,
        activity_mbq=activity_mbq,
        accession_number=accession_number,
        procedure_id=procedure_id,
        study_uid=study_uid,
        procedure_description=protocol_name,
        priority=PRIORITY[priority],
        reason=". ".join(part for part in (indication, question) if part),
        referring_name=referrer,
        requesting_name=referrer,
        ward=ward,
        transport=Transport(transport).label,
        patient_id=patient_id,
        family_name=family_name,
        given_name=given_name,
        middle_name=middle_name,
        name_prefix=name_prefix,
        name_suffix=name_suffix,
        mrn=mrn,
        issuer=issuer,
        born_on=born_on,
        sex=SEX.get(sex, ""),
        weight_kg=weight_kg,
        height_cm=height_cm,
        pregnancy=_pregnancy(answers, sex, born_on, now),
        alerts=_said(answers, ALERTS),
        allergies=_said(answers, ALLERGIES),
        special_needs=_said(answers, NEEDS),
        patient_state=_said(answers, STATES),
        site_name=site.name,
    )


def _modality(planned, keys):
    """A computed radiography device asks for CR and gets what is planned as DX: any X-ray device can do it."""
    if planned == "DX" and keys.modalities and "DX" not in keys.modalities:
        return next((each for each in keys.modalities if each in XRAY_MODALITIES), planned)
    return planned


def _step(kind, agent):
    words = StepKind(kind).label
    return f"{words}, {Agent(agent).label}" if kind == StepKind.VENTILATION and agent else words


def _pregnancy(answers, sex, born_on, now):
    """DICOM Pregnancy Status (0010,21C0): 1 not pregnant, 2 possibly, 3 pregnant, 4 unknown."""
    answer = answers.get("pregnancy", "")
    age_years = None if born_on is None else _whole_years(born_on, now.date())
    arises = could_be_pregnant(Facts(age_years=age_years, sex=sex))
    return PREGNANCY.get(answer, NOT_KNOWN) if answer in PREGNANCY or arises else None


def _whole_years(born_on, day):
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _said(answers, words):
    return "; ".join(text for (question, answer), text in words.items() if answers.get(question) == answer)
