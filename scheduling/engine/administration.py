"""What may be given to one patient, and what was: ranges, particles, the 20 % rule, residual.

Activities are whole kBq, each at its own moment; times are seconds from that moment. All figures are defaults for
sign-off by the site's authorised user; the protocol's own activity always counts as prescribed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from scheduling.engine import adjustments
from scheduling.engine.catalogue import PERFUSION, VENTILATION, Agent
from scheduling.engine.decay import decayed
from scheduling.engine.doses import PRODUCTS
from scheduling.engine.tracers import ADULT_YEARS, IMAGE_PARTICLES, mbq_words

MOST_OFF_PERCENT = 20
"""A dose that is farther from the prescribed one is not given unless an authorised user says so (10 CFR 35.63(d))."""

NOTED_PERCENT = 5
"""What differs by more is said, though it is allowed: a calibrator's own constancy is within 5 % (EANM 2010)."""
LABEL_PERCENT = 120
"""Calibrators differ; what was drawn from a batch, all doses together, is never more than this share of its label."""

_BREATHED: Mapping[str, str] = {
    Agent.TECHNEGAS: "pertechnetate",
    Agent.DTPA: "dtpa",
    Agent.XE133: "xe133",
    Agent.KR81M: "kr81m",
}

ADULT_KBQ: Mapping[str, tuple[int, int]] = {
    "maa": (37_000, 185_000),  # US label (Pulmotech) to EU SmPC
    "dtpa": (500_000, 1_850_000),  # in the nebuliser: EU SmPC to US practice
    "pertechnetate": (250_000, 1_000_000),  # in the crucible: Irish SmPC of Pulmotec to US label of Technegas
    "xe133": (74_000, 1_110_000),  # US labels
    "kr81m": (40_000, 400_000),  # JNMT breastfeeding tables
}
USUAL_KBQ: Mapping[str, int] = {
    "maa": 148_000,
    "dtpa": 1_110_000,
    "pertechnetate": 500_000,
    "xe133": 370_000,
    "kr81m": 200_000,
}
"""Where the protocol of a site names no activity."""

PREGNANT_MAA_KBQ = (18_500, 37_000)
"""0.5 to 1 mCi (Brazilian guideline 2019)."""

# North American consensus on paediatric activities: 0.03 mCi/kg, after Tc-99m ventilation 0.07; at least 0.4 mCi.
_MAA_PER_KG, _MAA_PER_KG_AFTER_TC, _MAA_LEAST = 1_110, 2_590, 14_800
_NEWBORN_DAYS, _NEWBORN_MAA_KBQ = 28, (7_400, 18_500)  # Pulmotech label
_DTPA_ADULT_KG, _DTPA_LEAST = 70, 10_000  # EU SmPC; the least: Brazilian guideline 2019
# Irish SmPC of Pulmotec: kg, MBq in the crucible. US: from 6 years.
_TECHNEGAS = ((10, 189.7), (20, 340.2), (30, 480.2), (40, 620.2), (46, 700.0))

_NOT_FOR_CHILDREN = {"xe133": "xenon-133", "kr81m": "krypton-81m"}

NEEDS_WEIGHT = "This patient is a child: the dose goes by weight. Enter the weight first."


@dataclass(frozen=True, slots=True)
class Who:
    """The patient, as far as a dose depends on it; an unknown age is an adult's. `weight_kg`: of these weeks."""

    age_years: int | None = None
    age_days: int | None = None
    weight_kg: float | None = None
    pregnant: bool = False
    found: frozenset[adjustments.Circumstance] = frozenset()

    @property
    def is_child(self) -> bool:
        return self.age_years is not None and self.age_years < ADULT_YEARS


