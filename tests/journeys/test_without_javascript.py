"""Everything that a visit needs works without scripts."""

from tests.journeys import steps


def test_order_booking_and_examination_without_javascript(sign_in, patient):
    scheduler, physician, technologist = (
        sign_in(role, java_script_enabled=False) for role in ("scheduler", "physician", "technologist")
    )
    steps.register(scheduler, patient)
    steps.request(scheduler)
    order = steps.save_order(scheduler)
    steps.vet(physician, order)
    steps.book(scheduler, order)
    steps.check_in(technologist, patient)
    steps.confirm_xray(technologist, patient, minutes_ago=120)
    steps.examine(technologist, patient)
