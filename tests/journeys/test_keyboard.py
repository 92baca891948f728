"""The main pages without a mouse."""

import re

import pytest
from playwright.sync_api import expect

MOST_STOPS = 40
# Where the focus is: its place in the document and what shows that it is there; null outside the page.
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  return {
    place: [...document.querySelectorAll('*')].indexOf(at),
    name: at.outerHTML.slice(0, 120),
    isShown: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    isMarked: (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none',
  };
}"""


@pytest.mark.parametrize(
    ("username", "path"),
    [
        ("scheduler", "/orders/"),
        ("scheduler", "/patients/new/"),
        ("technologist", "/worklist/"),
        ("physician", "/reports/"),
    ],
)
def test_tab_walks_the_page_in_its_order_and_shows_where_it_is(sign_in_demo, username, path):
    page = sign_in_demo(username).page
    page.goto(path)
    page.locator("body").evaluate("body => (document.activeElement?.blur(), body.focus())")
    stops = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            break
        # Day, month and year of a date field are stops of their own within it.
        if not stops or stops[-1]["place"] != stop["place"]:
            stops.append(stop)
    assert "skip-link" in stops[0]["name"]
    assert len(stops) > 10
    places = [stop["place"] for stop in stops]
    assert places == sorted(places)
    assert [stop["name"] for stop in stops if not (stop["isShown"] and stop["isMarked"])] == []


def test_the_skip_link_leads_past_the_navigation(sign_in_demo):
    page = sign_in_demo("scheduler").page
    page.goto("/orders/stat/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#main').contains(document.activeElement)")


def test_enter_sends_the_search_for_a_patient(sign_in_demo):
    page = sign_in_demo("scheduler").page
    page.goto("/worklist/")
    surname = page.locator("tbody .person__surname").first.text_content()
    page.goto("/patients/")
    page.keyboard.press("/")
    expect(page.get_by_label("MRN, name or date of birth")).to_be_focused()
    page.keyboard.type(surname)
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Patients")).to_contain_text(surname)
    assert surname not in page.url


def test_j_and_k_walk_the_worklist_and_s_does_the_next_step_of_the_row(sign_in_demo):
    page = sign_in_demo("technologist").page
    page.goto("/worklist/?state=to-come")
    rows = page.locator("table[data-keys-table] tbody tr")
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(rows.nth(row).locator("[data-row-link]")).to_be_focused()
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile("/check-in/"))
    expect(page.get_by_role("heading", name="Check in", exact=True)).to_be_visible()


def test_back_from_an_examination_the_focus_is_on_its_row_again(sign_in_demo):
    page = sign_in_demo("technologist").page
    page.goto("/worklist/")
    links = page.locator("table[data-keys-table] tbody tr [data-row-link]")
    for _ in range(3):
        page.keyboard.press("j")
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/examination/"))
    page.wait_for_load_state()  # keys are heard when the page's modules have run
    page.keyboard.press("b")
    expect(page).to_have_url(re.compile("/worklist/"))
    page.wait_for_load_state()
    expect(links.nth(2)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(3)).to_be_focused()


def test_question_mark_lists_the_shortcuts_of_the_page(sign_in_demo):
    page = sign_in_demo("technologist").page
    page.goto("/worklist/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next row")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
