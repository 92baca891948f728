"""The small steps of each examination, with their times, as data: what a technologist does one after the other.

Times are seconds: least, typical, most. Where a source is known it stands beside the row; the others are usual
practice, for local sign-off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from scheduling.engine.catalogue import Agent
from scheduling.engine.pictures import PLANAR_EIGHT, View


class Part(StrEnum):
    PREPARATION = "preparation"
    VENTILATION = "ventilation"
    CHANGEOVER = "changeover"
    PERFUSION = "perfusion"
    AFTER = "after"


class Timer(StrEnum):
    UP = "up"  # counts up; a soft alarm at the typical time, another at the most
    DOWN = "down"  # counts down from the typical time
    NONE = "none"


class Role(StrEnum):
    """What a phase does beyond taking time. A step begins with its first inhalation or injection."""

    DOSE = "dose"  # the dose is measured
    GAS = "gas"  # Technegas is made: it is breathed in within minutes (gas.py)
    BEGINS = "begins"  # inhalation or injection: the scheduled procedure step starts
    PICTURES = "pictures"  # its end completes the step
    BOTH = "both"  # krypton: breathed while the pictures are taken
    COUNTS = "counts"  # the count rates are compared
    RESIDUAL = "residual"  # what is left in the syringe


@dataclass(frozen=True, slots=True)
class PhaseTemplate:
    key: str
    name: str
    part: Part
    timer: Timer
    least_seconds: int
    typical_seconds: int
    most_seconds: int
    role: Role | None = None
    views: tuple[View, ...] = ()
    counts_k: int | None = None


def _phase(
    key: str,
    name: str,
    part: Part,
    minutes: tuple[float, float, float],
    timer: Timer = Timer.UP,
    role: Role | None = None,
    views: tuple[View, ...] = (),
    counts_k: int | None = None,
) -> PhaseTemplate:
    least, typical, most = (round(each * 60) for each in minutes)
    return PhaseTemplate(key, name, part, timer, least, typical, most, role, views, counts_k)


P, V, C, Q, A = Part.PREPARATION, Part.VENTILATION, Part.CHANGEOVER, Part.PERFUSION, Part.AFTER

_HEAD = (
    _phase("gown", "Gown on, metal off the chest", P, (2, 5, 10), Timer.NONE),
    # 23 G or larger, so that the particles pass whole.
    _phase("iv", "IV access, 23 G or larger", P, (2, 5, 15)),
    _phase("position", "Position, arms up for SPECT", P, (1, 3, 5), Timer.NONE),
)
_MASK = _phase("mask", "Mouthpiece or mask fits; breathing practised", P, (2, 3, 8), Timer.NONE)

_VENTILATION = {
    Agent.XE133: (
        _phase("room", "Negative pressure, trap and exhaust are on", V, (1, 1, 2), Timer.NONE),
        _phase("v_dose", "Measure and load the dose", V, (1, 2, 3), Timer.NONE, Role.DOSE),
        # About 100,000 counts in one breath, held 10 to 20 s.
        _phase(
            "single_breath",
            "Single breath",
            V,
            (0.25, 0.5, 1),
            role=Role.BEGINS,
            views=(View.SINGLE_BREATH,),
            counts_k=100,
        ),
        _phase("wash_in", "Wash-in until the counts level off", V, (1, 3, 5)),
        _phase("equilibrium", "Equilibrium", V, (0.5, 1, 2), views=(View.EQUILIBRIUM,)),
        _phase("wash_out", "Wash-out to the trap", V, (3, 5, 10), views=(View.WASHOUT,)),
        _phase("mask_off", "Mask off, last pictures, room checked", V, (1, 2, 3), role=Role.PICTURES),
    ),
    Agent.DTPA: (
        _phase(
            "v_dose",
            "Measure the dose, load the nebuliser, 7-10 L/min",
            V,
            (1, 2, 3),
            Timer.NONE,
            Role.DOSE,
        ),
        # Until about 2,000 counts/s, or 3 to 5 min.
        _phase("inhalation", "Inhalation, tidal breathing", V, (3, 5, 8), role=Role.BEGINS),
        _phase("rinse", "Mouth rinsed, mask off, contamination checked", V, (1, 2, 3), Timer.NONE),
        _phase(
            "v_pictures",
            "Ventilation views",
            V,
            (12, 18, 25),
            role=Role.PICTURES,
            views=PLANAR_EIGHT,
            counts_k=250,
        ),
    ),
    Agent.TECHNEGAS: (
        _phase("v_dose", "Measure the dose, load the crucible, simmer", V, (5, 8, 12), role=Role.DOSE),
        # The gas is to be breathed within 10 min of the burn.
        _phase("burn", "Burn; breathe in within 10 min", V, (0.5, 1, 10), Timer.DOWN, Role.GAS),
        _phase(
            "inhalation",
            "Inhalation, slow deep breaths held 5 s",
            V,
            (1, 3, 8),
            role=Role.BEGINS,
        ),
        _phase("oxygen", "Recovery, SpO2 checked", V, (1, 2, 5)),
        _phase("v_pictures", "Ventilation SPECT", V, (8, 11, 20), role=Role.PICTURES, views=(View.SPECT,)),
    ),
    Agent.KR81M: (
        _phase(
            "v_pictures",
            "Krypton breathed while the views are taken",
            V,
            (8, 10, 20),
            role=Role.BOTH,
            views=PLANAR_EIGHT,
            counts_k=250,
        ),
    ),
}
_CHANGEOVER = _phase("changeover", "Energy window or collimator; the patient stays put", C, (1, 3, 10))


def _perfusion(*, spect: bool, with_counts: bool) -> Iterator[PhaseTemplate]:
    yield _phase(
        "q_dose", "Measure the dose, check patient and particles", Q, (1, 2, 3), Timer.NONE, Role.DOSE
    )
    yield _phase(
        "injection", "Invert gently; inject slowly, no blood back, flush", Q, (0.5, 1, 3), role=Role.BEGINS
    )
    # Over 90 % stay in the lung within 1 to 5 min.
    yield _phase("fixation", "Wait until the tracer is fixed", Q, (1, 3, 5), Timer.DOWN)
    # Before the pictures: too few counts can still be lifted by more tracer.
    if with_counts:
        yield _phase("counts", "Count rates compared", Q, (1, 2, 5), Timer.NONE, Role.COUNTS)
    if spect:
        yield _phase("q_pictures", "Perfusion SPECT", Q, (6, 10, 20), role=Role.PICTURES, views=(View.SPECT,))
        yield _phase("ct", "Low-dose CT, if asked for", Q, (2, 4, 5), views=(View.SPECT_CT,))
    else:
        yield _phase(
            "q_pictures",
            "Perfusion views",
            Q,
            (12, 20, 30),
            role=Role.PICTURES,
            views=PLANAR_EIGHT,
            counts_k=500,
        )


_TAIL = (
    _phase("residual", "Measure what is left in the syringe", A, (1, 2, 3), Timer.NONE, Role.RESIDUAL),
    _phase("iv_out", "IV out, aftercare explained", A, (2, 3, 7), Timer.NONE),
)
_SPECT = frozenset({Agent.TECHNEGAS, Agent.KR81M})
_SAME_ISOTOPE = frozenset({Agent.TECHNEGAS, Agent.DTPA})
"""Ventilation and perfusion at 140 keV: the second study must outshine the first."""


def phases(
    agent: Agent | None, kinds: tuple[str, ...], *, together: bool = False
) -> tuple[PhaseTemplate, ...]:
    """The phases of an examination: `kinds` are its lung steps ("ventilation", "perfusion") in their order.

    `together`: krypton is breathed while the perfusion pictures are taken.
    """
    return tuple(_phases(agent, kinds[:1] if together else kinds, together))


def _phases(agent: Agent | None, kinds: tuple[str, ...], together: bool) -> Iterator[PhaseTemplate]:
    both = len(kinds) > 1
    yield from (each for each in _HEAD if each.key != "iv" or "perfusion" in kinds)
    if "ventilation" in kinds or together:
        yield _MASK
    for at, kind in enumerate(kinds):
        if at:
            yield _CHANGEOVER
        if kind == "ventilation" and agent is not None:
            yield from _VENTILATION[agent]
        elif kind == "perfusion":
            yield from _perfusion(
                spect=agent in _SPECT, with_counts=both and agent in _SAME_ISOTOPE and at > 0
            )
    yield from (each for each in _TAIL if each.key != "residual" or "perfusion" in kinds)
