"""The protocol that the answers speak for, with why; a physician chooses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scheduling.engine.catalogue import AGENT_NAMES, Agent
from scheduling.engine.screening import Effect
from scheduling.engine.suggestion_rules import (
    CHANGES,
    EXAMINATIONS,
    MAY_CHANGE,
    NOTES,
    PREFERENCES,
    STANDARD,
    Examination,
    Preference,
    Remark,
)

Offered = Sequence[tuple[str, str]]
_NEUTRAL = 1


@dataclass(frozen=True, slots=True)
class Why:
    """One reason in words; `rule` is empty where no answer is behind it."""

    rule: str
    sentence: str
    source: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`key` and `agent` name a protocol that is offered. `reasons` say why it, `changes` what is done otherwise
    within it, `notes` what changes nothing; `unknown` are questions whose answer may lead to another protocol."""

    key: str
    agent: str
    reasons: tuple[Why, ...]
    changes: tuple[Why, ...]
    notes: tuple[Why, ...]
    unknown: tuple[str, ...]


def suggest(effects: Iterable[Effect], offered: Offered, *, indication: str = "") -> Suggestion | None:
    """The suggestion among `offered`, (key, agent) pairs in the site's order; None where none of them fits.

    `effects`: what the answers do (`screening.evaluate`). An answer that is not known yet suggests nothing.
    """
    found = tuple(effects)
    rules = frozenset(effect.rule_id for effect in found if not effect.open)
    wanted = _examination(rules, indication)
    row, key = _offered(wanted, offered)
    if not key:
        return None
    agent = _agent(key, rules, offered)
    reasons = (*_passed_over(wanted, row), _why(row), *_agent_reasons(agent, rules))
    return Suggestion(
        key,
        agent,
        reasons,
        _remarks(CHANGES, rules, agent),
        _remarks(NOTES, rules, agent),
        tuple(e.question for e in found if e.open and e.question in MAY_CHANGE),
    )


def _examination(rules: frozenset[str], indication: str) -> Examination:
    return next((row for row in EXAMINATIONS if row.rule in rules or indication in row.indications), STANDARD)


def _offered(wanted: Examination, offered: Offered) -> tuple[Examination, str]:
    """The row that decides and its first key that is offered; the standard one where nothing of `wanted` is."""
    keys = {key for key, _ in offered}
    for row in (wanted, STANDARD):
        for key in row.keys:
            if key in keys:
                return row, key
    return STANDARD, ""


def _passed_over(wanted: Examination, row: Examination) -> tuple[Why, ...]:
    if row is wanted:
        return ()
    return (Why(wanted.rule, f"{wanted.sentence} No such protocol can be booked here.", wanted.source),)


def _agent(key: str, rules: frozenset[str], offered: Offered) -> str:
    """Of the agents that this examination is offered with, the one preferred; among equals the site's first."""
    agents = [agent for each, agent in offered if each == key]
    rows = [row for row in PREFERENCES if row.rule in rules]
    return min(agents, key=lambda agent: tuple(_rank(row, agent) for row in rows))


def _rank(row: Preference, agent: str) -> int:
    return next((rank for each, rank in row.ranks if each == agent), _NEUTRAL)


def _agent_reasons(agent: str, rules: frozenset[str]) -> tuple[Why, ...]:
    """Why this agent; and what speaks against it where no better one is offered."""
    if agent not in set(Agent):
        return ()
    said = []
    for row in PREFERENCES:
        if row.rule in rules:
            against = _rank(row, agent) > _NEUTRAL
            name = AGENT_NAMES[Agent(agent)]
            sentence = (
                f"{row.sentence} Only {name} fits all else here: take care." if against else row.sentence
            )
            said.append(Why(row.rule, sentence, row.source))
    return tuple(said)


def _remarks(table: tuple[Remark, ...], rules: frozenset[str], agent: str) -> tuple[Why, ...]:
    return tuple(_why(row) for row in table if row.rule in rules and row.agent in (None, agent))


def _why(row: Examination | Remark) -> Why:
    return Why(row.rule, row.sentence, row.source)
