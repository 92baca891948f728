"""A dose from the vial to the patient: out of range, thrown away, measured again, and found by its label's code."""

import re

from playwright.sync_api import expect

from tests.journeys.conftest import inside


def test_dose_out_of_range_is_refused_and_the_right_one_is_given_by_its_codes(sign_in_demo, stack):
    technologist = sign_in_demo("technologist")
    page = technologist.page
    technologist.open("/worklist/")
    page.get_by_role("link", name="Measure dose").first.click()
    technologist.sees("Measure the dose", "may be given.")
    technologist.look()
    prescribed = float(re.search(r"Prescribed ([\d,.]+) MBq", page.content())[1].replace(",", ""))
    page.locator("input[name=batch]").first.check()
    technologist.fill({"Measured activity (MBq)": str(round(prescribed * 0.7, 1))})
    technologist.press("Record the dose")
    technologist.sees("Dose measured")
    number = re.search(r"exam-([0-9a-f-]{36})", page.url)[1]
    technologist.open(f"/appointments/{number}/examination/")
    technologist.sees("Not to be given", "30 % less than the prescribed")
    technologist.look()
    page.locator("#doses").get_by_role("link", name="Discard…").first.click()
    technologist.press("Not as prescribed.")
    technologist.sees("Dose discarded")
    page.locator("#doses").get_by_role("link", name="Measure the dose…").first.click()
    page.locator("input[name=batch]").first.check()
    technologist.fill({"Measured activity (MBq)": str(prescribed)})
    technologist.press("Record the dose")
    technologist.sees("Measured")
    wristband, label, other = inside(stack, f"codes({number!r})").split()
    page.locator("#doses").get_by_role("link", name="Give…").first.click()
    technologist.look()
    page.get_by_label("Scan wristband and label").fill(other)
    page.get_by_role("button", name=re.compile("now$")).click()
    technologist.sees("This wristband is another patient's. Do not inject.")
    technologist.open("/worklist/")
    page.keyboard.type(wristband)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/appointments/{number}/examination/"))
    page.locator("#doses").get_by_role("link", name="Give…").first.click()
    page.get_by_label("Scan wristband and label").fill(f"{wristband} {label}")
    page.get_by_role("button", name=re.compile("now$")).click()
    technologist.sees("Dose given")
    expect(page.locator("#doses")).to_contain_text("Given")


def test_code_that_was_read_wrongly_finds_nobody(sign_in_demo):
    technologist = sign_in_demo("technologist")
    technologist.open("/scan/")
    technologist.fill({"Scan": "P:12:0"})
    technologist.press("Find")
    technologist.sees("This code was not read rightly. Scan it again.")
    technologist.look()
