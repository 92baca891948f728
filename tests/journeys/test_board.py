"""The board in the desk's hands: dragged, carried by keys, undone, kept current, and readable without any of it."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.invented import invent
from tests.journeys.screen import DESK, PHONE

PATIENTS = 3
WITHIN_MS = 5_000
TOAST, REFUSAL = "#toasts", "#board-refusal"


@pytest.fixture
def morning(stack, harbour):
    """Patients that are booked today; gone again at the end."""
    patients = [invent() for _ in range(PATIENTS)]
    fields = [each.as_fields() for each in patients]
    code = f"from tests.journeys import brokenday; brokenday.booked(*{fields!r})"
    stack.manage("shell", "--no-imports", "-c", code)
    yield patients
    over = "from tests.journeys import brokenday; brokenday.over()"
    stack.manage("shell", "--no-imports", "-c", over)


def board_of(person):
    person.open("/board/")
    expect(person.page.locator("#board-info")).to_contain_text("Point at an examination")
    return person.page


def block(page, patient, kind):
    """The block of a step in its room, not in its bay."""
    rooms = page.locator(f'[data-room="1"] .step--{kind}[data-step]:not(.is-bay)')
    return rooms.filter(has=page.locator(f'xpath=self::*[contains(@aria-label, "{patient.family_name}")]'))


def at(step):
    return int(step.get_attribute("data-at"))


def drag(page, step, *, minutes):
    """Take a block in its middle and drop it so many minutes away."""
    step.evaluate("block => block.scrollIntoView({block: 'center', inline: 'nearest'})")
    box = step.locator(".step__box").bounding_box()
    length = int(step.get_attribute("data-end")) - int(step.get_attribute("data-start"))
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 9, y, steps=2)
    page.mouse.move(x + minutes * box["width"] / length, y, steps=4)
    expect(page.locator(".board-ghost")).to_be_visible()
    page.mouse.up()


def test_a_drop_is_checked_taken_and_undone(sign_in, morning):
    scheduler = sign_in("scheduler")
    page = board_of(scheduler)
    step = block(page, morning[0], "perfusion")
    before = at(step)
    drag(page, step, minutes=5)
    expect(page.locator(TOAST)).to_contain_text("Perfusion moved to")
    expect(page.locator(".board-ghost")).to_have_count(0)
    assert 0 < at(step) - before <= 10
    page.keyboard.press("u")
    expect(page.locator(TOAST)).to_contain_text("Taken back.")
    assert at(step) == before


def test_a_refused_drop_flies_back_with_the_sentence_and_other_times(sign_in, morning):
    scheduler = sign_in("scheduler")
    page = board_of(scheduler)
    step = block(page, morning[0], "ventilation")
    before = at(step)
    drag(page, step, minutes=60)
    expect(page.locator(REFUSAL)).to_contain_text("perfusion")
    expect(page.locator(".board-ghost")).to_have_count(0)
    assert at(step) == before
    scheduler.look()
    offered = page.locator(f"{REFUSAL} button", has_text=re.compile("whole visit|Nearest after"))
    offered.first.click()
    expect(page.locator(TOAST)).to_contain_text("Moved to")
    expect(page.locator(REFUSAL)).to_be_empty()


def test_the_same_with_keys_alone(sign_in, morning):
    page = board_of(sign_in("scheduler"))
    step = block(page, morning[-1], "perfusion")
    step.focus()
    expect(page.locator("#board-info")).to_contain_text(re.compile(morning[-1].family_name, re.IGNORECASE))
    expect(page.locator("#board-joins .join")).not_to_have_count(0)
    before = at(step)
    for key in ("m", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator("#board-says")).to_contain_text(re.compile(r"\d\d:\d\d, "))
    page.keyboard.press("Escape")
    expect(page.locator(".board-ghost")).to_have_count(0)
    assert at(step) == before
    for key in ("m", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    expect(page.locator(TOAST)).to_contain_text("Perfusion moved to")
    assert at(step) == before + 5
    expect(step).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#board [data-item]:focus")).to_have_count(1)


def test_anothers_change_comes_while_a_card_is_open_and_the_focus_stays(sign_in, morning):
    page = board_of(sign_in("scheduler"))
    watched, moved = (block(page, each, "perfusion") for each in (morning[0], morning[-1]))
    watched.locator(".step__box").click()
    card = page.locator("#board-card")
    expect(card).to_be_visible()
    expect(card.get_by_role("link", name="Open")).to_be_focused()
    before = at(moved)
    colleague = board_of(sign_in("scheduler2"))
    other = block(colleague, morning[-1], "perfusion")
    other.focus()
    for key in ("m", "ArrowRight", "Enter"):
        colleague.keyboard.press(key)
    expect(colleague.locator(TOAST)).to_contain_text("Perfusion moved to")
    expect(moved).to_have_attribute("data-at", str(before + 5), timeout=WITHIN_MS)
    expect(card).to_be_visible()
    expect(card.get_by_role("link", name="Open")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()


def test_the_dialog_offers_other_times_each_by_one_press(sign_in, morning):
    scheduler = sign_in("scheduler")
    page = board_of(scheduler)
    step = block(page, morning[2], "perfusion")
    before = at(step)
    page.locator("#board-table tr", has_text=morning[2].family_name).get_by_role("link", name="Move").click()
    dialog = page.locator("#board-dialog")
    expect(dialog.get_by_role("button", name=re.compile("X ..:..")).first).to_be_visible()
    scheduler.look()
    dialog.get_by_role("button", name=re.compile("X ..:..")).first.click()
    expect(page.locator(TOAST)).to_contain_text("Moved to")
    expect(dialog).to_be_hidden()
    page.keyboard.press("u")
    expect(page.locator(TOAST)).to_contain_text("Taken back.")
    assert at(step) == before


def test_a_free_stretch_asks_the_waitlist_and_a_row_reports_what_broke(sign_in, morning):
    scheduler = sign_in("scheduler")
    page = board_of(scheduler)
    page.locator("[data-gap]").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#board-fits [data-summary]")).to_contain_text("is free on")
    camera = page.get_by_role("button", name="Camera 1", exact=True)
    camera.click()
    page.get_by_role("link", name="Failed its quality control").click()
    expect(page.get_by_label("Room").locator("option:checked")).to_have_text("Camera 1")


def test_the_table_says_it_all_without_javascript(sign_in, morning):
    person = sign_in("scheduler", java_script_enabled=False)
    person.open("/board/")
    for patient in morning:
        row = person.page.locator("#board-table tr", has_text=patient.family_name)
        expect(row).to_contain_text("Camera")
    person.press("Move", within=person.page.locator("#board-table tr", has_text=morning[0].family_name))
    assert "/move/" in person.page.url


@pytest.mark.parametrize("address", ["/board/", "/board/?view=week"])
def test_it_keeps_to_the_screen_and_to_the_rules(sign_in, morning, address):
    person = sign_in("scheduler")
    for size, viewport in {"1440": DESK, "720": {"width": 720, "height": 450}, "390": PHONE}.items():
        person.page.set_viewport_size(viewport)
        for theme in ("light", "dark"):
            person.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            person.page.goto(address)
            person.look(colours_alone=theme == "dark")
        assert not person.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        expect(person.page.locator("#board-scroll")).to_be_visible(visible=size != "390")
    person.page.emulate_media(forced_colors="active")
    person.page.set_viewport_size(DESK)
    assert not person.page.evaluate("document.documentElement.scrollWidth > innerWidth")
