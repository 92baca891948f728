"""The protocols as data: what is done, in which order, in which room, for how long.

Times are typical minutes of planar or SPECT practice. Published for patients are 30 to 60 minutes of scanning
in all and about 15 per part (Cleveland Clinic, 2023); set-up, preparation and clearance come on top. All are
defaults for local sign-off.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

XRAY, VENTILATION, PERFUSION = "xray", "ventilation", "perfusion"


class Agent(StrEnum):
    """What is breathed in; perfusion is Tc-99m MAA throughout."""

    TECHNEGAS = "technegas"
    DTPA = "dtpa"
    XE133 = "xe133"
    KR81M = "kr81m"


AGENT_NAMES = {
    Agent.TECHNEGAS: "Technegas",
    Agent.DTPA: "Tc-99m DTPA aerosol",
    Agent.XE133: "xenon-133",
    Agent.KR81M: "krypton-81m",
}


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """One step. `room`: capabilities the room must have. The acquisition of a lung step begins with the first
    inhalation or the injection, and ends with its last picture.

    The lag runs from the end of the step before. The lag of the first lung step after the X-ray is a site
    setting (`window.planned_lag`), so it is None here. `prep_minutes` in a bay end when set-up begins.
    `simultaneous`: acquired together with the step before, in its room and by its people.
    `if_before_abnormal`: held until a physician has read the step before, and done only if that is abnormal.
    `present`: capabilities of further people who are there from preparation to the last picture.
    `tracer` (a product of `tracers.PRODUCTS`) is needed with `activity_kbq` at the start of the acquisition;
    as little as `least_activity_kbq` may be given where a full dose would hold too many particles.
    """

    kind: str
    room: frozenset[str]
    technologist: str
    setup_minutes: int
    acquisition_minutes: int
    clearance_minutes: int
    prep_minutes: int = 0
    lag_min_minutes: int | None = None
    lag_max_minutes: int | None = None
    same_room: bool = False
    same_day: bool = False
    simultaneous: bool = False
    if_before_abnormal: bool = False
    present: frozenset[str] = frozenset()
    tracer: str = ""
    activity_kbq: int = 0
    least_activity_kbq: int = 0


@dataclass(frozen=True, slots=True)
class Protocol:
    """`agent` is None where nothing is inhaled. `bookable`: can be searched and booked as it stands."""

    key: str
    agent: Agent | None
    name: str
    steps: tuple[StepTemplate, ...]
    bookable: bool

    @property
    def scan_minutes(self) -> int:
        """From the first inhalation or injection to the last picture, without the X-ray."""
        lungs = [step for step in self.steps if step.kind != XRAY and not step.simultaneous]
        return sum(s.acquisition_minutes for s in lungs) + sum(s.lag_min_minutes or 0 for s in lungs[1:])


def find(key: str, agent: str | None = None) -> Protocol:
    """Raises KeyError where the catalogue has no such protocol."""
    return _BY_KEY[key, Agent(agent) if agent else None]


_PREP = 18  # check-in, screening re-check, gown, intravenous line: 5 + 3 + 5 + 5

_XRAY = StepTemplate(XRAY, frozenset({"xray"}), "technologist_xray", 3, 5, 2)

_NM = "technologist_nm"
_VENTILATION_ROOM = frozenset({"ventilation"})
_PLANAR = frozenset({"gamma_camera_planar"})
_SPECT = frozenset({"gamma_camera_spect"})

_BREATHING = {
    # Position 3, mouthpiece 3; breathing 3, oxygen 2, pictures 11. The crucible is loaded beforehand.
    # Eluate in the crucible: 400 to 1,000 MBq (US label), 250 to 700 (Irish SmPC of Pulmotec).
    Agent.TECHNEGAS: StepTemplate(
        VENTILATION,
        _VENTILATION_ROOM,
        _NM,
        6,
        16,
        10,
        same_day=True,
        tracer="pertechnetate",
        activity_kbq=500_000,
    ),
    # Position 3, mask 3, nebuliser 2; breathing 5, rinse 2, eight views 18. Clearance: wipe test, filter.
    # In the nebuliser: 30 mCi before perfusion, 45 mCi after it (Radiopaedia); about a tenth reaches the lungs.
    Agent.DTPA: StepTemplate(
        VENTILATION, _VENTILATION_ROOM, _NM, 8, 25, 15, same_day=True, tracer="dtpa", activity_kbq=1_110_000
    ),
    # Position 3, mask 3, room check 1, dose 2; breath 1, wash-in 3, equilibrium 1, washout 5, last 2.
    # Radioactive gas only at negative pressure (Minn. R. 4731.4430). Vials of 10 or 20 mCi (US labels).
    Agent.XE133: StepTemplate(
        VENTILATION,
        _VENTILATION_ROOM | {"negative_pressure"},
        _NM,
        9,
        12,
        10,
        same_day=True,
        tracer="xe133",
        activity_kbq=370_000,
    ),
    # Breathed during the pictures, up to 10 min, in front of the camera; 13 s half-life, nothing to clear.
    # 40 to 400 MBq (JNMT breastfeeding tables), for local sign-off.
    Agent.KR81M: StepTemplate(
        VENTILATION, _SPECT, _NM, 6, 10, 5, same_day=True, tracer="kr81m", activity_kbq=200_000
    ),
}

# Two-person dose check 3, window and collimator 2; injection 1, fixation 3, pictures 10 (SPECT) or 20 (eight
# views), quality check 2. Changing room and setting up fit in the lag. 37 to 148 MBq (Pulmotech label).
_Q_SPECT = StepTemplate(
    PERFUSION,
    _SPECT,
    _NM,
    5,
    16,
    5,
    same_day=True,
    tracer="maa",
    activity_kbq=148_000,
    least_activity_kbq=37_000,
)
_Q_PLANAR = replace(_Q_SPECT, room=_PLANAR, acquisition_minutes=26)

_DTPA_AFTER_Q_KBQ = 1_665_000

_CAMERA = {Agent.TECHNEGAS: _Q_SPECT, Agent.DTPA: _Q_PLANAR, Agent.XE133: _Q_PLANAR, Agent.KR81M: _Q_SPECT}

# Xenon: the way from the gas room to the camera takes 10 min (SNM practice; local sign-off).
_TRANSFER = {Agent.TECHNEGAS: 5, Agent.DTPA: 5, Agent.XE133: 10, Agent.KR81M: 5}
_LONGEST_TRANSFER = 20


def _first(step: StepTemplate) -> StepTemplate:
    """The first lung step: prepared in a bay, and on any day, as the X-ray may be on the day before."""
    return replace(step, prep_minutes=_PREP, same_day=False)


def _breathed_then_injected(agent: Agent) -> tuple[StepTemplate, ...]:
    same_room = agent is Agent.KR81M
    ventilation = _first(_BREATHING[agent])
    if same_room:  # the patient stays on the camera table
        ventilation = replace(ventilation, clearance_minutes=0)
    perfusion = replace(
        _CAMERA[agent],
        lag_min_minutes=_TRANSFER[agent],
        lag_max_minutes=_LONGEST_TRANSFER,
        same_room=same_room,
    )
    return _XRAY, ventilation, perfusion


def _injected_then_breathed(agent: Agent) -> tuple[StepTemplate, ...]:
    """Pregnancy: ventilation waits until a physician has read perfusion. Technegas would have to outshine
    what is left of the perfusion tracer, so it waits for the next day."""
    next_day = agent is Agent.TECHNEGAS
    lag = (15 * 60, 36 * 60) if next_day else (30, 4 * 60)
    ventilation = replace(
        _BREATHING[agent],
        lag_min_minutes=lag[0],
        lag_max_minutes=lag[1],
        same_day=not next_day,
        if_before_abnormal=True,
    )
    if agent is Agent.DTPA:
        ventilation = replace(ventilation, activity_kbq=_DTPA_AFTER_Q_KBQ)
    # 0.5 to 1 mCi (Brazilian guideline 2019).
    perfusion = replace(_first(_CAMERA[agent]), activity_kbq=37_000, least_activity_kbq=18_500)
    return _XRAY, perfusion, ventilation


def _together() -> tuple[StepTemplate, ...]:
    """Krypton is breathed while perfusion is pictured: 190 keV and 140 keV are told apart (Kr-81m label)."""
    perfusion = _first(_CAMERA[Agent.KR81M])
    ventilation = replace(_BREATHING[Agent.KR81M], simultaneous=True)
    return _XRAY, perfusion, ventilation


def _protocols() -> Iterator[Protocol]:
    for agent, name in AGENT_NAMES.items():
        steps = _breathed_then_injected(agent)
        yield Protocol("V_THEN_Q", agent, f"Ventilation then perfusion, {name}", steps, True)
    yield Protocol("Q_ONLY", None, "Perfusion only", (_XRAY, _first(_Q_PLANAR)), True)
    for agent, name in AGENT_NAMES.items():
        steps = (_XRAY, _first(_BREATHING[agent]))
        yield Protocol("V_ONLY", agent, f"Ventilation only, {name}", steps, True)
    # Xenon is missing: what is left of the perfusion tracer would spoil its pictures (81 keV under 140 keV).
    for agent in (Agent.DTPA, Agent.KR81M, Agent.TECHNEGAS):
        name = f"Perfusion first, ventilation if abnormal, {AGENT_NAMES[agent]}"
        yield Protocol("Q_FIRST_V_IF_ABNORMAL", agent, name, _injected_then_breathed(agent), True)
    name = f"Ventilation and perfusion together, {AGENT_NAMES[Agent.KR81M]}"
    yield Protocol("V_Q_SIMULTANEOUS", Agent.KR81M, name, _together(), True)
    yield Protocol(
        "QUANT_DIFFERENTIAL", None, "Split function, perfusion only", (_XRAY, _first(_Q_PLANAR)), False
    )
    for agent, name in AGENT_NAMES.items():
        steps = _breathed_then_injected(agent)
        yield Protocol(
            "QUANT_DIFFERENTIAL", agent, f"Split function, ventilation then perfusion, {name}", steps, False
        )


PROTOCOLS = tuple(_protocols())

_BY_KEY = {(protocol.key, protocol.agent): protocol for protocol in PROTOCOLS}
