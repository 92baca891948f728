"""A STAT order: five fields, vetted by phone, and a physician who lets it go on against the X-ray's window."""

from playwright.sync_api import expect

from tests.journeys import steps

FIELDS = ("Name", "Sex", "Clinical question", "Referrer", "Ward or emergency department")


def test_stat_from_five_fields_to_the_countersignature(sign_in, patient):
    scheduler, technologist, physician = map(sign_in, ("scheduler", "technologist", "physician"))
    order = taken(scheduler, patient)
    vetted_by_phone(scheduler)
    steps.book(scheduler, order)
    steps.check_in(technologist, patient)
    steps.confirm_xray(technologist, patient, minutes_ago=20)
    refused_with_the_sentence(technologist, patient)
    overridden_with_one_tap(physician, patient)
    goes_on(technologist, patient)
    countersigned(physician, patient)


def taken(scheduler, patient):
    scheduler.open("/orders/")
    scheduler.press("STAT order")
    form = scheduler.page.locator("#main form")
    labels = form.locator(".field__label, .fieldset__legend").all_inner_texts()
    assert len(labels) == len(FIELDS), labels
    scheduler.fill({"Name": f"{patient.family_name}, {patient.given_name}", "Ward": "Emergency, bay 3"})
    scheduler.choose("Sex", "Male")
    steps.choose_referrer(scheduler)
    scheduler.press("Take STAT order")
    scheduler.sees("STAT order taken.", "TEMP")
    return steps.order_shown(scheduler)


def vetted_by_phone(scheduler):
    section = scheduler.page.locator("#vet-by-phone")
    section.get_by_label("Physician on the phone").select_option("Ada Lund (attending, authorised user)")
    section.get_by_label("Protocol", exact=True).select_option(steps.PROTOCOL)
    section.get_by_label("Why another protocol").fill("The tracer is not available.")
    scheduler.press("Record the vetting by phone")
    scheduler.sees("Vetted by phone.", "not countersigned")


def refused_with_the_sentence(technologist, patient):
    row = steps.row_of(technologist, patient)
    expect(technologist.control("Clear dose", within=row)).to_be_disabled()
    technologist.control("scan from", within=row).click()
    technologist.sees("at least 1 h is needed. The earliest start is")
    technologist.look()


def overridden_with_one_tap(physician, patient):
    physician.open("/worklist/")
    row = steps.row_of(physician, patient)
    physician.control("scan from", within=row).click()
    physician.press("STAT: waiting would harm the patient.", within=row)
    expect(row).not_to_contain_text("scan from")


def goes_on(technologist, patient):
    technologist.open("/worklist/")
    for button, done in steps.LUNGS[:2]:
        steps.do_next(technologist, patient, button, done)


def countersigned(physician, patient):
    physician.press("Tasks")
    task = steps.row_of(physician, patient).filter(has_text="countersign the vetting")
    expect(task).to_have_count(1)
    physician.press(patient.family_name, within=task)
    physician.press("Countersign")
    physician.sees("Countersigned.")
    physician.press("Tasks")
    expect(task).to_have_count(0)
