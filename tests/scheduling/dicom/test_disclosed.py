"""Whom a device was told of stands in the audit trail, once for as long as nothing changes."""

import pytest

from scheduling.dicom import simulated
from scheduling.services import contacts
from tests import cameras, department
from tests.department import NOW
from tests.scheduling.dicom.listening import TITLE, listening
from vqflow.models import AuditEvent

KEYS = {"PatientName": "Moreno"}


def asked(device, *patients):
    return contacts.Asked(device, "10.1.2.3", NOW, KEYS, {}, 0, len(patients), 4.0, frozenset(patients))


def told():
    return [event.patient_ids for event in AuditEvent.objects.filter(action="dicom.query").order_by("pk")]


@pytest.mark.django_db
class TestAuditTrail:
    def test_the_same_patients_again_leave_no_further_row(self):
        device = cameras.camera(department.site())
        before = contacts.keep([asked(device, 7, 8), asked(device, 7, 8)], disclosed={})
        assert contacts.keep([asked(device, 7, 8)], disclosed=before) == {}
        assert told() == [[7, 8]]

    def test_others_leave_one_and_nobody_leaves_none(self):
        device = cameras.camera(department.site())
        contacts.keep([asked(device, 7), asked(device), asked(device, 8), asked(device, 7)], disclosed={})
        assert told() == [[7], [8], [7]]

    def test_values_of_the_keys_are_not_in_it(self):
        contacts.keep([asked(cameras.camera(department.site()), 7)], disclosed={})
        row = AuditEvent.objects.get(action="dicom.query")
        assert row.data["keys"] == ["PatientName"]
        assert "Moreno" not in str(row.data)


@pytest.mark.django_db(transaction=True)
def test_who_went_over_the_network_is_in_it():
    site = department.site()
    device, booked = cameras.camera(site), department.booked(site)
    with listening() as (host, port):
        for _ in range(2):
            simulated.Camera("CAMERA1", called=TITLE, host=host, port=port).worklist(department.TODAY)
    row = AuditEvent.objects.get(action="dicom.query")
    assert row.patient_ids == [booked.procedure.order.patient_id]
    assert (row.subject_id, row.agent_role, row.site_code) == (str(device.pk), "modality", site.code)
