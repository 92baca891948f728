"""The pictures of a lung scan: the views (SNM's eight, and those of gas and tomography), and what became of a take."""

from collections.abc import Iterable
from enum import StrEnum


class View(StrEnum):
    ANT = "ant"
    POST = "post"
    RLAT = "rlat"
    LLAT = "llat"
    RPO = "rpo"
    LPO = "lpo"
    RAO = "rao"
    LAO = "lao"
    SPECT = "spect"
    SPECT_CT = "spect_ct"
    SINGLE_BREATH = "single_breath"
    EQUILIBRIUM = "equilibrium"
    WASHOUT = "washout"


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REPEATED = "repeated"
    SKIPPED = "skipped"


NAMES = {
    View.ANT: "Anterior",
    View.POST: "Posterior",
    View.RLAT: "Right lateral",
    View.LLAT: "Left lateral",
    View.RPO: "Right posterior oblique",
    View.LPO: "Left posterior oblique",
    View.RAO: "Right anterior oblique",
    View.LAO: "Left anterior oblique",
    View.SPECT: "SPECT",
    View.SPECT_CT: "Low-dose CT",
    View.SINGLE_BREATH: "Single breath",
    View.EQUILIBRIUM: "Equilibrium",
    View.WASHOUT: "Wash-out",
}

PLANAR_EIGHT = (View.ANT, View.POST, View.RLAT, View.LLAT, View.RPO, View.LPO, View.RAO, View.LAO)
"""The usual order; each site may have another (eight standard views: Merck Manual, V/Q scan)."""


def names_of(views: Iterable[str]) -> str:
    """The names of these views in one line."""
    return ", ".join(NAMES[View(view)] for view in views)
