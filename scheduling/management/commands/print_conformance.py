from django.core.management.base import BaseCommand

from scheduling.dicom import find, guard, server
from scheduling.dicom.attributes import TABLE
from scheduling.services.performed import reports

HEAD = f"""# DICOM conformance statement

Printed from the code by `manage.py print_conformance`; a test keeps this page current. Laid out after DICOM PS3.2.

## Networking

One application entity, by default `VQFLOW` (`DICOM_AE_TITLE`), in a process of its own (`manage.py dicom`). It accepts
associations; it asks for one only when somebody presses *Call the device* (C-ECHO).

| SOP class | UID | role |
|---|---|---|
| Verification | 1.2.840.10008.1.1 | SCP, and SCU on request |
| Modality Worklist Information Model - FIND | 1.2.840.10008.5.1.4.31 | SCP |
| Modality Performed Procedure Step | 1.2.840.10008.3.1.2.3.3 | SCP |

Nothing is stored by C-STORE, and nothing can be retrieved. Transfer syntaxes: implicit VR little endian
(1.2.840.10008.1.2) and explicit VR little endian (1.2.840.10008.1.2.1). The greatest PDU we announce is 16,382 bytes.

### Who is let in

| rule | else |
|---|---|
| the call comes from an address that is listed for some device | the connection is closed before anything is read |
| at most 20 connections, 8 of one address (`DICOM_MOST`, `DICOM_MOST_OF_ONE`) | closed |
| the called AE title is ours | A-ASSOCIATE-RJ 1, 1, 7 |
| the calling AE title is a listed device in use, and the address is listed for it | A-ASSOCIATE-RJ 1, 1, 3 |
| with TLS: the certificate has the fingerprint that is listed for it, where one is | A-ASSOCIATE-RJ 1, 1, 3 |
| a PDU has at most {guard.MOST_PDU_BYTES:,} bytes and is there within {guard.PDU_SECONDS:.0f} s | closed |
| a message has at most {guard.MOST_MESSAGE_BYTES // 2**20} MiB | closed |
| an association that is idle ends after {server.IDLE_SECONDS} s | A-ABORT |

TLS 1.2 or newer with certificates on both sides is an option (`DICOM_TLS_CERTIFICATE`, `DICOM_TLS_KEY`,
`DICOM_TLS_AUTHORITIES`); without it put the process into a network of its own. AE titles prove nothing.

## Worklist

One item for each scheduled procedure step: chest X-ray (DX), ventilation and perfusion (NM), each with its own start,
station and SPS ID, under one accession number, one requested procedure and one Study Instance UID. An X-ray that was
done elsewhere is no item. Items that are completed, discontinued or cancelled are left out unless the query asks for
their status (0040,0020); without a day, a patient or a number those of the last 31 days come then. Status: SCHEDULED;
ARRIVED once the patient is checked in; READY once the dose is cleared, the step before is over and no problem is
open (a chest X-ray: once checked in, with no problem open); STARTED. Scheduled Station AE Title is the room's, or that
of a device that stands in it; it is empty where a room has neither.

### Matching keys

| key | matching |
|---|---|
| Patient's Name (0010,0010) | wildcards `*` and `?`, capitals and accents do not count |
| Patient ID (0010,0020), Issuer of Patient ID (0010,0021) | wildcards |
| Patient's Birth Date (0010,0030) | a day or a range |
| Patient's Sex (0010,0040) | a value |
| Accession Number (0008,0050), Requested Procedure ID (0040,1001) | wildcards |
| Study Instance UID (0020,000D) | a list |
| Modality (0008,0060), Scheduled Station AE Title (0040,0001) | a list |
| Scheduled Procedure Step Start Date and Time (0040,0002), (0040,0003) | ranges; both together are one period |
| Scheduled Performing Physician's Name (0040,0006) | wildcards |
| Scheduled Procedure Step ID (0040,0009) | wildcards |
| Scheduled Procedure Step Status (0040,0020) | a list |

A value that is none (a date such as 20261340), or a time on the side of a range that has no day, is left out of the
query, and the department reads so on the device's page. A query that names no station is answered for the calling
device's room where that is set for the device. At most {find.MOST:,} items are answered. C-CANCEL is honoured.

| status | when |
|---|---|
| FF00 | an item |
| 0000 | all items were sent |
| FE00 | cancelled |
| {find.OUT_OF_RESOURCES:04X} | more than {find.MOST:,} items fit |
| {find.NOT_A_WORKLIST_QUERY:04X} | the identifier has no key of a worklist |
| {find.UNREADABLE:04X} | the identifier cannot be read |
| {find.DATABASE_AWAY:04X} | the database does not answer |
| {find.NOT_AUTHORISED:04X} | the device was taken off the list meanwhile |

### Attributes

What is asked for is answered, what is not known is empty; Specific Character Set (0008,0005) is always there. Types
are the return key types of PS3.4 Table K.6-1. Text is kept in UTF-8 and answered in the character set that is
entered for the device; where that cannot hold an item, the item is answered in UTF-8
([ADR 21](adr/0021-a-name-is-never-written-in-other-letters.md)).

| attribute | tag | VR | type |
|---|---|---|---|
"""

PERFORMED = f"""
## Performed procedure step

N-CREATE and N-SET are matched to scheduled steps by Study Instance UID and Scheduled Procedure Step ID together. A
step that begins or ends so is started or ended here by the same rules as by a press; what a rule holds back is
answered with success, kept, and shown to technologists under *Cameras*. Each message is kept as it came.

| status | when |
|---|---|
| {reports.SUCCESS:04X} | taken |
| {reports.INVALID_VALUE:04X} | N-CREATE with another status than IN PROGRESS, N-SET with an unknown one |
| {reports.PROCESSING_FAILURE:04X} | N-SET on what is over (Error ID A506); unreadable data; the database is away |
| {reports.DUPLICATE_INSTANCE:04X} | N-CREATE with a UID that is known |
| {reports.NO_SUCH_INSTANCE:04X} | N-SET with a UID that is not known |
| {reports.MISSING_ATTRIBUTE:04X} | status, start date or start time are missing |

## Tried with

Each by tests of this repository: DCMTK (echoscu, findscu; wlmscpfs answers the same where it follows the standard),
Orthanc (C-ECHO and find-worklist), odil (N-CREATE, N-SET), pynetdicom. No vendor's camera was at hand.
"""


def page():
    """The page docs/dicom-conformance.md as text."""
    return HEAD + "\n".join(_rows(TABLE, 0)) + "\n" + PERFORMED


def _rows(attributes, depth):
    for each in attributes:
        tag = f"({each.tag >> 16:04X},{each.tag & 0xFFFF:04X})"
        yield f"| {'> ' * depth}{each.keyword} | {tag} | {each.vr} | {each.type} |"
        if depth == 0:
            yield from _rows(each.within, 1)


class Command(BaseCommand):
    help = "Print docs/dicom-conformance.md."

    def handle(self, **options):
        self.stdout.write(page(), ending="")
