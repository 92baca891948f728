"""A physician reads a scan on the map, by each scheme: presses, keys, the suggestion, and what is kept."""

import json

import pytest
from playwright.sync_api import expect

from tests.journeys.invented import invent
from tests.journeys.screen import Person, begins

PLANAR, PERFUSION, SPECT = ("V_THEN_Q", "dtpa"), ("Q_ONLY", ""), ("V_THEN_Q", "technegas")


@pytest.fixture
def run(stack, harbour):
    """Run a function of readinglist.py in the stack; what it printed."""

    def inside(call):
        code = f"from tests.journeys import readinglist; readinglist.{call}"
        return stack.manage("shell", "--no-imports", "-c", code)

    return inside


@pytest.fixture
def to_read(run):
    """An examination by this protocol that waits for a reader: the number of its order."""

    def waiting(protocol):
        key, agent = protocol
        return int(run(f"to_read({key!r}, {agent!r}, **{invent().as_fields()!r})"))

    return waiting


@pytest.fixture
def kept(run):
    return lambda order: json.loads(run(f"kept({order})"))


def segment(person: Person, view: str, code: str):
    return person.page.locator(f'[data-map-view="{view}"] [data-segment="{code}"]')


def keys(person: Person, *pressed: str) -> None:
    for key in pressed:
        person.page.keyboard.press(key)


def reading(sign_in, order: int, **options) -> Person:
    physician = sign_in("physician", **options)
    physician.open(f"/reports/{order}/")
    return physician


def scheme(person: Person, key: str) -> None:
    person.page.get_by_label("Scheme", exact=True).select_option(key)


def suggested(person: Person, label: str) -> None:
    expect(person.page.locator("#suggestion")).to_contain_text(f"The criteria suggest: {label}")


def accepted(person: Person, label: str) -> None:
    """The suggestion is taken with a key, and the draft saves itself."""
    person.page.locator("#suggestion").scroll_into_view_if_needed()
    keys(person, "a")
    expect(person.page.get_by_role("radio", name=begins(label))).to_be_checked()
    expect(person.page.locator("[data-autosave-state]")).to_contain_text("Saved", timeout=15_000)


def test_a_normal_study_is_read_with_two_keys(sign_in, to_read, kept):
    order = to_read(PLANAR)
    physician = reading(sign_in, order)
    scheme(physician, "MOD_PIOPED_II")
    physician.page.locator("h1").click()  # the focus is in no field
    keys(physician, "n")
    suggested(physician, "Normal")
    accepted(physician, "Normal")
    report = kept(order)
    assert (report["category"], report["suggested"]) == ("normal", "normal")
    assert len(report["reading"]["segments"]) == 18


def test_mismatches_of_pioped_are_pressed_and_counted(sign_in, to_read, kept):
    order = to_read(PLANAR)
    physician = reading(sign_in, order)
    scheme(physician, "PIOPED_I")
    segment(physician, "posterior", "RB9").click()
    segment(physician, "posterior", "LB10").click()
    keys(physician, "n")
    suggested(physician, "High probability")
    expect(physician.page.locator("[data-map-counts]")).to_contain_text("2 segment equivalents mismatched")
    expect(segment(physician, "right_lateral", "RB9")).to_have_attribute("data-mark", "mismatch")
    accepted(physician, "High probability")
    found = kept(order)
    assert found["category"] == "high_probability"
    assert found["reading"]["segments"]["RB9"] == {
        "perfusion": "large",
        "ventilation": "normal",
        "xray": "clear",
    }


def test_modified_pioped_without_ventilation_asks_for_the_x_ray_only(sign_in, to_read, kept):
    order = to_read(PERFUSION)
    physician = reading(sign_in, order)
    scheme(physician, "MOD_PIOPED_II_Q")
    segment(physician, "posterior", "RB10").click()
    segment(physician, "posterior", "RB9").click()
    keys(physician, "n")
    suggested(physician, "PE present")
    accepted(physician, "PE present")
    assert "ventilation" not in kept(order)["reading"]["segments"]["RB1"]


