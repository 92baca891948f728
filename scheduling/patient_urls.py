"""Addresses that mailed links lead to. Nothing in them says what a visit is for."""

from django.urls import path

from scheduling.views.patient import (
    another_time,
    answers,
    home,
    offers,
    opening,
    questions,
    stopping,
    visit,
)

urlpatterns = [
    path("", home.home, name="link-home"),
    path("unlock/", opening.unlock, name="link-unlock"),
    path("language/", opening.language, name="link-language"),
    path("leave/", opening.leave, name="link-leave"),
    # the visit
    path("what-happens/", visit.what_happens, name="link-what-happens"),
    path("calendar/appointment.ics", visit.calendar, name="link-calendar"),
    path("confirm/", answers.confirm, name="link-confirm"),
    path("cancel/", answers.cancel, name="link-cancel"),
    path("questions/", questions.questions, name="link-questions"),
    path("another-time/", another_time.another_time, name="link-another-time"),
    path("another-time/keep/", another_time.keep, name="link-another-time-keep"),
    path("another-time/kept/", another_time.kept, name="link-another-time-kept"),
    path("another-time/take/", another_time.take, name="link-another-time-take"),
    path("another-time/give-back/", another_time.give_back, name="link-another-time-give-back"),
    path("another-time/ask/", another_time.ask, name="link-another-time-ask"),
    # a time from the waitlist
    path("accept/", offers.accept, name="link-accept"),
    path("decline/", offers.decline, name="link-decline"),
    # reminders
    path("stop/", stopping.stop, name="link-stop"),
    path("stop/<str:token>", stopping.one_click, name="link-stop-open"),
    # Last: whatever a mail program has made of the address is answered in words.
    path("<str:token>", opening.open_link, name="link-open"),
]
