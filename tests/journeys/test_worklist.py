"""The technologists' list: a problem is reported and closed by one press each, and two never do one step twice."""

from playwright.sync_api import expect

from tests.journeys import steps
from tests.journeys.invented import invent


def placed(sign_in, waiting):
    """A patient who is booked for today, and how the patient is called."""
    patient = invent()
    [order] = waiting(patient)
    scheduler = sign_in("scheduler")
    steps.book(scheduler, order)
    return patient


def test_list_needs_no_scrolling_sideways_at_a_desk(sign_in_demo):
    technologist = sign_in_demo("technologist")
    technologist.open("/worklist/")
    wide = "list => [list.scrollWidth - list.clientWidth, list.querySelectorAll('tbody tr').length > 10]"
    assert technologist.page.locator("#worklist-scroll").evaluate(wide) == [0, True]


def test_a_screen_of_1080_lines_shows_25_rows(sign_in_demo):
    technologist = sign_in_demo("technologist", viewport={"width": 1920, "height": 1080})
    technologist.open("/worklist/")
    first, second = (
        technologist.page.locator("#worklist tbody tr").nth(each).bounding_box() for each in (0, 1)
    )
    banner = technologist.page.locator(".site-banner").first.bounding_box()["height"]
    row = second["y"] - first["y"]
    assert 33 <= row <= 36
    assert (1080 - (first["y"] - banner)) // row >= 25


def test_problem_makes_the_row_pending_until_somebody_closes_it(sign_in, waiting):
    patient, technologist = placed(sign_in, waiting), sign_in("technologist")
    technologist.open("/worklist/")
    row = steps.row_of(technologist, patient)
    row.get_by_role("link", name="Problem with").click()
    technologist.look()
    technologist.page.get_by_role("button", name="No IV access").click()
    technologist.sees(f"{patient.family_name}: Pending: No IV access")
    expect(row).to_contain_text("Pending")
    row.get_by_role("button", name="No IV access").click()
    technologist.look()
    technologist.page.get_by_role("button", name="IV access is there.").click()
    technologist.sees("Problem closed: No IV access")
    expect(row).not_to_contain_text("Pending")
    technologist.page.get_by_role("button", name="Undo").click()
    expect(row).to_contain_text("Pending")


def test_press_of_the_slower_one_of_two_is_answered_with_the_reason(sign_in, waiting):
    patient = placed(sign_in, waiting)
    faster, slower = sign_in("technologist"), sign_in("technologist", fresh=True)
    for each in (faster, slower):
        each.open("/worklist/")
    for each in (faster, slower):
        steps.row_of(each, patient).get_by_role("link", name="Problem with").click()
    faster.page.get_by_role("button", name="Patient unwell").click()
    faster.sees("Pending: Patient unwell")
    slower.page.get_by_role("button", name="Patient unwell").click()
    slower.sees("Patient unwell is reported already; see to that one.")
    # Within five seconds the other list shows it too.
    expect(steps.row_of(slower, patient)).to_contain_text("Pending", timeout=10_000)


def test_without_scripts_the_problem_has_a_page_of_its_own(sign_in, waiting):
    patient, technologist = placed(sign_in, waiting), sign_in("technologist", java_script_enabled=False)
    technologist.open("/worklist/")
    technologist.press("Problem with", within=steps.row_of(technologist, patient))
    technologist.page.get_by_label("Patient refuses", exact=True).check()
    technologist.press("Report the problem")
    technologist.sees("Pending: Patient refuses")


def test_person_keeps_a_view_and_works_with_gloves(sign_in, waiting):
    placed(sign_in, waiting)
    technologist = sign_in("technologist", viewport={"width": 820, "height": 1180})
    technologist.open("/worklist/?state=to-come")
    page = technologist.page
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Keep what is shown now as").fill("Who comes")
    technologist.press("Save the view")
    technologist.open("/worklist/")
    page.get_by_role("button", name="Views").click()
    technologist.press("Who comes")
    expect(page.locator(".tabs [aria-current]")).to_contain_text("To come")
    page.locator("[popovertarget=user-menu]").click()
    technologist.press("Comfortable")
    technologist.look()
    heights = page.locator("#worklist tbody .button:visible").evaluate_all(
        "found => found.map(each => Math.round(each.getBoundingClientRect().height))"
    )
    assert heights
    assert min(heights) >= 44
    page.locator("[popovertarget=user-menu]").click()
    technologist.press("Compact")
    technologist.open("/worklist/preparation/")
    technologist.look()
