"""How the answers to the safety questions change the steps that are searched for.

Each rule of `rules` that asks for another way to do the examination stands here with what it changes. A need
for a special room or person binds only where the site has one: a department without an isolation room plans
as it always did, and the sentence of the rule stays on the order.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from scheduling.engine.catalogue import VENTILATION, XRAY, Agent, StepTemplate
from scheduling.engine.screening import Effect


class Circumstance(StrEnum):
    REDUCED_PARTICLES = "reduced_particles"
    PLANAR_ONLY = "planar_only"
    SHORT_BLOCKS = "short_blocks"
    AVOID_TECHNEGAS = "avoid_technegas"
    LONGER_WASHOUT = "longer_washout"
    ISOLATION = "isolation"
    PORTABLE_XRAY = "portable_xray"
    ESCORT = "escort"
    INTERPRETER = "interpreter"


_OF_RULE: Mapping[str, frozenset[Circumstance]] = {
    "PREG-1": frozenset({Circumstance.REDUCED_PARTICLES}),
    "PH-1": frozenset({Circumstance.REDUCED_PARTICLES}),
    "PH-2": frozenset({Circumstance.REDUCED_PARTICLES}),
    "SHUNT-1": frozenset({Circumstance.REDUCED_PARTICLES}),
    "LUNG-1": frozenset({Circumstance.REDUCED_PARTICLES}),
    "STILL-1": frozenset({Circumstance.PLANAR_ONLY, Circumstance.SHORT_BLOCKS}),
    "ARMS-1": frozenset({Circumstance.PLANAR_ONLY}),
    "O2-1": frozenset({Circumstance.AVOID_TECHNEGAS}),
    "COPD-1": frozenset({Circumstance.LONGER_WASHOUT}),
    "INF-1": frozenset({Circumstance.ISOLATION}),
    "LOC-1": frozenset({Circumstance.PORTABLE_XRAY, Circumstance.ESCORT}),
    "INTERP-1": frozenset({Circumstance.INTERPRETER}),
}

WORDS: Mapping[Circumstance, str] = {
    Circumstance.REDUCED_PARTICLES: "reduced number of particles",
    Circumstance.PLANAR_ONLY: "planar pictures",
    Circumstance.SHORT_BLOCKS: "short blocks, half as long again",
    Circumstance.LONGER_WASHOUT: "longer washout with xenon",
    Circumstance.ISOLATION: "isolation room",
    Circumstance.PORTABLE_XRAY: "portable X-ray accepted",
    Circumstance.ESCORT: "escort",
    Circumstance.INTERPRETER: "interpreter present",
}

XRAY_OR_PORTABLE = "xray_or_portable"
_PORTABLE = "xray_portable"
_SPECT = "gamma_camera_spect"
_PLANAR = "gamma_camera_planar"
_PLANAR_LONGER_BY = 10
"""Minutes: eight planar views take 20 where SPECT takes 10 (typical acquisition times of the catalogue)."""
_WASHOUT_LONGER_BY = 5
"""Minutes: xenon is watched for up to 10 instead of 5 in obstructive disease (J Nucl Med 1979;20:917)."""

ADULT_PARTICLES = (200_000, 700_000)
"""MAA particles per injection, least and most (Pulmotech label)."""
REDUCED_PARTICLES = (100_000, 200_000)
"""In pulmonary hypertension, right-to-left shunt and after a lung transplant (EU SmPC of MAA), in pregnancy, and with
one lung. There a teaching text says 150,000 to 200,000: the same ceiling, and the lower end is advice."""
_CHILDREN = ((1, (10_000, 50_000)), (5, (50_000, 150_000)), (15, (200_000, 300_000)))
"""Below this age in years: newborns by the Pulmotech label, the others common practice, for local sign-off."""


def circumstances(effects: Iterable[Effect]) -> frozenset[Circumstance]:
    """What the answers ask of the plan; an answer that is not known yet asks for nothing."""
    found = [_OF_RULE.get(effect.rule_id, frozenset()) for effect in effects if not effect.open]
    return frozenset().union(*found)


def implied(capabilities: Iterable[str]) -> frozenset[str]:
    """The capabilities of a resource with those that follow: an X-ray room serves who may have a portable X-ray."""
    own = frozenset(capabilities)
    return own | {XRAY_OR_PORTABLE} if own & {XRAY, _PORTABLE} else own


def adjusted(
    step: StepTemplate, found: frozenset[Circumstance], *, agent: str | None, offered: frozenset[str]
) -> StepTemplate:
    """The step as this patient needs it. `offered`: the capabilities that some resource of the site has."""
    if not found:
        return step
    if step.kind == XRAY:
        return _xray(step, found, offered)
    minutes, room = step.acquisition_minutes, step.room
    if Circumstance.PLANAR_ONLY in found and _SPECT in room:
        room, minutes = room - {_SPECT} | {_PLANAR}, minutes + _PLANAR_LONGER_BY
    if Circumstance.SHORT_BLOCKS in found:
        minutes += -(-minutes // 2)
    if Circumstance.LONGER_WASHOUT in found and agent == Agent.XE133 and step.kind == VENTILATION:
        minutes += _WASHOUT_LONGER_BY
    if Circumstance.ISOLATION in found and "isolation" in offered:
        room |= {"isolation"}
    return replace(
        step, room=room, acquisition_minutes=minutes, present=step.present | _people(found, offered)
    )


def _xray(step: StepTemplate, found: frozenset[Circumstance], offered: frozenset[str]) -> StepTemplate:
    portable = Circumstance.PORTABLE_XRAY in found and _PORTABLE in offered
    room = step.room - {XRAY} | {XRAY_OR_PORTABLE} if portable and XRAY in step.room else step.room
    return replace(step, room=room, present=step.present | _people(found, offered))


def _people(found: frozenset[Circumstance], offered: frozenset[str]) -> frozenset[str]:
    return frozenset({Circumstance.ESCORT, Circumstance.INTERPRETER}) & found & offered


def particles(found: frozenset[Circumstance], age_years: int | None) -> tuple[int, int]:
    """The least and the greatest number of MAA particles for this patient; of several ranges the lowest."""
    ranges = [ADULT_PARTICLES]
    if Circumstance.REDUCED_PARTICLES in found:
        ranges.append(REDUCED_PARTICLES)
    if age_years is not None:
        ranges += [range_ for below, range_ in _CHILDREN if age_years < below][:1]
    return min(ranges, key=lambda each: each[1])


def notes(found: frozenset[Circumstance], *, agent: str | None, offered: frozenset[str]) -> tuple[str, ...]:
    """Sentences for who books: what is planned otherwise than the protocol says, and what speaks against it."""
    words = [WORDS[each] for each in Circumstance if each in found and _applies(each, agent, offered)]
    said = [f"Planned for this patient: {', '.join(words)}."] if words else []
    if Circumstance.AVOID_TECHNEGAS in found and agent == Agent.TECHNEGAS:
        said.append(
            "This patient needs oxygen: DTPA aerosol or krypton is preferred to Technegas. "
            "Ask the physician for another protocol."
        )
    return tuple(said)


def _applies(circumstance: Circumstance, agent: str | None, offered: frozenset[str]) -> bool:
    if circumstance in (Circumstance.ISOLATION, Circumstance.ESCORT, Circumstance.INTERPRETER):
        return circumstance in offered
    if circumstance is Circumstance.PORTABLE_XRAY:
        return _PORTABLE in offered
    if circumstance is Circumstance.LONGER_WASHOUT:
        return agent == Agent.XE133
    return circumstance in WORDS
