"""Reference levels of administered activity, for local sign-off. The ranges are those that doses are judged by."""

from dataclasses import dataclass

from scheduling.engine.administration import ADULT_KBQ, PREGNANT_MAA_KBQ


@dataclass(frozen=True, slots=True)
class Reference:
    least_kbq: int
    most_kbq: int
    source: str

    @property
    def text(self) -> str:
        return f"{self.least_kbq / 1000:g}-{self.most_kbq / 1000:,g} MBq"


_SOURCES = {
    "maa": "US label (Pulmotech) to EU summary",
    "dtpa": "In the nebuliser: EU summary to US practice",
    "pertechnetate": "In the crucible: Irish summary of Pulmotec to US label of Technegas",
    "xe133": "US labels",
    "kr81m": "JNMT breastfeeding tables",
}
REFERENCES = {
    **{(product, "adult"): Reference(*ADULT_KBQ[product], source) for product, source in _SOURCES.items()},
    ("maa", "pregnant"): Reference(*PREGNANT_MAA_KBQ, "0.5 to 1 mCi (Brazilian guideline 2019)"),
}
