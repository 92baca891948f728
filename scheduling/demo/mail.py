"""Mail rows as scheduling/services/messages would have left them: what is past is sent, what is due waits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from scheduling.demo.lives import DAY, MINUTE
from scheduling.demo.tables import stamp

# Older mail is left out: nobody looks at it, and at a million examinations it would be four million rows.
KEPT_DAYS = 14
_RESULT_USEFUL = 7 * DAY


class Mail:
    """Adds rows to the table of messages. Nothing of it is due in the past, so the worker has nothing to catch up."""

    def __init__(self, table, department, rng, now):
        self.table, self.zone, self.rng, self.now = table, department.zone, rng, now

    def plan(self, order_id, appointment_id, revision, examination, case):
        """The confirmation and the reminders of one appointment, and word to its referrer.

        Inpatients and those without an address get none: one row says so.
        """
        plan, booked = examination.plan, examination.life.booked
        if booked < self.now - KEPT_DAYS * DAY:
            return
        self._to_referrer(order_id, appointment_id, revision, booked, plan.starts * MINUTE)
        if case.patient_class == "I" or not case.patient.has_mail:
            why = "inpatient" if case.patient_class == "I" else "no_consent"
            self._suppressed(order_id, appointment_id, booked, plan.starts * MINUTE, why)
            return
        lungs_from = plan.lungs[0].patient_from * MINUTE
        first = plan.starts * MINUTE
        two_visits = self._local(first).date() != self._local(lungs_from).date()
        last = lungs_from if two_visits else first
        key = f"appointment-{appointment_id}"
        about = (order_id, appointment_id, key, examination.fate)
        self._row(*about, 1, "confirmation", "", booked, last, told=True)
        if revision > 1:
            self._row(
                *about, revision, "moved", "", (booked + min(self.now, lungs_from)) // 2, last, told=True
            )
        self._row(*about, revision, "reminder", "-72h", self._before(first, 72), first, after=booked)
        if two_visits:
            self._row(*about, revision, "xray_reminder", "-24h", self._before(first, 24), first, after=booked)
        self._row(*about, revision, "reminder", "-24h", self._before(last, 24), last, after=booked)

    def of_result(self, order_id, version, signed, kind="result_ready"):
        """The mail to the referrer that a result is ready, was changed or withdrawn."""
        if signed > self.now - KEPT_DAYS * DAY:
            self.table.add((
                self._id(), order_id, None, version, kind, "referrer",
                f"order-{order_id}:{version}:{kind}:referrer", stamp(signed), stamp(signed + _RESULT_USEFUL),
                "sent", 1, "", stamp(signed + 6),
            ))  # fmt: skip

    def _to_referrer(self, order_id, appointment_id, revision, booked, useless):
        self.table.add((
            self._id(), order_id, appointment_id, revision, "booked", "referrer",
            f"appointment-{appointment_id}:{revision}:booked:referrer", stamp(booked), stamp(useless),
            "sent", 1, "", stamp(min(booked + 4, self.now)),
        ))  # fmt: skip

    def _suppressed(self, order_id, appointment_id, booked, useless, why):
        self.table.add((
            self._id(), order_id, appointment_id, 1, "confirmation", "patient",
            f"appointment-{appointment_id}:1:confirmation:patient", stamp(booked), stamp(useless),
            "suppressed", 0, why, None,
        ))  # fmt: skip

    def _row(
        self, order_id, appointment_id, key, fate, revision, kind, rule, due, useless, *, told=False, after=0
    ):
        if due <= after or due >= useless:
            return
        sent = told or due <= self.now
        ended = "sent" if sent else ("pending" if fate == "comes" else "cancelled")
        self.table.add((
            self._id(), order_id, appointment_id, revision, kind, "patient",
            f"{key}:{revision}:{kind}{rule}:patient", stamp(due), stamp(useless), ended, 1 if sent else 0, "",
            stamp(min(due + self.rng.randrange(2, 14), self.now)) if sent else None,
        ))  # fmt: skip

    def _id(self):
        return str(UUID(int=self.rng.getrandbits(128), version=4))

    def _local(self, seconds):
        return datetime.fromtimestamp(seconds, tz=self.zone)

    def _before(self, seconds, hours):
        """So many hours earlier on the clinic's wall clock."""
        return int((self._local(seconds) - timedelta(hours=hours)).astimezone(UTC).timestamp())
