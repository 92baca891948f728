"""After the scan: the reader and the technologist at two screens, until the patient goes home."""

from django.utils import translation
from django.utils.translation import gettext
from playwright.sync_api import expect

# The lists ask every four seconds, on a machine that does other things too.
WITHIN_MS = 15_000


def test_a_reader_asks_for_views_and_lets_the_patient_go(sign_in_demo):
    reader, technologist = sign_in_demo("physician"), sign_in_demo("technologist")
    reader.open("/reports/")
    reader.sees("wait for what you say")
    reader.press("Look at the pictures and release")
    number = reader.page.locator("tbody tr").first.get_attribute("id")
    row = reader.page.locator(f"#{number}")
    examination = row.locator("[data-row-link]").get_attribute("href")
    technologist.open(examination)
    technologist.sees("Awaiting release")
    reader.press("More views", within=row)
    reader.page.get_by_label("More views").check()
    reader.page.get_by_label("Right posterior oblique").check()
    reader.press("Save")
    reader.sees("More views, not taken yet")
    asked = technologist.page.get_by_text("Right posterior oblique").first
    expect(asked).to_be_visible(timeout=WITHIN_MS)
    technologist.control("The views are taken").click()  # the page stays where it is
    expect(reader.page.get_by_text("More views, not taken yet")).to_have_count(0, timeout=WITHIN_MS)
    reader.press("May go home", within=row)
    expect(row).to_have_count(0)
    released = technologist.page.get_by_text("May go home").first
    expect(released).to_be_visible(timeout=WITHIN_MS)
    technologist.open(f"{examination.replace('examination', 'hand-over')}?next={examination}")
    technologist.sees("What the reader needs")
    technologist.fill({"Notes for the reader": "Coughed during the last view."})
    technologist.press("Hand over")
    technologist.sees("Handed over to the reader")
    technologist.press("Aftercare sheet")
    # Whoever comes first in the list: the sheet is in their language.
    with translation.override(technologist.page.get_by_label("The sheet").get_attribute("lang")):
        technologist.sees(gettext("After your scan"), gettext("Get help at once"))
