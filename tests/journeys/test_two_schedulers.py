"""One time, wanted twice: by two schedulers, or by one who presses twice."""

import psycopg
import pytest

from tests.journeys import steps
from tests.journeys.invented import invent


def test_the_slower_scheduler_reads_who_was_faster_and_books_the_next_choice(sign_in, waiting):
    faster, slower = sign_in("scheduler"), sign_in("scheduler2")
    orders = waiting(invent(), invent(), agent="xe133")  # which one room only may breathe out
    for scheduler, order in zip((faster, slower), orders, strict=True):
        scheduler.open(f"/orders/{order}/search/")
    offered = [steps.best(scheduler).locator(".option__when").inner_text() for scheduler in (faster, slower)]
    assert offered[0] == offered[1]
    faster.press("Book", within=steps.best(faster))
    faster.sees("Booked.")
    slower.press("Book", within=steps.best(slower))
    slower.sees("Not booked", "Sam Keel was faster")
    slower.look()
    slower.press("Book", within=steps.best(slower))
    slower.sees("Booked.")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_on_book_books_once(sign_in, waiting, stack, scripts):
    scheduler = sign_in("scheduler", java_script_enabled=scripts)
    [order] = waiting(invent())
    scheduler.open(f"/orders/{order}/search/")
    scheduler.control("Book", within=steps.best(scheduler)).dblclick()
    scheduler.sees("Booked.")
    with psycopg.connect(stack.env["DATABASE_URL"]) as connection:
        booked = connection.execute(
            "SELECT count(*) FROM scheduling_appointment JOIN scheduling_requestedprocedure p ON p.id = procedure_id"
            " WHERE order_id = %s",
            [order],
        )
        assert booked.fetchone() == (1,)