def test_a_wedge_of_pisaped_is_one_key(sign_in, to_read, kept):
    order = to_read(PERFUSION)
    physician = reading(sign_in, order)
    scheme(physician, "PISAPED")
    segment(physician, "left_lateral", "LB9").click()
    keys(physician, "2", "w", "n")
    suggested(physician, "PE present")
    accepted(physician, "PE present")
    assert kept(order)["reading"]["segments"]["LB9"]["wedge"] is True


def test_spect_is_read_by_the_scheme_for_spect(sign_in, to_read, kept):
    order = to_read(SPECT)
    physician = reading(sign_in, order)
    scheme(physician, "EANM_SPECT")
    segment(physician, "rpo", "RB10").click()
    keys(physician, "w", "n")
    suggested(physician, "PE present")
    accepted(physician, "PE present")
    assert kept(order)["suggested"] == "pe_present"


def test_matched_defects_are_not_an_embolism_in_the_trinary_scheme(sign_in, to_read, kept):
    order = to_read(PLANAR)
    physician = reading(sign_in, order)
    scheme(physician, "TRINARY")
    segment(physician, "anterior", "LB3").click()
    keys(physician, "1", "v", "v", "v", "n")  # small, and ventilation normal, changed less, matched
    suggested(physician, "No evidence of PE")
    accepted(physician, "No evidence of PE")


def test_the_map_is_walked_with_the_keyboard_and_every_press_can_be_taken_back(sign_in, to_read, kept):
    order = to_read(PLANAR)
    physician = reading(sign_in, order)
    page = physician.page
    board, said = page.locator("[data-map-board]"), page.locator("[data-map-said]")
    page.locator("h1").click()
    keys(physician, "m")
    expect(board).to_be_focused()
    keys(physician, "ArrowDown", "ArrowDown", "3")
    expect(said).to_contain_text("perfusion large")
    code = said.inner_text().split(",")[0]
    field = page.locator(f'select[name="q-{code}"]')
    expect(field).to_have_value("large")
    keys(physician, "1")
    expect(field).to_have_value("small")
    keys(physician, "Control+z")
    expect(field).to_have_value("large")
    keys(physician, "Control+z")
    expect(field).to_have_value("")
    keys(physician, "Control+Shift+z")
    expect(field).to_have_value("large")
    keys(physician, "l", "2")
    expect(said).to_contain_text("segments")
    assert page.locator('[data-map-view="anterior"] [data-q="moderate"][data-segment]').count() > 1


def test_the_table_and_the_drawing_are_one(sign_in, to_read):
    physician = reading(sign_in, to_read(PLANAR))
    page = physician.page
    page.get_by_text("As a table", exact=True).click()
    page.get_by_label("Perfusion, LB6", exact=True).select_option("moderate")
    expect(segment(physician, "posterior", "LB6")).to_have_attribute("data-q", "moderate")
    segment(physician, "left_lateral", "LB6").click()
    expect(page.get_by_label("Perfusion, LB6", exact=True)).to_have_value("small")
    physician.look()


@pytest.mark.parametrize("scheme_of_colours", ["light", "dark"])
def test_a_map_with_every_mark_is_judged_in_both_themes(sign_in, to_read, scheme_of_colours):
    physician = reading(sign_in, to_read(PLANAR), color_scheme=scheme_of_colours)
    for code, pressed in {
        "RB9": "3",
        "RB2": "1",
        "LB10": "2",
        "LB6": "3vvv",
        "RB6": "0vvv",
        "RB10": "0xx",
    }.items():
        segment(physician, "posterior", code).click()
        keys(physician, *pressed)
    expect(segment(physician, "posterior", "RB6")).to_have_attribute("data-mark", "ventilation")
    keys(physician, "n")
    expect(segment(physician, "posterior", "RB9")).to_have_attribute("data-mark", "mismatch")
    physician.look()


def test_the_map_is_filled_in_without_javascript(sign_in, to_read, kept):
    order = to_read(PLANAR)
    physician = reading(sign_in, order, java_script_enabled=False)
    page = physician.page
    page.get_by_text("As a table", exact=True).click()
    page.get_by_label("Perfusion, RB9", exact=True).select_option("large")
    physician.press("Whatever is not assessed is normal")
    found = kept(order)["reading"]["segments"]
    assert (found["RB9"]["perfusion"], found["LB1+2"]["perfusion"]) == ("large", "normal")
