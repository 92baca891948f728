"""The board: its days, what is dropped on it and taken back, and who of the waitlist would fit a free stretch."""

from datetime import timedelta

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from scheduling import boards, worklist
from scheduling.api.booking import TAKEN, other_times, with_alternatives
from scheduling.api.details import appointment_answer, said_of
from scheduling.api.site import SiteOperation
from scheduling.api.waitlist import CANNOT_WAIT, entry_answer
from scheduling.engine.calendars import to_minute
from scheduling.serializers.appointments import AppointmentOut
from scheduling.serializers.board import (
    BoardOut,
    BoardQuery,
    DropIn,
    DroppedOut,
    FillIn,
    GapOut,
    GapQuery,
    TakeBackIn,
)
from scheduling.serializers.waitlist import EntryOut
from scheduling.services import access, drops
from scheduling.services.drops import Former
from scheduling.services.waitlist import gaps
from vqflow.api.fields import body, query
from vqflow.errors import Conflict


class Board(SiteOperation):
    actions = {"GET": "board.view"}

    @extend_schema(
        operation_id="board_get",
        summary="The rooms and people of a day or a week, with all that takes their time",
        parameters=[BoardQuery],
        responses=BoardOut,
    )
    def get(self, request):
        asked, now = query(BoardQuery, request), timezone.now()
        is_week, day = asked["view"] == "week", asked.get("day") or worklist.today(self.site, now)
        first, days = (boards.of_week(day), boards.DAYS_OF_WEEK) if is_week else (day, 1)
        version = boards.version(self.site, first, days, now=now)
        found = boards.board(self.site, first, days, now=now)
        access.listed("board.api", found.patients, by=request.user, action="board.view")
        answer = {
            "first_day": first,
            "last_day": first + timedelta(days=days - 1),
            "version": version,
            "rows": found.rows,
            "appointments": found.visits,
            "tracers": found.batches,
            "ahead": found.ahead,
        }
        return Response(BoardOut(answer).data)


class Drop(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="steps_drop",
        summary="Move one step, or its whole visit, in time or to another room or person; 409 says why not",
        request=DropIn,
        responses={200: DroppedOut, **TAKEN},
    )
    def post(self, request, pk):
        step = access.step(pk, by=request.user, action="appointment.move")
        values = body(DropIn, request)
        try:
            moved, former = drops.drop(step, **values, by=request.user, now=timezone.now())
        except Conflict as refusal:
            find = other_times(step.appointment, request.user)
            raise with_alternatives(refusal, {"wanted": values["starts_at"]}, find) from refusal
        row = worklist.row(worklist.examinations().get(pk=moved.pk), timezone.now())
        return Response(DroppedOut({"appointment": row, "former": former}, context=said_of(row)).data)


class TakeBack(SiteOperation):
    actions = {"POST": "appointment.move"}

    @extend_schema(
        operation_id="appointments_take_back",
        summary="Put an appointment back where it stood before a drop; 409 when its place was taken since",
        request=TakeBackIn,
        responses={200: AppointmentOut, **TAKEN},
    )
    def post(self, request, pk):
        found = access.appointment(pk, by=request.user, action="appointment.move")
        former = Former(pk, **body(TakeBackIn, request))
        drops.take_back(former, found, by=request.user, now=timezone.now())
        return appointment_answer(pk)


class Gap(SiteOperation):
    actions = {"GET": "waitlist.view"}

    @extend_schema(
        operation_id="board_gap",
        summary="Who of those that wait would fit a free stretch of a room",
        parameters=[GapQuery],
        responses=GapOut,
    )
    def get(self, request):
        asked = query(GapQuery, request)
        start, end = to_minute(asked["starts_at"]), to_minute(asked["ends_at"])
        fits = gaps.fitting(asked["room"], start, end, by=request.user, now=timezone.now())
        for fit in fits:
            fit.entry.open_offers = []
        patients = [fit.entry.order.patient_id for fit in fits]
        access.listed("board.gap.api", patients, by=request.user, action="waitlist.view")
        return Response(GapOut({"fits": fits}).data)


class Offering(SiteOperation):
    actions = {"POST": "waitlist.manage"}

    @extend_schema(
        operation_id="waitlist_offer",
        summary="Offer a time to one who waits: it is kept until the answer is due",
        request=FillIn,
        responses={200: EntryOut, **CANNOT_WAIT},
    )
    def post(self, request, pk):
        entry = access.waitlist_entry(pk, by=request.user)
        gaps.offer(entry, **body(FillIn, request), by=request.user, now=timezone.now())
        return entry_answer(pk)


class Filling(SiteOperation):
    actions = {"POST": "waitlist.manage"}

    @extend_schema(
        operation_id="waitlist_book",
        summary="The patient on the phone takes a time: it is booked, or the appointment is moved to it",
        request=FillIn,
        responses={200: AppointmentOut, **TAKEN},
    )
    def post(self, request, pk):
        entry = access.waitlist_entry(pk, by=request.user)
        made = gaps.book(entry, **body(FillIn, request), by=request.user, now=timezone.now())
        return appointment_answer(made.pk)
