"""Delay moves through the day: on the board, in the waiting room without a name, and in the plan afterwards."""

import re

from playwright.sync_api import expect

from tests.journeys.screen import DESK, PHONE

TELEVISION = {"width": 1920, "height": 1080}


def test_the_board_tells_what_will_not_work_out_and_leads_to_its_repair(sign_in_demo, tmp_path):
    person = sign_in_demo("scheduler")
    person.open("/board/")
    person.look()
    # The demonstration's morning is never quite in time: somebody is due and not here.
    ahead = person.page.locator("#board-ahead")
    expect(ahead.locator("tbody tr").first).to_be_visible()
    expect(person.page.locator(".board-alert")).to_contain_text("the plan will not work out")
    person.page.screenshot(path=tmp_path / "board.png", full_page=True)
    ahead.get_by_role("link", name=re.compile("Repair…|Move…")).first.click()
    expect(person.page.locator("h1, dialog[open] h2").first).to_be_visible()
    person.look()


def test_the_waiting_room_reads_no_name_and_goes_on_while_the_session_is_locked(sign_in_demo, tmp_path):
    person = sign_in_demo("scheduler")
    person.open("/board/")
    surnames = set(person.page.locator("#board-table .person__surname").all_text_contents())
    assert surnames
    person.open("/front-desk/")
    for size, viewport in {"tv": TELEVISION, "desk": DESK, "phone": PHONE}.items():
        person.page.set_viewport_size(viewport)
        assert not person.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        person.page.screenshot(path=tmp_path / f"front-desk-{size}.png")
        person.look()
    shown = person.page.locator("#screen").inner_text()
    assert [name for name in surnames if name in shown and len(name) > 1] == []
    other = person.page.context.new_page()
    other.goto("/board/")
    other.get_by_role("button", name="Lock").first.click()
    expect(other.locator("#lock-dialog")).to_be_visible()
    person.page.reload()
    expect(person.page.locator("#screen h1")).to_contain_text("waiting times")
    other.goto("/orders/")
    expect(other).to_have_url(re.compile("/lock/"))


def test_measured_durations_are_adopted_with_one_press(sign_in_demo, tmp_path):
    lead = sign_in_demo("lead")
    lead.open("/department/durations/")
    lead.look()
    panel = lead.page.locator(".durations", has=lead.page.get_by_role("button", name="Adopt")).first
    name = panel.locator("h2").inner_text()
    panel.get_by_role("combobox").first.select_option(value="most")
    panel.get_by_role("button", name="Adopt").click()
    lead.sees(f"{name}: saved.")
    lead.page.screenshot(path=tmp_path / "durations.png", full_page=True)
    lead.press(name)
    lead.sees("Withdraw")
