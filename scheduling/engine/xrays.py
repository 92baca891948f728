"""The chest X-ray itself: which views were taken, and what is said of a portable one."""

from collections.abc import Collection
from enum import StrEnum


class XrayView(StrEnum):
    PA = "pa"
    LATERAL = "lateral"
    AP_PORTABLE = "ap_portable"


NAMES = {
    XrayView.PA: "PA",
    XrayView.LATERAL: "Lateral",
    XrayView.AP_PORTABLE: "AP portable",
}


def is_portable_alone(views: Collection[str]) -> bool:
    """Taken at the bedside, with nothing better beside it."""
    return XrayView.AP_PORTABLE in views and XrayView.PA not in views


def warning(views: Collection[str]) -> str | None:
    """Rule CXR-5: AP portable is accepted only where PA and lateral cannot be done (SNM guideline 4.0, VI.B.1)."""
    if is_portable_alone(views):
        return "The chest X-ray is AP portable only: PA and lateral are better where the patient can stand."
    return None
