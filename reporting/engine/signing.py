"""When a report may be written and signed, and what exactly is signed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from reporting.engine.states import ReportState

PERFORMED = "performed"  # the order's state once the last step has ended


@dataclass(frozen=True, slots=True)
class Signature:
    """The last signature under a report; `signed` is its time in words, as `moment` gives it."""

    name: str
    signed: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What a refusal is judged by. `signature` is None as long as nobody has signed."""

    order_state: str
    report_state: str
    category: str
    impression: str
    signature: Signature | None = None


def why_not_write(standing: Standing) -> str | None:
    """A sentence why the draft may not be changed now, or None."""
    if standing.report_state == ReportState.FINAL:
        return f"{_who_signed(standing)}. A signed report cannot be changed."
    if standing.order_state != PERFORMED:
        state = standing.order_state.replace("_", " ")
        return f"This examination is {state}. A report can be written once all its steps are finished."
    return None


def why_not_sign(standing: Standing, kind: ReportState) -> str | None:
    """A sentence why the draft may not be signed as `kind` (preliminary or final) now, or None."""
    refusal = why_not_write(standing)
    if refusal:
        return refusal
    if kind == standing.report_state == ReportState.PRELIMINARY:
        return f"{_who_signed(standing)} as preliminary. An attending physician signs it final."
    if not standing.category:
        return "Choose a category, then sign."
    if not standing.impression.strip():
        return "Write the impression, then sign."
    return None


def moment(at: datetime, zone: tzinfo, now: datetime | None = None) -> str:
    """An instant in a sentence: "at 10:42" on the local day of `now`, else "on 22 Nov 2026 at 10:42"."""
    local = at.astimezone(zone)
    if now is not None and now.astimezone(zone).date() == local.date():
        return f"at {local:%H:%M}"
    return f"on {local.day} {local:%b %Y} at {local:%H:%M}"


def digest(content: Mapping[str, str | int]) -> str:
    """SHA-256 (hex) over the canonical form of a signed version: JSON, sorted keys, no spaces, UTF-8."""
    canonical = json.dumps(dict(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _who_signed(standing: Standing) -> str:
    assert standing.signature is not None, "a signed report has a signature"
    return f"{standing.signature.name} signed this report {standing.signature.signed}"
