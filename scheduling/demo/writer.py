"""An invented examination as rows, cut at "now". The states and times are those the services would have left."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from scheduling.demo import cases, clinic
from scheduling.demo.lives import DAY, HOUR, MINUTE, Life
from scheduling.demo.mail import Mail
from scheduling.demo.planner import Plan
from scheduling.demo.tables import NUMBER, span, stamp

CONFIRMED_AHEAD = 7 * DAY
_PRESET_REASON = "Symptoms changed since the X-ray."
_FULL_DETAIL_DAYS = 60
_LUNG_MODALITY = "NM"


@dataclass(slots=True)
class Examination:
    """What is to be written. `fate`: "comes", "cancelled", "no_show" or "declined"; `report`: what a reader has
    done so far, or "in_time" for as the life says; `unvetted`: booked while the physician is still being asked;
    `before`: earlier appointments of the same order; `overrides`: X-ray rules that a physician has overridden.
    """

    case: cases.Case
    plan: Plan | None
    life: Life
    fate: str = "comes"
    report: str = "in_time"
    before: list = field(default_factory=list)
    overrides: tuple = ()
    undecided: bool = False
    unvetted: bool = False
    by_phone: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Performed:
    """A finished examination, for whoever writes its report."""

    order_id: int
    accession_number: str
    referrer_id: int
    priority: str
    protocol_key: str
    agent: str
    ended: int
    reported: int
    report: str


class Writer:
    """Turns examinations of one department into rows of `tables`; `numbers` gives their ids."""

    def __init__(self, department, rng, now, *, tables, numbers):
        self.department, self.rng, self.now, self.tables = department, rng, now, tables
        self.next_id = {
            name: numbers[getattr(tables, name).name]
            for name in ("resource", "patient", "order", "procedure", "decision", "step")
        }
        self.number = numbers[NUMBER]
        self.mail = Mail(self.tables.message, department, rng, now)
        site, accounts = department.site, department.accounts
        self.window = (site.xray_shortest, site.xray_longest)
        self.scheduler = accounts["scheduler"].pk
        self.schedulers = [row.pk for name, row in accounts.items() if name.startswith("scheduler")]
        self.physician = accounts["physician"].pk
        self.patients = department.patients.pk
        self.mrn = 4_100_000 + rng.randrange(90_000)
        self.protocol_of = {(row.key, row.agent): row.id for row in department.protocols}

    def write(self, examination):
        """Add all rows of one examination; returns Performed when it is finished by now, else None."""
        case, life = examination.case, examination.life
        day = self.local_day(examination)
        if not case.patient.is_written:
            self._patient(case.patient, life.ordered, day)
        order_id, accession = self._order(examination)
        procedure_id = self._procedure(order_id, examination)
        decided = self._decisions(order_id, examination, day)
        self._answers(order_id, examination)
        self._tasks(order_id, examination, day, decided)
        for earlier in examination.before:
            self._appointment(order_id, procedure_id, earlier, case)
        if examination.plan and self._happened(life.booked):
            self._appointment(order_id, procedure_id, examination, case)
        if self._state(examination)[0] not in ("performed", "reported"):
            return None
        referrer = self.department.referrers[case.referrer].pk
        protocol = examination.plan.protocol
        return Performed(
            order_id, accession, referrer, case.priority, protocol.key, protocol.agent, life.ended, life.reported,
            examination.report,
        )  # fmt: skip

    def _happened(self, moment):
        return moment is not None and moment <= self.now

    def _so_far(self, moment):
        return moment if self._happened(moment) else None

    def local_day(self, examination):
        moment = examination.plan.lungs[0].start * MINUTE if examination.plan else examination.life.ordered
        return datetime.fromtimestamp(moment, tz=self.department.zone).date()

    def _patient(self, patient, ordered, day):
        person, rng = patient.person, self.rng
        patient.id, patient.resource_id = self.next_id["patient"](), self.next_id["resource"]()
        patient.is_written = True
        site = self.department.site.pk
        self.tables.resource.add((patient.resource_id, site, "patient", "", "{patient}", True))
        self.mrn += 1 + rng.randrange(7)
        mrn, issuer = str(self.mrn), self.department.spec.issuer
        if patient.temporary:
            mrn, issuer = f"TEMP{self.number():08d}", f"{self.department.spec.code}-temporary"
        patient.has_mail = person.mailable and not patient.temporary
        patient.name = person.given
        email = f"patient{self.mrn}@mail.example" if patient.has_mail else ""
        consent = (stamp(ordered), self.scheduler) if patient.has_mail else (None, None)
        guardian = person.guardian and f"{person.guardian} {person.family}"
        self.tables.patient.add((
            patient.id, site, patient.resource_id, mrn, issuer, patient.temporary, person.family, person.given,
            person.middle, "", "", person.born_on and person.born_on.isoformat(), person.sex,
            "" if guardian else email, person.phone, person.language, guardian, email if guardian else "",
            person.phone if guardian else "", *consent, False,
        ))  # fmt: skip
        if self.now - ordered < _FULL_DETAIL_DAYS * DAY and not patient.temporary:
            self.tables.measurement.add(
                (patient.id, day.isoformat(), max(12, person.weight_kg), person.height_cm, self.scheduler)
            )

    def _order(self, examination):
        case, life = examination.case, examination.life
        order_id, accession = self.next_id["order"](), f"VQ{self.number():08d}"
        code, words, question = case.indication
        state, reason = self._state(examination)
        self.tables.order.add((
            order_id, self.department.site.pk, case.patient.id, accession, case.priority, state, code, words,
            question, case.wells, case.d_dimer, self.department.referrers[case.referrer].pk, case.ward,
            case.patient_class, stamp(life.ordered), self.rng.choice(self.schedulers), reason,
        ))  # fmt: skip
        return order_id, accession

    def _state(self, examination):
        """(state of the order, reason where it is closed)."""
        life, report = examination.life, examination.report
        if examination.fate == "declined":
            return "declined", self.rng.choice(clinic.DECLINED_BECAUSE)
        waiting = "requested" if examination.unvetted or not self._happened(life.vetted) else "vetted"
        if examination.fate == "cancelled" or examination.fate == "no_show":
            if self.now - examination.plan.starts * MINUTE < 2 * DAY:
                return waiting, ""
            return "cancelled", "The referrer no longer wants it."
        if examination.plan is None or not self._happened(life.booked):
            return waiting, ""
        if not self._happened(life.lungs[0][0]):
            return "scheduled", ""
        if not self._happened(life.ended):
            return "in_progress", ""
        signed = report == "final" or (report == "in_time" and self._happened(life.reported))
        return ("reported" if signed else "performed"), ""

    def _procedure(self, order_id, examination):
        procedure_id = self.next_id["procedure"]()
        # UID under 2.25 from a random UUID, DICOM PS3.5 B.2.
        uid = f"2.25.{UUID(int=self.rng.getrandbits(128), version=4).int}"
        protocol = (
            examination.plan.protocol.id if examination.plan else self.protocol_of[examination.case.protocol]
        )
        self.tables.procedure.add((procedure_id, order_id, f"RP{self.number():08d}", uid, protocol, ""))
        return procedure_id

    def _decisions(self, order_id, examination, day):
        """The vetting, and what a physician decided on blocks and consults; returns the rules decided on."""
        life = examination.life
        if examination.unvetted or not self._happened(life.vetted) or examination.fate == "declined":
            return ()
        self._decision(order_id, "vetting", "", "As ordered.", life.vetted, examination.by_phone)
        rules = () if examination.undecided else cases.rules_for_a_physician(examination.case, day)
        for rule in rules:
            self._decision(
                order_id,
                "override",
                rule,
                "Discussed with the referrer; benefit outweighs.",
                life.vetted + 30,
            )
        for rule in examination.overrides:
            moment = min(life.booked or self.now, self.now)
            self._decision(order_id, "override", rule, _PRESET_REASON, moment)
        return rules

    def _decision(self, order_id, kind, rule, reason, moment, by_phone=False):
        decision_id = self.next_id["decision"]()
        countersigned = self._so_far(moment + self.rng.randrange(HOUR, 20 * HOUR)) if by_phone else None
        self.tables.decision.add((
            decision_id, order_id, kind, rule, reason, self.physician, stamp(moment),
            self.scheduler if by_phone else self.physician, by_phone, stamp(countersigned),
            self.physician if countersigned else None,
        ))  # fmt: skip
        if by_phone and not countersigned:
            physician = self.department.accounts["physician"].name
            sentence = f"{physician}: countersign the vetting that was given by phone."
            self.tables.task.add(
                (
                    order_id,
                    "countersign",
                    f"decision {decision_id}",
                    sentence,
                    "",
                    stamp(moment),
                    stamp(moment + DAY),
                )
            )

    def _answers(self, order_id, examination):
        ordered, who = stamp(examination.life.ordered), self.scheduler
        recent = self.now - examination.life.ordered < _FULL_DETAIL_DAYS * DAY
        add = self.tables.answer.add
        for question, answer in examination.case.answers.items():
            # Of old examinations only what mattered: a million of them would be fifteen million rows.
            if recent or answer == "yes" or question in cases.SAFETY:
                add((order_id, question, answer, ordered, who))

    def _tasks(self, order_id, examination, day, decided):
        """Open tasks of orders that are not yet performed."""
        state, _ = self._state(examination)
        if state not in ("requested", "vetted", "scheduled"):
            return
        opened = stamp(examination.life.ordered)
        for kind, about, sentence, stage in cases.open_tasks(examination.case, day, decided):
            self.tables.task.add((order_id, kind, about, sentence, stage, opened, None))

    def _appointment(self, order_id, procedure_id, examination, case):
        life, plan, fate = examination.life, examination.plan, examination.fate
        appointment_id = str(UUID(int=self.rng.getrandbits(128), version=4))
        revision = 2 if examination.moved else 1
        states = self._step_states(examination)
        first = plan.lungs[0]
        film_ends = plan.xray.end * MINUTE if plan.xray else plan.elsewhere_ended * MINUTE
        arrived = self._so_far(life.arrived) if fate == "comes" else None
        dose = self._so_far(life.dose) if fate == "comes" else None
        technologist = self.department.people[first.person]
        reason = self.rng.choice(clinic.CANCELLED_BECAUSE) if fate == "cancelled" else ""
        self.tables.appointment.add((
            appointment_id, self.department.site.pk, procedure_id, self._appointment_state(examination), revision,
            stamp(plan.starts * MINUTE), stamp(plan.lungs[-1].end * MINUTE), stamp(film_ends),
            stamp(first.start * MINUTE), *self.window, "CXR-3" in examination.overrides, stamp(life.booked),
            self.rng.choice(self.schedulers), stamp(arrived), technologist if arrived else None, stamp(dose),
            technologist if dose else None, reason, *self._confirmed(appointment_id, examination),
        ))  # fmt: skip
        self._steps(appointment_id, plan, states, revision, fate, case)
        self.mail.plan(order_id, appointment_id, revision, examination, case)

    def _confirmed(self, appointment_id, examination):
        """(when, by whom): some patients with mail have confirmed by their link; no dice, so that the rest stays."""
        starts, booked = examination.plan.starts * MINUTE, examination.life.booked
        is_soon = self.now < starts < self.now + CONFIRMED_AHEAD
        has_mail = examination.case.patient.has_mail and examination.case.patient_class != "I"
        said_yes = UUID(appointment_id).int % 5 < 3
        if not (is_soon and has_mail and said_yes) or examination.fate != "comes" or examination.moved:
            return None, None
        return stamp(booked + (self.now - booked) // 2), self.patients

    def _appointment_state(self, examination):
        if examination.fate != "comes":
            return {"cancelled": "cancelled", "no_show": "noshow"}[examination.fate]
        life = examination.life
        if self._happened(life.ended):
            return "fulfilled"
        if self._happened(life.lungs[0][0]):
            return "in_progress"
        return "arrived" if self._happened(life.arrived) else "booked"

    def _step_states(self, examination):
        """Per step, the X-ray first: (planned step or None, state, performed start, performed end)."""
        life, plan = examination.life, examination.plan
        idle = {"cancelled": "cancelled", "no_show": "scheduled", "comes": "scheduled"}[examination.fate]
        spans = [(plan.xray, life.xray), *zip(plan.lungs, life.lungs, strict=True)]
        found = []
        for planned, performed in spans:
            start, end = (self._so_far(at) for at in performed or (None, None))
            if examination.fate != "comes":
                start = end = None
            if planned is None:
                found.append((None, "completed", None, plan.elsewhere_ended * MINUTE))
            elif end:
                found.append((planned, "completed", start, end))
            else:
                found.append((planned, "in_progress" if start else idle, start, None))
        return found

    def _steps(self, appointment_id, plan, states, revision, fate, case):
        status = "booked" if fate == "comes" else "released"
        add, reserve = self.tables.step.add, self.tables.reservation.add
        for planned, state, start, end in states:
            step_id, sps_id = self.next_id["step"](), f"SPS{self.number():08d}"
            if planned is None:
                place = self.rng.choice(clinic.ELSEWHERE)
                add((
                    step_id, appointment_id, plan.protocol.xray.ordinal, "xray", sps_id, "DX", state, None, None,
                    place, None, stamp(end), self.scheduler, "",
                ))  # fmt: skip
                continue
            step = planned.step
            who = self.department.people[planned.person] if start else None
            add((step_id, appointment_id, step.ordinal, step.kind, sps_id,
                 "DX" if step.kind == "xray" else _LUNG_MODALITY, state, stamp(planned.start * MINUTE),
                 stamp(planned.end * MINUTE), "", stamp(start), stamp(end), who, ""))  # fmt: skip
            for resource, begins, ends in planned.taken:
                reserve((resource, step_id, revision, status, span(begins, ends)))
            reserve(
                (case.patient.resource_id, step_id, revision, status, span(planned.patient_from, planned.end))
            )
            self._released_of_move(step_id, planned, revision, case)

    def _released_of_move(self, step_id, planned, revision, case):
        """A moved step keeps what it took under its first revision, released: two hours later the same day."""
        if revision > 1:
            for resource, begins, ends in planned.taken:
                was = span(begins + 120, ends + 120)
                self.tables.reservation.add((resource, step_id, 1, "released", was))
            was = span(planned.patient_from + 120, planned.end + 120)
            self.tables.reservation.add((case.patient.resource_id, step_id, 1, "released", was))
