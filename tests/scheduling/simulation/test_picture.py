import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from scheduling.simulation.months import simulated
from scheduling.simulation.picture import busiest_day, svg
from scheduling.simulation.setups import DAY
from tests.scheduling.simulation.departments import small

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def months():
    return simulated(small(('name = "Small"', 'name = "Small & <busy>"')), seed=1)


@pytest.fixture(scope="module")
def picture(months):
    return ElementTree.fromstring(svg(months, busiest_day(months)))  # noqa: S314


def test_the_picture_of_a_day_is_xml_with_a_title_for_those_who_cannot_see_it(picture):
    assert re.fullmatch(r"Small & <busy>: \w+day of week 2", picture.find(f"{SVG}title").text)
    assert "patients scanned" in picture.find(f"{SVG}desc").text
    assert picture.get("aria-labelledby").split() == ["title", "about"]


def test_every_room_has_its_row_and_people_have_none(picture, months):
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {unit.name for unit in months.setup.units if unit.is_room} <= set(words)
    assert "Technologist 1" not in words
    assert "closes 17:00" in words


def test_every_use_of_a_room_on_the_day_is_a_bar_that_tells_what_it_is(picture, months):
    day = busiest_day(months)
    rooms = {unit.id for unit in months.setup.units if unit.is_room}
    bars = [
        rect for rect in picture.iter(f"{SVG}rect") if rect.findtext(f"{SVG}title", "").startswith("Patient")
    ]
    assert len(bars) == sum(1 for use in months.uses if use.unit in rooms and use.begins // DAY == day)
    assert all(float(bar.get("width")) > 0 for bar in bars)


def test_nothing_is_drawn_outside_the_picture(picture):
    width, height = float(picture.get("width")), float(picture.get("height"))
    for rect in picture.iter(f"{SVG}rect"):
        assert 0 <= float(rect.get("x", 0)) <= float(rect.get("x", 0)) + float(rect.get("width")) <= width
        assert 0 <= float(rect.get("y", 0)) <= float(rect.get("y", 0)) + float(rect.get("height")) <= height


def test_the_picture_holds_no_style_or_script_that_a_strict_policy_would_refuse(picture):
    assert not [
        each for each in picture.iter() if each.get("style") or each.tag in (f"{SVG}style", f"{SVG}script")
    ]


def test_a_day_without_patients_is_a_picture_too(months):
    sunday = ElementTree.fromstring(svg(replace(months, uses=(), outages=()), 6))  # noqa: S314
    assert sunday.find(f"{SVG}title").text.endswith("Sunday of week 1")
