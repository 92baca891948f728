"""Reports of the demonstration: drafts, preliminary and final versions, and now and then what was signed after them.
Their readings are reporting/demo/readings.py's."""

from dataclasses import dataclass
from datetime import UTC, datetime

from reporting.demo.readings import (
    PICTURES,
    QUANTITATIVE,
    SCHEMES_OF,
    amended,
    is_map_of_lungs,
    said,
    study_of,
    ventilation_only,
    written,
)
from reporting.engine import signing
from reporting.engine.findings import Level
from reporting.engine.schemes import GROUP_LABELS, label_of
from reporting.engine.states import ReportState
from reporting.models import Report, ReportVersion
from scheduling.demo.dice import Weighted
from scheduling.demo.lives import MINUTE
from scheduling.demo.tables import Table, stamp
from scheduling.models import Outcome

_CONTENT = "scheme category suggested suggested_by override_reason reading findings impression next_step"
_PICTURES = Weighted(range(len(PICTURES)), [each.share for each in PICTURES])
_PRIORS = Weighted(list(Level), [20, 30, 35, 15])
_SCHEMES = {
    done: Weighted([key for key, _ in shares], [share for _, share in shares])
    for done, shares in SCHEMES_OF.items()
}
_OVERRIDDEN = 0.05
_HOUR = 60 * MINUTE
# Of the final reports, one in so many (counted, so that a small department has each): which versions follow.
_LATER = ((37, ("addendum",)), (53, ("amendment",)), (97, ("retraction", "amendment")))
_ADDENDUM = "The referrer was told by phone, who asks for ultrasound of the legs as well."
_AMENDED = "The earlier examination was found and compared."
_RETRACTED = "Pictures of another examination had been opened."
_ANEW = "Written anew after the retraction."


def empty_tables():
    """The tables of reports, their signed versions and outcomes, in the order in which they must be written."""
    return (
        Table(Report, f"id order_id state draft_version written_by_id written_at {_CONTENT}"),
        Table(
            ReportVersion,
            "report_id number kind reason addendum signed_at signed_by_id previous_hash content_hash "
            f"{_CONTENT}",
        ),
        Table(Outcome, "order_id term meaning reported_at"),
    )


@dataclass(slots=True)
class _Signed:
    """The versions of one report as they are added: how many, and the hash of the last one."""

    report_id: int
    performed: object
    number: int = 0
    previous: str = ""


_TOLD = {"addendum": "result_changed", "amendment": "result_changed", "retraction": "result_withdrawn"}


class Reports:
    """Turns performed examinations into reports, cut at `now`: rows of its `tables`."""

    def __init__(self, department, rng, now, mail, numbers):
        self.rng, self.now, self.mail = rng, now, mail
        self.attending = department.accounts["physician"]
        self.resident = department.accounts.get("resident")
        self.tables = self.report, self.version, self.outcome = empty_tables()
        self.next_id = numbers[self.report.name]
        self.finals = 0

    def add(self, performed):
        """Add the report of one examination as far as it has come."""
        found = self._said(performed)
        preliminary, final, drafted = self._signatures(performed)
        if not (preliminary or final or drafted):
            return
        later = self._later(performed, final) if final else ()
        state = self._state(preliminary, final, later)
        last = later[-1][1] if later else final or preliminary or drafted
        writer = self.attending if final or not self.resident else self.resident
        report_id = self.next_id()
        fields = (report_id, performed.order_id, str(state), 2 + len(later), writer.pk, stamp(last))
        says_more = any(kind == "amendment" for kind, _, _ in later)
        self.report.add((*fields, *written(amended(found) if says_more else found)))
        signed = _Signed(report_id, performed)
        if preliminary:
            self._version(signed, "preliminary", preliminary, self.resident, found)
        if final:
            self._version(signed, "final", final, self.attending, found)
            for kind, at, reason in later:
                self._version(signed, kind, at, self.attending, found, reason)
            self._tell(performed, signed.number, found, final, later)

    def _said(self, performed):
        rng = self.rng
        study = study_of(performed)
        if not is_map_of_lungs(performed):
            return ventilation_only()
        return said(
            study,
            _SCHEMES[study.technique, study.ventilation_done].throw(rng),
            _PICTURES.throw(rng),
            _PRIORS.throw(rng),
            quantitative=performed.protocol_key == QUANTITATIVE,
            override=rng.random() < _OVERRIDDEN,
        )

    def _later(self, performed, final):
        """[(kind, when, reason)] of the versions after the final one, as far as they were signed by now."""
        self.finals += 1
        kinds = next((kinds for each, kinds in _LATER if self.finals % each == 0), ())
        reasons = {"addendum": "", "retraction": _RETRACTED, "amendment": _AMENDED}
        if "retraction" in kinds:
            reasons["amendment"] = _ANEW
        found = [(kind, final + (2 + place) * _HOUR, reasons[kind]) for place, kind in enumerate(kinds)]
        return found if found and found[-1][1] <= self.now else []

    def _state(self, preliminary, final, later):
        if later:
            return ReportState.AMENDED
        if final:
            return ReportState.FINAL
        return ReportState.PRELIMINARY if preliminary else ReportState.DRAFT

    def _tell(self, performed, number, found, final, later):
        """What the order keeps of the result, and the mails to the referrer."""
        term, meaning = label_of(found.scheme, found.category), GROUP_LABELS[found.group]
        self.outcome.add((performed.order_id, term, meaning, stamp(later[-1][1] if later else final)))
        first = number - len(later)
        self.mail.of_result(performed.order_id, first, final)
        for place, (kind, at, reason) in enumerate(later, start=1):
            told = "result_ready" if reason == _ANEW else _TOLD[kind]
            self.mail.of_result(performed.order_id, first + place, at, told)

    def _signatures(self, performed):
        """When it was signed preliminary and final, and when a draft was saved; None for what is not yet done."""
        ended, reported, rng = performed.ended, performed.reported, self.rng
        early = ended + int((reported - ended) * rng.uniform(0.3, 0.8))
        so_far = max(ended + MINUTE, min(early, self.now - MINUTE))
        if performed.report == "draft":
            return None, None, so_far
        if performed.report == "preliminary":
            return so_far, None, None
        preliminary = early if self.resident and rng.random() < 0.25 and early <= self.now else None
        if performed.report == "final" or reported <= self.now:
            return preliminary, reported, None
        return preliminary, None, None

    def _version(self, signed, kind, at, signer, found, reason=""):
        signed.number += 1
        found = amended(found) if kind == "amendment" else found
        addendum = _ADDENDUM if kind == "addendum" else ""
        digest = signing.digest(
            {
                "accession_number": signed.performed.accession_number,
                "number": signed.number,
                "kind": kind,
                "reason": reason,
                "addendum": addendum,
                "previous_hash": signed.previous,
                "signed_at": datetime.fromtimestamp(at, tz=UTC).isoformat(),
                "signed_by": signer.username,
                **found.content,
            }
        )
        head = (signed.report_id, signed.number, kind, reason, addendum, stamp(at), signer.pk)
        self.version.add((*head, signed.previous, digest, *written(found)))
        signed.previous = digest
