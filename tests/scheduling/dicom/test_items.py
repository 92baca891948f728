"""What a device is answered: the steps that fit its keys, and nobody else's."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling import worklist_items
from scheduling.engine.worklistkeys import Days, Keys, Starts
from scheduling.models import Room, StepKind
from scheduling.services import problems, visits
from scheduling.services.examination import arrivals
from tests import cameras, department

pytestmark = pytest.mark.django_db
ALL = ("SCHEDULED", "ARRIVED", "READY", "STARTED", "COMPLETED", "DISCONTINUED", "CANCELED")

V, Q, X = "ventilation", "perfusion", "xray"
BOTH, EVERY = [V, Q], [X, V, Q]


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def booked(site):
    answers = department.SAFE_ANSWERS | {"oxygen": "yes", "albumin_allergy": "no"}
    of = department.patient(
        site, family_name="Müller-Lüdenscheidt", given_name="José", mrn="A_7%", sex="female"
    )
    return department.booked(site, of=of, answers=answers, priority="urgent")


def found(site, keys=None, *, room=None, now=department.NOW, **fields):
    items = worklist_items.matching(site, keys or Keys(**fields), now=now, room=room, most=1000)
    return [item.kind for item in items]


def local(moment):
    return moment.astimezone(ZoneInfo("America/New_York"))


class TestItem:
    def test_each_step_is_an_item_under_one_accession_number(self, site, booked):
        items = worklist_items.matching(site, Keys(), now=department.NOW, most=10)
        assert [(item.kind, item.modality) for item in items] == [
            ("xray", "DX"),
            ("ventilation", "NM"),
            ("perfusion", "NM"),
        ]
        assert len({item.sps_id for item in items}) == 3
        assert {(item.accession_number, item.study_uid) for item in items} == {
            (booked.procedure.order.accession_number, booked.procedure.study_instance_uid)
        }
        assert [item.starts_at for item in items] == [
            step.planned_start_at for step in booked.steps.order_by("ordinal")
        ]

    def test_item_says_what_a_camera_shows(self, site, booked):
        item = worklist_items.matching(site, Keys(modalities=("NM",)), now=department.NOW, most=1)[0]
        assert (item.room, item.priority, item.status) == ("Ventilation 1", "HIGH", "SCHEDULED")
        assert (item.sex, item.pregnancy, item.special_needs) == ("F", 1, "Oxygen")
        assert item.performing_name in department.PEOPLE
        assert item.referring_name == "Dr Rita Moss"

    def test_status_follows_the_patient(self, site, booked):
        def statuses(**fields):
            items = worklist_items.matching(site, Keys(**fields), now=department.NOW, most=9)
            return {item.kind: item.status for item in items}

        assert set(statuses().values()) == {"SCHEDULED"}
        appointment, at = department.ready(booked)
        assert statuses() == {"ventilation": "READY", "perfusion": "ARRIVED"}
        step, by = appointment.steps.get(kind=StepKind.VENTILATION), department.technologist(site)
        visits.start(step, by=by, now=at)
        assert statuses()["ventilation"] == "STARTED"
        visits.end(step, by=by, now=at + timedelta(minutes=9))
        assert statuses() == {"perfusion": "READY"}
        assert statuses(statuses=ALL)["ventilation"] == "COMPLETED"
        assert statuses(statuses=("COMPLETED",)).keys() == {"xray", "ventilation"}

    def test_who_waits_for_somebody_is_not_ready(self, site, booked):
        def statuses():
            return [item.status for item in worklist_items.matching(site, Keys(), now=department.NOW, most=9)]

        _, at = department.ready(booked)
        assert statuses() == ["READY", "ARRIVED"]
        by = department.technologist(site)
        problem = problems.report(booked, reason="no_iv", by=by, now=at)
        assert statuses() == ["ARRIVED", "ARRIVED"]
        problems.close(problem, outcome="A line is in.", by=by, now=at)
        assert statuses() == ["READY", "ARRIVED"]

    def test_x_ray_waits_for_somebody_too(self, site, booked):
        by = department.technologist(site)
        arrivals.check_in(booked, **department.HERE | {"at": "xray"}, by=by, now=booked.starts_at)
        problems.report(booked, reason="pregnant", by=by, now=booked.starts_at)
        items = worklist_items.matching(site, Keys(), now=department.NOW, most=9)
        assert [item.status for item in items] == ["ARRIVED", "SCHEDULED", "SCHEDULED"]

    def test_room_without_a_title_is_known_by_its_device(self, site, booked):
        def stations():
            items = worklist_items.matching(site, Keys(), now=department.NOW, most=9)
            return {item.room: item.station_ae for item in items}

        assert set(stations().values()) == {""}
        camera = cameras.camera(site, title="NM1", room=site.resources.get(name="Camera 1"))
        assert stations()["Camera 1"] == "NM1"
        Room.objects.filter(resource=camera.room).update(ae_title="CAM_ONE")
        assert stations()["Camera 1"] == "CAM_ONE"
        Room.objects.filter(resource=camera.room).update(ae_title="")
        camera.is_active = False
        camera.save()
        assert stations()["Camera 1"] == ""

    def test_who_has_come_to_the_x_ray_only_is_not_at_the_camera(self, site, booked):
        by = department.technologist(site)
        arrivals.check_in(booked, **department.HERE | {"at": "xray"}, by=by, now=booked.starts_at)
        items = worklist_items.matching(site, Keys(), now=department.NOW, most=9)
        assert [(item.kind, item.status) for item in items] == [
            (X, "READY"),
            (V, "SCHEDULED"),
            (Q, "SCHEDULED"),
        ]

    def test_what_begins_together_is_ready_together_as_two_items(self, site, booked):
        booked.steps.filter(kind=Q).update(simultaneous=True)
        department.ready(booked)
        items = worklist_items.matching(site, Keys(modalities=("NM",)), now=department.NOW, most=9)
        assert [(item.kind, item.status) for item in items] == [(V, "READY"), (Q, "READY")]
        assert len({item.sps_id for item in items}) == 2

    def test_x_ray_done_elsewhere_is_no_item(self, site, booked):
        booked.steps.filter(kind=X).update(elsewhere="Harbour Clinic")
        assert found(site) == found(site, statuses=ALL) == BOTH

    @pytest.mark.parametrize(
        ("answers", "shown"),
        [
            ({"pregnancy": "cannot_be"}, (1, "", "")),
            ({"pregnancy": "possible"}, (2, "", "")),
            ({"pregnancy": "yes"}, (3, "", "")),
            ({"pregnancy": "unknown"}, (4, "", "")),
            (
                {"albumin_allergy": "yes", "right_to_left_shunt": "yes"},
                (1, "Right-to-left shunt", "Human albumin"),
            ),
        ],
    )
    def test_answers_to_the_screening_are_shown_in_dicoms_words(self, site, answers, shown):
        of = department.patient(site, sex="female", born_on=date(1990, 1, 31))
        made = department.booked(site, of=of)
        for question, answer in answers.items():
            made.procedure.order.answers.filter(question=question).update(answer=answer)
        item = worklist_items.matching(site, Keys(), now=department.NOW, most=1)[0]
        assert (item.pregnancy, item.alerts, item.allergies) == shown

    @pytest.mark.parametrize("appointments", [1, 3])
    def test_any_number_of_items_takes_one_query(self, site, appointments, django_assert_num_queries):
        for _ in range(appointments):
            department.booked(site)
        worklist_items.matching(site, Keys(), now=department.NOW, most=100)
        with django_assert_num_queries(1):
            assert (
                len(worklist_items.matching(site, Keys(), now=department.NOW, most=100)) == 3 * appointments
            )

    def test_another_site_is_never_shown(self, booked):
        assert found(department.site("hillside")) == []


class TestKeys:
    @pytest.mark.parametrize(
        ("name", "fits"),
        [
            ("MULLER*", True),
            ("müller-lüdenscheidt", True),
            ("muller ludenscheidt^jose", True),
            ("Muller", False),
            ("*LUDEN*", True),
            ("M?ller*", True),
            ("*^JOS?", True),
            ("*^Maria", False),
            ("Schmidt=Muller*", True),
            ("*", True),
            ("^^^^", True),
            ("100%", False),
            ("*jose", True),
            ("*mit*", False),
            ("mul*jo?e", True),
            ("muller\\*", False),
            ("%", False),
            ("\uff3c", False),
            ("Muller*^*\\", False),
            ("JOSE", False),
            ("*=Muller*", True),
            ("山田^太郎=Schmidt", False),
        ],
    )
    def test_names(self, site, booked, name, fits):
        assert found(site, patient_name=name) == (EVERY if fits else [])

    @pytest.mark.parametrize(
        ("fields", "kinds"),
        [
            ({"patient_id": "a_7%"}, EVERY),
            ({"patient_id": "A?7*"}, EVERY),
            ({"patient_id": "AX7%"}, []),
            ({"patient_id": "A"}, []),
            ({"patient_id": "*"}, EVERY),
            ({"issuer": "RIVERSIDE"}, EVERY),
            ({"issuer": "elsewhere"}, []),
            ({"sex": "F"}, EVERY),
            ({"sex": "M"}, []),
            ({"sex": "X"}, []),
            ({"sex": "?"}, EVERY),
            ({"patient_id": "A_7%\\"}, []),
            ({"patient_id": "*\\"}, []),
            ({"born": Days(date(1960, 5, 17), date(1960, 5, 17))}, EVERY),
            ({"born": Days(None, date(1960, 5, 16))}, []),
            ({"born": Days(date(1960, 1, 1))}, EVERY),
            ({"modalities": ("NM",)}, BOTH),
            ({"modalities": ("CR",)}, [X]),
            ({"modalities": ("D*",)}, [X]),
            ({"modalities": ("N?", "MR")}, BOTH),
            ({"modalities": ("MR", "NM")}, BOTH),
            ({"modalities": ("MR",)}, []),
            ({"study_uids": ("1.2.3",)}, []),
            ({"sps_id": "SPS*"}, EVERY),
            ({"accession_number": "VQ?"}, []),
            ({"statuses": ("SCHEDULED",)}, EVERY),
            ({"statuses": ("ARRIVED", "READY")}, []),
            ({"performing_physician": "nobody"}, []),
            ({"statuses": ("SCHED*",)}, EVERY),
            ({"statuses": ("WAITING",)}, []),
            ({"starts": Starts(date.min, date.max)}, EVERY),
        ],
    )
    def test_values_lists_and_wildcards(self, site, booked, fields, kinds):
        assert found(site, **fields) == kinds

    def test_own_numbers_find_it(self, site, booked):
        procedure, step = booked.procedure, booked.steps.get(kind=V)
        assert found(site, study_uids=("1.2", procedure.study_instance_uid)) == EVERY
        assert found(site, accession_number=procedure.order.accession_number) == EVERY
        assert found(site, procedure_id=procedure.requested_procedure_id) == EVERY
        assert found(site, sps_id=step.sps_id) == [V]

    def test_station_and_own_room(self, site, booked):
        room = site.resources.get(name="Ventilation 1")
        room.room.ae_title = "VENT1"
        room.room.save()
        cameras.camera(site, title="VENTCAM", room=room)
        assert found(site, stations=("VENT1",)) == [V]
        assert found(site, stations=("OTHER", "VENTCAM")) == [V]
        assert found(site, stations=("VENT?", "X*")) == [V]
        assert found(site, stations=("VENT_",)) == []
        assert found(site, stations=("OTHER",)) == []
        assert found(site, room=room) == [V]
        day = local(booked.starts_at).date()
        assert found(site, stations=("VENT1",), starts=Starts(day, day)) == [V]
        assert found(site, room=room, starts=Starts(day + timedelta(days=1))) == []

    def test_day_and_time_are_one_period(self, site, booked):
        at = local(booked.steps.get(kind=V).planned_start_at)
        day, before, after = at.date(), at.date() - timedelta(days=1), at.date() + timedelta(days=1)
        assert found(site, starts=Starts(day, day)) == EVERY
        assert found(site, starts=Starts(after, None)) == []
        assert found(site, starts=Starts(None, before)) == []
        # From yesterday afternoon until the minute in which ventilation begins: not “each day until then”.
        assert found(site, starts=Starts(before, day, time(16), at.time())) == [X, V]
        assert found(site, starts=Starts(day, day, at.time(), at.time())) == [V]
        assert found(site, starts=Starts(None, None, at.time(), None)) == BOTH
        assert found(site, starts=Starts(before, after, at.time(), at.time())) == EVERY
        assert found(site, starts=Starts(before, after, at.time(), at.time(), each_day=True)) == [V]
        assert found(site, starts=Starts(after, None, at.time(), at.time(), each_day=True)) == []
        assert found(site, starts=Starts(None, None, None, at.time())) == [X, V]

    def test_x_ray_device_that_asks_for_computed_radiography_gets_it_as_such(self, site, booked):
        items = worklist_items.matching(site, Keys(modalities=("CR",)), now=department.NOW, most=9)
        assert [(item.kind, item.modality) for item in items] == [(X, "CR")]
