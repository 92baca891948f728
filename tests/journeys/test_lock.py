"""The idle lock: nothing to see for those who pass by, nothing lost for the one who comes back."""

from playwright.sync_api import expect

from tests.journeys.clinic import PASSWORD
from tests.journeys.conftest import inside

TYPED = "Quillhalfway"
IDLE_MINUTES = 15


def test_idle_page_is_hidden_and_gives_back_what_was_typed(sign_in):
    person = sign_in("scheduler2", fresh=True)
    page = person.page
    page.clock.install()
    person.open("/patients/new/")
    person.fill({"Surname": TYPED})
    with page.expect_response("**/lock/"):
        page.clock.fast_forward(IDLE_MINUTES * 60_000 + 2_000)
    dialog = page.get_by_role("dialog", name="Locked")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Surname")).to_be_hidden()
    expect(page).to_have_title("Locked")
    person.look()
    assert "/lock/" in page.context.request.get("/patients/").url
    person.fill({"Password": "not-my-password"})
    person.control("Unlock").click()
    person.sees("This is not your password.")
    person.fill({"Password": PASSWORD})
    person.control("Unlock").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Surname")).to_have_value(TYPED)
    assert page.context.request.get("/patients/").url.endswith("/patients/")


def test_polling_does_not_keep_a_session_alive(sign_in, stack):
    person = sign_in("technologist", fresh=True)
    page = person.page
    person.open("/worklist/")
    key = next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "vqflow_session")
    inside(stack, f"idle_for({key!r}, {IDLE_MINUTES * 60 - 12})")
    with page.expect_response(lambda answer: "/worklist/rows/" in answer.url and answer.ok):
        pass
    with page.expect_response(lambda answer: "/worklist/rows/" in answer.url and answer.status == 423):
        pass
    expect(page.get_by_role("dialog", name="Locked")).to_be_visible()
