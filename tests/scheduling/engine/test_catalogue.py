"""The protocols: what they add up to, and that each can be planned in a department that has the rooms."""

import pytest

from scheduling.engine import catalogue
from scheduling.engine.catalogue import PERFUSION, PROTOCOLS, VENTILATION, XRAY, Agent
from scheduling.engine.intervals import Intervals
from scheduling.engine.itinerary import ResourceFree, Search, blockers, search
from scheduling.engine.steps import steps_of

ALWAYS: Intervals = ((0, 3 * 1440),)
DEPARTMENT = tuple(
    ResourceFree(number, name, frozenset(capabilities), ALWAYS)
    for number, (name, *capabilities) in enumerate(
        [
            ("X-ray 1", "xray"),
            ("Ventilation 1", "ventilation", "negative_pressure"),
            ("Camera 1", "gamma_camera_planar", "gamma_camera_spect"),
            ("Bay 1", "prep_bay"),
            ("Anna", "technologist_nm"),
            ("Ben", "technologist_xray"),
            ("Patient", "patient"),
        ]
    )
)


def name_of(protocol) -> str:
    return protocol.name


def test_every_protocol_is_found_by_its_key_and_agent():
    for protocol in PROTOCOLS:
        assert catalogue.find(protocol.key, protocol.agent) is protocol
    assert len({(protocol.key, protocol.agent) for protocol in PROTOCOLS}) == len(PROTOCOLS)
    assert len({protocol.name for protocol in PROTOCOLS}) == len(PROTOCOLS)


def test_an_unknown_protocol_is_refused():
    with pytest.raises(KeyError):
        catalogue.find("Q_ONLY", "technegas")


def test_what_can_be_booked():
    bookable = {(protocol.key, protocol.agent) for protocol in PROTOCOLS if protocol.bookable}
    both = {(key, agent) for key in ("V_THEN_Q", "V_ONLY") for agent in Agent}
    q_first = {("Q_FIRST_V_IF_ABNORMAL", agent) for agent in (Agent.DTPA, Agent.KR81M, Agent.TECHNEGAS)}
    assert bookable == both | q_first | {("Q_ONLY", None), ("V_Q_SIMULTANEOUS", Agent.KR81M)}


@pytest.mark.parametrize(
    ("agent", "ventilation", "transfer", "perfusion", "total"),
    [
        ("technegas", 16, 5, 16, 37),
        ("dtpa", 25, 5, 26, 56),
        ("xe133", 12, 10, 26, 48),
        ("kr81m", 10, 5, 16, 31),
    ],
)
def test_ventilation_then_perfusion_takes_30_to_60_minutes(agent, ventilation, transfer, perfusion, total):
    protocol = catalogue.find("V_THEN_Q", agent)
    _, breathing, injection = protocol.steps
    assert (breathing.acquisition_minutes, injection.acquisition_minutes) == (ventilation, perfusion)
    assert (injection.lag_min_minutes, injection.lag_max_minutes) == (transfer, 20)
    assert protocol.scan_minutes == total
    assert 30 <= protocol.scan_minutes <= 60


@pytest.mark.parametrize(
    ("key", "agent", "scan_minutes"),
    [
        ("Q_ONLY", None, 26),
        ("V_ONLY", "technegas", 16),
        ("V_ONLY", "dtpa", 25),
        ("V_ONLY", "xe133", 12),
        ("V_ONLY", "kr81m", 10),
        ("Q_FIRST_V_IF_ABNORMAL", "dtpa", 26 + 30 + 25),
        ("Q_FIRST_V_IF_ABNORMAL", "kr81m", 16 + 30 + 10),
        ("Q_FIRST_V_IF_ABNORMAL", "technegas", 16 + 15 * 60 + 16),
        ("V_Q_SIMULTANEOUS", "kr81m", 16),
        ("QUANT_DIFFERENTIAL", None, 26),
        ("QUANT_DIFFERENTIAL", "technegas", 37),
        ("QUANT_DIFFERENTIAL", "dtpa", 56),
        ("QUANT_DIFFERENTIAL", "xe133", 48),
        ("QUANT_DIFFERENTIAL", "kr81m", 31),
    ],
)
def test_the_other_protocols_add_up(key, agent, scan_minutes):
    assert catalogue.find(key, agent).scan_minutes == scan_minutes


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=name_of)
def test_every_protocol_is_prepared_once_and_begins_with_the_xray(protocol):
    assert protocol.steps[0].kind == XRAY
    xray = protocol.steps[0]
    assert xray.setup_minutes + xray.acquisition_minutes + xray.clearance_minutes == 10
    assert [step.prep_minutes for step in protocol.steps] == [0, 18, *[0] * (len(protocol.steps) - 2)]
    assert (protocol.steps[1].lag_min_minutes, protocol.steps[1].lag_max_minutes) == (None, None)


def test_xenon_is_breathed_at_negative_pressure_and_never_after_perfusion():
    for protocol in PROTOCOLS:
        if protocol.agent is Agent.XE133:
            assert "negative_pressure" in protocol.steps[1].room
            assert protocol.steps[1].kind == VENTILATION


def test_krypton_is_breathed_in_the_room_of_perfusion():
    for key in ("V_THEN_Q", "QUANT_DIFFERENTIAL"):
        assert catalogue.find(key, "kr81m").steps[-1].same_room
    assert not any(step.same_room for p in PROTOCOLS if p.agent is not Agent.KR81M for step in p.steps)


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=name_of)
@pytest.mark.parametrize("with_xray", [True, False])
def test_every_protocol_can_be_planned_in_a_small_department(protocol, with_xray):
    steps = steps_of(protocol.steps, xray_lag=(70, 1430), skip=() if with_xray else {XRAY})
    assert [step.key for step in steps] == [s.kind for s in protocol.steps if with_xray or s.kind != XRAY]
    wanted = Search(steps, DEPARTMENT, 0, 3 * 1440, None if with_xray else 0, lambda minute: minute // 1440)
    found = next(search(wanted, limit=1), None)
    assert found is not None, blockers(wanted)
    lungs = [placed for placed in found.steps if placed.step_key != XRAY]
    assert max(placed.end for placed in lungs) - lungs[0].start == protocol.scan_minutes
    xray_ends = found.steps[0].end if with_xray else 0
    assert lungs[0].start - xray_ends == 70


def test_without_an_xray_the_first_lung_step_starts_at_once():
    steps = steps_of(catalogue.find("Q_ONLY").steps, xray_lag=(0, None), skip={XRAY})
    found = next(search(Search(steps, DEPARTMENT, 0, 1440), limit=1))
    assert [(placed.step_key, placed.start) for placed in found.steps] == [(PERFUSION, 18 + 5)]
