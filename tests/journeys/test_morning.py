"""The morning: a room is checked before its first use, gas escapes and clears, and what went wrong is reviewed."""

from datetime import UTC, datetime

from playwright.sync_api import expect

ROOM = "Gas room M"  # of this journey alone: nobody else waits for its checks


def test_an_incident_is_written_down_where_it_happens(sign_in):
    technologist, lead = sign_in("technologist"), sign_in("lead")
    technologist.open("/morning/")
    technologist.press("Report an incident")
    technologist.choose("What kind", "Contamination")
    technologist.fill({"What happened": "Aerosol at the mask, floor wiped twice."})
    technologist.press("Record")
    technologist.sees("Contamination recorded. The lead looks at it.")
    lead.open("/incidents/")
    lead.sees("Aerosol at the mask")


def test_a_gas_room_is_checked_evacuated_and_opened_again(sign_in):
    lead, technologist = sign_in("lead"), sign_in("technologist")
    lead.open("/department/rooms/new/")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for use in ("Ventilation", "Negative pressure"):
        lead.page.get_by_label(use, exact=True).check()
    lead.fill({"Name": ROOM, "Volume": "60", "Exhaust (m³": "600", "Exhaust measured on": today})
    lead.press("Enter the room")
    lead.open("/department/checks/new/")
    lead.page.get_by_label("What", exact=True).select_option("Negative pressure")
    lead.page.get_by_label("Room").select_option(ROOM)
    lead.press("Enter the check")
    lead.sees("gates what it checks", ROOM)

    technologist.open("/morning/")
    row = technologist.page.get_by_role("row").filter(has_text="Negative pressure")
    expect(row).to_contain_text("To do")
    technologist.press("Passed", within=row)
    technologist.sees(f"{ROOM}, negative pressure check: passed.")
    expect(row).to_contain_text("Done")

    gas = (
        technologist.page.get_by_role("region", name="Rooms for gas").get_by_role("row").filter(has_text=ROOM)
    )
    expect(gas).to_contain_text("22 min")
    technologist.press("Gas escaped", within=gas)
    technologist.press("Evacuate")
    alarm = technologist.page.get_by_role("alert").filter(has_text="is evacuated until")
    expect(alarm).to_contain_text("Nobody goes in")
    expect(alarm.locator("[data-countdown]")).to_contain_text("left")
    technologist.press("Measured: it is clear")
    technologist.fill({"What was measured": "Survey meter: background."})
    technologist.press("Open the room")
    technologist.sees(f"{ROOM} is open again.")

    lead.open("/incidents/")
    lead.press("Gas escaped or spilled")
    lead.fill({"What follows from it": "Mask seals are changed every month."})
    lead.press("Reviewed")
    lead.sees("reviewed.")
