"""Reports of the demonstration: drafts, preliminary and final versions, in the default scheme's ten terms."""

from datetime import UTC, datetime

from reporting.engine import signing
from reporting.engine.schemes import DEFAULT_SCHEME, GROUP_LABELS, group_of, label_of
from reporting.engine.states import ReportState
from reporting.models import Report, ReportVersion
from scheduling.demo.dice import Weighted
from scheduling.demo.lives import MINUTE
from scheduling.demo.tables import Table, stamp
from scheduling.models import Outcome

_PATCHY = (
    "Small nonsegmental and matched defects at both bases. No segmental mismatch.",
    "Perfusion slightly uneven, matched by ventilation. No segmental mismatch.",
)
_EVEN = (
    "Even perfusion of both lungs. Ventilation even. No segmental defect.",
    "Ventilation and perfusion even in all segments.",
)
_UNCLEAR = (
    "Matched defect in the right lower lobe with an opacity at the same place on the chest X-ray.",
    "One moderate mismatched defect in the left lower lobe; severe airways disease limits the study.",
)
_MISMATCH = (
    "Large mismatched segmental defects in the right upper and both lower lobes.",
    "Several wedge-shaped mismatched defects in both lungs; ventilation kept.",
)
# (share, category, findings, impression): shares of a mixed hospital population, about one in seven likely.
_RESULTS = (
    (30, "normal", _EVEN, "Normal ventilation and perfusion. No pulmonary embolism."),
    (15, "low_probability", _PATCHY, "Low probability of pulmonary embolism."),
    (13, "pe_absent", _EVEN, "Pulmonary embolism absent."),
    (14, "no_evidence_of_pe", _PATCHY, "No evidence of pulmonary embolism."),
    (5, "intermediate_probability", _UNCLEAR, "Intermediate probability. Ultrasound of the legs advised."),
    (3, "indeterminate_probability", _UNCLEAR, "Indeterminate. Further imaging advised."),
    (5, "nondiagnostic", _UNCLEAR, "Nondiagnostic. CT angiography or ultrasound of the legs advised."),
    (7, "high_probability", _MISMATCH, "High probability of pulmonary embolism."),
    (5, "pe_present", _MISMATCH, "Pulmonary embolism present in both lungs."),
    (3, "pe_positive", _MISMATCH, "Positive for pulmonary embolism."),
)
_RESULT = Weighted([row[1:] for row in _RESULTS], [row[0] for row in _RESULTS])
_CONTENT = "scheme category findings impression"


def empty_tables():
    """The tables of reports, their signed versions and outcomes, in the order in which they must be written."""
    return (
        Table(Report, f"id order_id state draft_version written_by_id written_at {_CONTENT}"),
        Table(ReportVersion, f"report_id number kind signed_at signed_by_id content_hash {_CONTENT}"),
        Table(Outcome, "order_id term meaning reported_at"),
    )


class Reports:
    """Turns performed examinations into reports, cut at `now`: rows of its `tables`."""

    def __init__(self, department, rng, now, mail, numbers):
        self.rng, self.now, self.mail = rng, now, mail
        self.attending = department.accounts["physician"]
        self.resident = department.accounts.get("resident")
        self.tables = self.report, self.version, self.outcome = empty_tables()
        self.next_id = numbers[self.report.name]

    def add(self, performed):
        """Add the report of one examination as far as it has come."""
        category, findings, impression = _RESULT.throw(self.rng)
        content = (DEFAULT_SCHEME, category, self.rng.choice(findings), impression)
        preliminary, final, drafted = self._signatures(performed)
        if not (preliminary or final or drafted):
            return
        state = ReportState.FINAL if final else ReportState.PRELIMINARY if preliminary else ReportState.DRAFT
        last = final or preliminary or drafted
        writer = self.attending if final or not self.resident else self.resident
        report_id = self.next_id()
        self.report.add((report_id, performed.order_id, str(state), 2, writer.pk, stamp(last), *content))
        number = 0
        for kind, signed, signer in (
            ("preliminary", preliminary, self.resident),
            ("final", final, self.attending),
        ):
            if signed:
                number += 1
                self._version(report_id, performed, number, kind, signed, signer, content)
        if final:
            meaning = GROUP_LABELS[group_of(DEFAULT_SCHEME, category)]
            self.outcome.add((performed.order_id, label_of(DEFAULT_SCHEME, category), meaning, stamp(final)))
            self.mail.result_ready(performed.order_id, number, final)

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

    def _version(self, report_id, performed, number, kind, signed, signer, content):
        scheme, category, findings, impression = content
        digest = signing.digest(
            {
                "accession_number": performed.accession_number,
                "number": number,
                "kind": kind,
                "scheme": scheme,
                "category": category,
                "findings": findings,
                "impression": impression,
                "signed_at": datetime.fromtimestamp(signed, tz=UTC).isoformat(),
                "signed_by": signer.username,
            }
        )
        self.version.add((report_id, number, kind, stamp(signed), signer.pk, digest, *content))
