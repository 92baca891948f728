"""A set-up from its TOML file."""

import tomllib
from dataclasses import replace
from pathlib import Path

from scheduling.engine.catalogue import PROTOCOLS, XRAY, Protocol
from scheduling.engine.chain import PREP_BAY
from scheduling.simulation.entries import Entries, SetupError
from scheduling.simulation.setups import (
    CAPACITY,
    RANKINGS,
    Demand,
    Kit,
    Mishaps,
    Priority,
    Run,
    Setup,
    Span,
    Unit,
)

_WORKING_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri")


def load(path: Path) -> Setup:
    """Raises SetupError: one sentence that says which entry of the file is wrong and what it should be."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}. Name a set-up file.") from error
    except UnicodeDecodeError as error:
        raise SetupError(f"{path} is not a text file in UTF-8. Name a set-up file.") from error
    except SetupError as error:
        raise SetupError(f"{path}: {error}") from error


def parse(text: str) -> Setup:
    """Raises SetupError."""
    try:
        entries = Entries(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"This is not valid TOML. {error}.") from error
    hours = entries.spans("hours")
    rooms = [unit for each in entries.tables("rooms") for unit in _rooms(each, hours)]
    people = [unit for each in entries.tables("people") for unit in _people(each, hours)]
    protocol = _protocol(entries)
    setup = Setup(
        name=entries.text("name"),
        protocol=protocol,
        ranking=entries.choice("ranking", RANKINGS, default=CAPACITY),
        grid_minutes=entries.whole("grid_minutes", 1, 60, default=5),
        weekdays=entries.weekdays("open_days", default=_WORKING_WEEK),
        opens=hours[0][0],
        closes=hours[-1][1],
        units=_numbered([*rooms, *people], protocol),
        kits=tuple(_kit(each, protocol) for each in entries.tables("kits", needed=False)),
        demand=_demand(entries.table("requests")),
        mishaps=_mishaps(entries.table("mishaps")),
        run=_run(entries.table("run")),
    )
    entries.done()
    return setup


def _protocol(entries: Entries) -> Protocol:
    known = {f"{each.key} {each.agent or ''}".strip(): each for each in PROTOCOLS if _is_plain(each)}
    return known[entries.choice("protocol", tuple(known))]


def _is_plain(protocol: Protocol) -> bool:
    """One step after the other, each in a room of its own: the day knows no other visit."""
    unusual = any(s.simultaneous or s.same_room or s.if_before_abnormal or s.present for s in protocol.steps)
    return protocol.bookable and not unusual


def _rooms(entries: Entries, hours: tuple[Span, ...]) -> list[Unit]:
    units = _units(entries, hours, is_room=True)
    every = entries.number("breaks_down_every_days", 0, 10_000, default=0)
    repair = entries.number("repair_minutes", 1, 100_000, default=None if every else 1)
    entries.done()
    return [replace(unit, breaks_down_every_days=every, repair_minutes=repair) for unit in units]


def _people(entries: Entries, hours: tuple[Span, ...]) -> list[Unit]:
    units = _units(entries, hours, is_room=False)
    entries.done()
    return units


def _units(entries: Entries, hours: tuple[Span, ...], *, is_room: bool) -> list[Unit]:
    name, count = entries.text("name"), entries.whole("count", 1, 50, default=1)
    able, spans = frozenset(entries.words("can")), entries.spans("hours", default=hours)
    names = [name] if count == 1 else [f"{name} {number}" for number in range(1, count + 1)]
    return [Unit(0, each, name, able, spans, is_room) for each in names]


def _numbered(units: list[Unit], protocol: Protocol) -> tuple[Unit, ...]:
    names = [unit.name for unit in units]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise SetupError(f"Two rooms or people are called {double}. Give each a name of its own.")
    needs = [wanted for step in protocol.steps for wanted in (step.room, frozenset({step.technologist}))]
    for wanted in [frozenset({PREP_BAY}), *needs]:
        if not any(wanted <= unit.capabilities for unit in units):
            words = " and ".join(sorted(wanted))
            raise SetupError(f"No room or person can {words}, which {protocol.name} needs. Add one.")
    return tuple(replace(unit, id=number) for number, unit in enumerate(units))


def _kit(entries: Entries, protocol: Protocol) -> Kit:
    lungs = [step.kind for step in protocol.steps if step.kind != XRAY]
    kit = Kit(
        step=entries.choice("step", lungs),
        ready=entries.clock("ready"),
        lasts_minutes=entries.whole("lasts_minutes", 1, 24 * 60),
        doses=entries.whole("doses", 1, 1000),
    )
    entries.done()
    return kit


def _demand(entries: Entries) -> Demand:
    demand = Demand(
        per_weekday=tuple(entries.numbers("per_weekday", 7, 0, 1000)),
        by_hour=entries.by_hour("by_hour"),
        need_xray=entries.share("need_xray"),
        inpatients=entries.share("inpatients"),
        flexible=entries.share("flexible"),
        wish_hours=tuple(entries.wholes("wish_hours", 1, 24)),
        notice_minutes=entries.whole("notice_minutes", 0, 100_000),
        inpatient_notice_minutes=entries.whole("inpatient_notice_minutes", 0, 100_000),
        priorities=tuple(_priority(each) for each in entries.tables("priorities")),
    )
    if not sum(demand.by_hour.values()) > 0:
        raise SetupError("requests.by_hour must give at least one hour a weight above 0.")
    if abs(sum(each.share for each in demand.priorities) - 1) > 0.001:
        raise SetupError("The shares of requests.priorities must add up to 1.")
    entries.done()
    return demand


def _priority(entries: Entries) -> Priority:
    priority = Priority(
        name=entries.text("name"),
        share=entries.share("share"),
        within_days=entries.whole("within_days", 0, 365),
    )
    entries.done()
    return priority


def _mishaps(entries: Entries) -> Mishaps:
    least, usual, most = entries.numbers("durations", 3, 0.1, 10)
    if not least <= usual <= most:
        raise SetupError(
            "mishaps.durations must be the least, the usual and the greatest multiple, in order."
        )
    mishaps = Mishaps(
        no_show=entries.share("no_show"),
        late_mean_minutes=entries.number("late_mean_minutes", -120, 120),
        late_spread_minutes=entries.number("late_spread_minutes", 0, 120),
        repeat=entries.share("repeat"),
        repeat_minutes=entries.whole("repeat_minutes", 1, 120),
        durations=(least, usual, most),
        overtime_limit_minutes=entries.whole("overtime_limit_minutes", 0, 600),
    )
    entries.done()
    return mishaps


def _run(entries: Entries) -> Run:
    run = Run(
        weeks=entries.whole("weeks", 1, 520),
        warm_up_weeks=entries.whole("warm_up_weeks", 0, 52),
        seeds=entries.whole("seeds", 2, 1000),
    )
    entries.done()
    return run
