"""When a report may be written and signed, and what exactly is signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from types import MappingProxyType

from reporting.engine.states import SIGNED, ReportState

PERFORMED = "performed"  # the order's state once the last step has ended
PRELIMINARY, FINAL, ADDENDUM, AMENDMENT = (
    "preliminary",
    "final",
    "addendum",
    "amendment",
)  # kinds of a version
_STATE_AFTER = {
    PRELIMINARY: ReportState.PRELIMINARY,
    FINAL: ReportState.FINAL,
    ADDENDUM: ReportState.AMENDED,
    AMENDMENT: ReportState.AMENDED,
}


@dataclass(frozen=True, slots=True)
class Signature:
    """The last signature under a report; `signed` is its time in words, as `moment` gives it."""

    name: str
    signed: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a refusal is judged by. `signature` is None as long as nobody has signed.

    `next_kind` says that an addendum or an amendment of the signed report has been begun; `was_final` that a final
    version exists, also when the report was retracted since.
    """

    order_state: str
    report_state: str
    category: str
    impression: str
    signature: Signature | None = None
    next_kind: str = ""
    addendum: str = ""
    suggested: str = ""
    override_reason: str = ""
    was_final: bool = False


def why_not_write(standing: Standing) -> str | None:
    """A sentence why the draft may not be changed now, or None."""
    if standing.report_state in SIGNED:
        return None if standing.next_kind else f"{_who_signed(standing)}. A signed report cannot be changed."
    if standing.order_state != PERFORMED:
        state = standing.order_state.replace("_", " ")
        return f"This examination is {state}. A report can be written once all its steps are finished."
    return None


def kind_of(standing: Standing, *, is_attending: bool) -> str:
    """What a signature makes of the draft: what has been begun after the final version, and an amendment of a report
    that was retracted; else an attending signs final, a resident preliminary."""
    if standing.report_state in SIGNED and standing.next_kind:
        return standing.next_kind
    if not is_attending:
        return PRELIMINARY
    return AMENDMENT if standing.was_final else FINAL


def state_after(kind: str) -> ReportState:
    """The state of a report once a version of this kind has been signed."""
    return _STATE_AFTER[kind]


def why_not_sign(standing: Standing, kind: str, *, is_attending: bool = True) -> str | None:
    """A sentence why the draft may not be signed as `kind` now, or None."""
    refusal = why_not_write(standing)
    if refusal:
        return refusal
    if kind in (ADDENDUM, AMENDMENT) and not is_attending:
        return f"Only an attending physician signs an {kind}."
    if kind == standing.report_state == ReportState.PRELIMINARY:
        return f"{_who_signed(standing)} as preliminary. An attending physician signs it final."
    if kind == ADDENDUM:
        return None if standing.addendum.strip() else "Write the addendum, then sign."
    return _what_is_missing(standing)


def _what_is_missing(standing: Standing) -> str | None:
    if not standing.category:
        return "Choose a category, then sign."
    if not standing.impression.strip():
        return "Write the impression, then sign."
    if standing.suggested not in ("", standing.category) and not standing.override_reason.strip():
        return "Say why the category is not the suggested one, then sign."
    return None


def why_not_begin(standing: Standing) -> str | None:
    """A sentence why neither an addendum nor an amendment can be begun now, or None."""
    if standing.report_state == ReportState.RETRACTED:
        return "This report was retracted. Write it anew instead."
    if standing.report_state not in SIGNED:
        return "This report is not final yet. Change the draft instead."
    if standing.next_kind:
        return f"An {standing.next_kind} of this report has been begun. Sign it or throw it away first."
    return None


def why_not_retract(standing: Standing) -> str | None:
    """A sentence why there is nothing to retract, or None."""
    if standing.report_state == ReportState.RETRACTED:
        return f"{_who_signed(standing)} as retracted."
    if standing.signature is None:
        return "Nothing of this report is signed. Change the draft instead."
    return None


def moment(at: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """An instant in a sentence: "at 10:42" on the local day of `now`, else "on 22 Nov 2026 at 10:42"."""
    local = at.astimezone(zone)
    if now is not None and now.astimezone(zone).date() == local.date():
        return f"at {local:%H:%M}"
    return f"on {local.day} {local:%b %Y} at {local:%H:%M}"


EMPTY: Mapping[str, object] = MappingProxyType(
    {
        "reason": "",
        "suggested": "",
        "suggested_by": "",
        "override_reason": "",
        "reading": {},
        "next_step": "",
        "addendum": "",
        "language": "en",
        "previous_hash": "",
    }
)
"""What a signed version may lack. It is left out of the digest then, so that what was signed before it could be said
still has the same one."""


def digest(content: Mapping[str, object]) -> str:
    """SHA-256 (hex) over the canonical form of a signed version: JSON, sorted keys, no spaces, UTF-8.

    Fields that say nothing (EMPTY) are left out. Numbers are as PostgreSQL gives them back: 2.0 is 2.
    """
    said = {key: _plain(value) for key, value in content.items() if key not in EMPTY or value != EMPTY[key]}
    canonical = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    match value:
        case str():
            return value
        case float() if value.is_integer():
            return int(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
    return value


def _who_signed(standing: Standing) -> str:
    assert standing.signature is not None, "a signed report has a signature"
    return f"{standing.signature.name} signed this report {standing.signature.signed}"
