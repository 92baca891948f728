"""Addresses of the department's pages, under department/."""

from django.urls import path

from scheduling.views.department import hours, letters, overview, people, protocols, rooms, settings

urlpatterns = [
    path("", overview.overview, name="department"),
    path("changes/<int:pk>/withdraw/", overview.withdraw, name="department-withdraw"),
    path("rooms/", rooms.listing, name="department-rooms"),
    path("rooms/new/", rooms.new, name="department-room-new"),
    path("rooms/<int:pk>/", rooms.room, name="department-room"),
    path("rooms/<int:pk>/change/", rooms.change, name="department-room-change"),
    path("rooms/<int:pk>/hours/", hours.change, name="department-hours"),
    path("rooms/<int:pk>/kept/", hours.keep, name="department-kept"),
    path("people/", people.listing, name="department-people"),
    path("people/new/", people.new, name="department-person-new"),
    path("people/<int:pk>/", people.person, name="department-person"),
    path("people/<int:pk>/change/", people.change, name="department-person-change"),
    path("people/<int:pk>/shifts/", people.plan, name="department-shifts"),
    path("protocols/", protocols.listing, name="department-protocols"),
    path("protocols/<int:pk>/", protocols.protocol, name="department-protocol"),
    path("protocols/<int:pk>/change/", protocols.change, name="department-protocol-change"),
    path("settings/", settings.shown, name="department-settings"),
    path("settings/change/", settings.change, name="department-settings-change"),
    path("letters/", letters.listing, name="department-letters"),
    path("letters/one/", letters.letter, name="department-letter"),
    path("letters/change/", letters.change, name="department-letter-change"),
]
