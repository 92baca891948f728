"""Coded concepts of the worklist. Our own scheme is 99VQFLOW (PS3.16 section 8: 99 begins a private designator).

SNOMED CT codes are those of PS3.16 CID 11 (route), CID 18 (isotope) and CID 25 (radiopharmaceutical).
"""

from dataclasses import dataclass

OURS = "99VQFLOW"
SNOMED = "SCT"


@dataclass(frozen=True, slots=True)
class Code:
    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Radiopharmaceutical:
    """What is given for a step: as text, as codes, and by which way."""

    words: str
    agent: Code
    isotope: Code
    route: Code


_INHALED = Code("446406008", SNOMED, "By inhalation")
_INTRAVENOUS = Code("47625008", SNOMED, "Intravenous route")
_TECHNETIUM = Code("72454006", SNOMED, "^99m^Technetium")
_XENON = Code("80751004", SNOMED, "^133^Xenon")
_KRYPTON = Code("61716009", SNOMED, "^81m^Krypton")
_CARBON = Code("447125008", SNOMED, "Technetium^99m labeled carbon")
_PENTETATE = Code("430276001", SNOMED, "Technetium Tc^99m^ pentetate")
_XENON_GAS = Code("780783002", SNOMED, "Xenon^133^ gas")
_KRYPTON_GAS = Code("61716009", SNOMED, "Krypton^81m")
_ALBUMIN = Code("85693008", SNOMED, "Technetium Tc^99m^ aggregated albumin")

INHALED = {
    "technegas": Radiopharmaceutical("Tc-99m Technegas", _CARBON, _TECHNETIUM, _INHALED),
    "dtpa": Radiopharmaceutical("Tc-99m DTPA aerosol", _PENTETATE, _TECHNETIUM, _INHALED),
    "xe133": Radiopharmaceutical("Xe-133 gas", _XENON_GAS, _XENON, _INHALED),
    "kr81m": Radiopharmaceutical("Kr-81m gas", _KRYPTON_GAS, _KRYPTON, _INHALED),
}
INJECTED = {"maa": Radiopharmaceutical("Tc-99m MAA", _ALBUMIN, _TECHNETIUM, _INTRAVENOUS)}


def given_in(kind, *, agent, tracer):
    """What is given in a step of this kind, or None: the X-ray has nothing, and an agent may be decided later."""
    if kind == "ventilation":
        return INHALED.get(agent)
    return INJECTED.get(tracer) if kind == "perfusion" else None