@dataclass(frozen=True, slots=True)
class Prescription:
    """What may be given to this patient of one product; `most_particles` is None where it has none.

    `unpublished`: why an authorised user has to approve any dose, or empty. `why`: what is not as for any adult.
    """

    product: str
    prescribed_kbq: int
    lowest_kbq: int
    highest_kbq: int
    fewest_particles: int = 0
    most_particles: int | None = None
    unpublished: str = ""
    why: tuple[str, ...] = ()

    @property
    def accepted_kbq(self) -> tuple[int, int]:
        """The prescribed range, narrowed to 20 % of the prescribed activity."""
        low = -(-self.prescribed_kbq * (100 - MOST_OFF_PERCENT) // 100)
        high = self.prescribed_kbq * (100 + MOST_OFF_PERCENT) // 100
        return max(self.lowest_kbq, low), min(self.highest_kbq, high)


@dataclass(frozen=True, slots=True)
class Given:
    """What this step has had already: activity as administered, and particles."""

    activity_kbq: int = 0
    particles: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """`refusals`: each needs an authorised user. `warnings`: to know, nothing more."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def product_of(kind: str, agent: str) -> str:
    """The product that a step takes, by its kind and the agent of its protocol; empty without a tracer."""
    if kind == PERFUSION:
        return "maa"
    return _BREATHED.get(agent, "") if kind == VENTILATION else ""


def must_be_measured(product: str) -> bool:
    """Whether a step waits for its dose; krypton is breathed straight from its generator."""
    return bool(product) and not PRODUCTS[product].regrows


def lacks(product: str, who: Who) -> str | None:
    """What must be known before a dose can be prescribed, as a sentence."""
    by_weight = product not in _NOT_FOR_CHILDREN
    return NEEDS_WEIGHT if by_weight and who.is_child and not who.weight_kg else None


def prescription(
    product: str, protocol_kbq: int, who: Who, *, least_kbq: int = 0, after_tc_ventilation: bool = False
) -> Prescription:
    """What may be given. `protocol_kbq`: the protocol's activity, 0 for the usual one; `least_kbq`: its least.

    Nothing may be lacking (`lacks`). Of several reasons for less the lowest counts.
    """
    usual = protocol_kbq or USUAL_KBQ[product]
    low, high = ADULT_KBQ[product]
    found = Prescription(product, usual, min(low, least_kbq or usual), max(high, usual))
    if who.is_child:
        found = _for_child(found, who, after_tc_ventilation)
    if who.pregnant:
        found = _in_pregnancy(found)
    return _with_particles(found, who) if product == "maa" else found


def _for_child(adult: Prescription, who: Who, after_tc_ventilation: bool) -> Prescription:
    weight, usual = who.weight_kg or 0.0, adult.prescribed_kbq
    if adult.product in _NOT_FOR_CHILDREN:
        gas = _NOT_FOR_CHILDREN[adult.product]
        return replace(adult, unpublished=f"No activity of {gas} is published for children.")
    why = (f"Child, {weight:g} kg: by weight.",)
    if adult.product == "maa":
        return _maa_for_child(adult, who, weight, after_tc_ventilation)
    if adult.product == "dtpa":
        by_weight = min(usual, max(_DTPA_LEAST, round(usual * weight / _DTPA_ADULT_KG)))
        return replace(adult, prescribed_kbq=by_weight, lowest_kbq=_DTPA_LEAST, highest_kbq=usual, why=why)
    share = technegas_share(weight)
    low, high = round(adult.lowest_kbq * share), round(adult.highest_kbq * share)
    unpublished = "No activity of Technegas is published under 10 kg." if weight < _TECHNEGAS[0][0] else ""
    return replace(
        adult,
        prescribed_kbq=round(usual * share),
        lowest_kbq=low,
        highest_kbq=high,
        unpublished=unpublished,
        why=why,
    )


def _maa_for_child(adult: Prescription, who: Who, weight: float, after_tc_ventilation: bool) -> Prescription:
    per_kg = _MAA_PER_KG_AFTER_TC if after_tc_ventilation else _MAA_PER_KG
    is_newborn = who.age_days is not None and who.age_days < _NEWBORN_DAYS
    low, high = _NEWBORN_MAA_KBQ if is_newborn else (_MAA_LEAST, max(_MAA_LEAST, adult.prescribed_kbq))
    after = " after Tc-99m ventilation" if after_tc_ventilation else ""
    why = f"{'Newborn' if is_newborn else 'Child'}, {weight:g} kg: {per_kg / 1000:g} MBq/kg{after}."
    by_weight = min(high, max(low, round(per_kg * weight)))
    return replace(adult, prescribed_kbq=by_weight, lowest_kbq=low, highest_kbq=high, why=(why,))


def technegas_share(weight_kg: float) -> float:
    """The share of an adult's activity in the crucible, between the rows of the table; in proportion below it."""
    (least, first), (_, adult) = _TECHNEGAS[0], _TECHNEGAS[-1]
    if weight_kg <= least:
        return first * weight_kg / least / adult
    for (low, below), (high, above) in pairwise(_TECHNEGAS):
        if weight_kg <= high:
            return (below + (above - below) * (weight_kg - low) / (high - low)) / adult
    return 1.0


def _in_pregnancy(found: Prescription) -> Prescription:
    why = (*found.why, "Pregnancy: reduced activity.")
    if found.product != "maa":
        return replace(found, highest_kbq=found.prescribed_kbq, why=why)
    low, high = PREGNANT_MAA_KBQ
    prescribed = min(found.prescribed_kbq, high)
    return replace(
        found, prescribed_kbq=prescribed, lowest_kbq=min(low, prescribed), highest_kbq=high, why=why
    )


def _with_particles(found: Prescription, who: Who) -> Prescription:
    fewest, most = adjustments.particles(who.found, who.age_years)
    is_reduced = most < adjustments.ADULT_PARTICLES[1]
    why = (*found.why, f"At most {most:,} particles.") if is_reduced else found.why
    return replace(found, fewest_particles=fewest, most_particles=most, why=why)


def particles_in(dose_kbq: int, vial_kbq: int, vial_particles: int) -> int:
    """Particles of a dose: its share of the vial's, both activities at one moment."""
    return round(vial_particles * dose_kbq / vial_kbq) if vial_kbq else vial_particles


def with_vial(found: Prescription, vial_kbq: int, vial_particles: int) -> Prescription:
    """As `found`, but less is prescribed where the full activity from this vial would hold too many particles.

    `vial_kbq` at the moment of use. Where even the least holds too many, nothing changes: the particles speak.
    """
    if found.most_particles is None or not vial_particles:
        return found
    cap = found.most_particles * vial_kbq // vial_particles
    return replace(found, prescribed_kbq=min(found.prescribed_kbq, cap)) if cap >= found.lowest_kbq else found


def judge(
    found: Prescription, dose_kbq: int, particles: int | None, before: Given | None = None
) -> Judgement:
    """Whether a dose may be given as it is at that moment. `before`: what this step had, for an extra injection.

    An extra injection may be as small as is wanted: all together it must stay within the prescribed range.
    """
    refusals = [found.unpublished] if found.unpublished else []
    refusals += _off(found, dose_kbq) if before is None else _in_all(found, dose_kbq, before)
    warnings = [] if refusals or before else _noted(found, dose_kbq)
    if particles is not None and found.most_particles is not None:
        total = particles + (before.particles if before else 0)
        if total > found.most_particles:
            refusals.append(_too_many(total, found.most_particles, before))
        elif total < min(IMAGE_PARTICLES, found.fewest_particles):
            warnings.append(f"Only {total:,} particles: the pictures may be uneven.")
        elif total < found.fewest_particles:
            warnings.append(
                f"{total:,} particles are fewer than usual for this patient ({found.fewest_particles:,})."
            )
    return Judgement(tuple(refusals), tuple(warnings))


def _off(found: Prescription, dose_kbq: int) -> list[str]:
    low, high = found.lowest_kbq, found.highest_kbq
    if not low <= dose_kbq <= high:
        side = "below" if dose_kbq < low else "above"
        return [f"{mbq_words(dose_kbq)} is {side} the prescribed range, {range_words(low, high)}."]
    off = abs(dose_kbq - found.prescribed_kbq) * 100
    if off <= MOST_OFF_PERCENT * found.prescribed_kbq:
        return []
    return [f"{_deviation(found, dose_kbq)}; at most {MOST_OFF_PERCENT} % is allowed."]


def _deviation(found: Prescription, dose_kbq: int) -> str:
    """160 MBq is 8 % more than the prescribed 148 MBq"""
    off = abs(dose_kbq - found.prescribed_kbq) * 100 // found.prescribed_kbq
    side = "less" if dose_kbq < found.prescribed_kbq else "more"
    return f"{mbq_words(dose_kbq)} is {off} % {side} than the prescribed {mbq_words(found.prescribed_kbq)}"


def _noted(found: Prescription, dose_kbq: int) -> list[str]:
    off = abs(dose_kbq - found.prescribed_kbq) * 100
    return [f"{_deviation(found, dose_kbq)}."] if off > NOTED_PERCENT * found.prescribed_kbq else []


def _in_all(found: Prescription, dose_kbq: int, before: Given) -> list[str]:
    total = dose_kbq + before.activity_kbq
    if total <= found.highest_kbq:
        return []
    return [
        f"With the {mbq_words(before.activity_kbq)} given before it would be {mbq_words(total)}; "
        f"at most {mbq_words(found.highest_kbq)} is prescribed."
    ]


def _too_many(total: int, most: int, before: Given | None) -> str:
    what = f"{total:,} particles with those given before are" if before else f"{total:,} particles are"
    return f"{what} more than this patient may get: at most {most:,}."


def range_words(low: int, high: int) -> str:
    """ "118.4 to 177.6 MBq"."""
    return f"{mbq_words(low).removesuffix(' MBq')} to {mbq_words(high)}"


def administered(
    measured_kbq: int,
    seconds_to_injection: float,
    product: str,
    *,
    residual_kbq: int = 0,
    seconds_to_residual: float = 0,
) -> int:
    """What the patient got, at the injection: the syringe then, less what was left in it, taken back to then.

    Negative where the residual cannot be right. `seconds_to_residual` from the injection.
    """
    half_life = PRODUCTS[product].half_life
    there = decayed(measured_kbq, seconds_to_injection, half_life)
    return there - decayed(residual_kbq, -seconds_to_residual, half_life)
