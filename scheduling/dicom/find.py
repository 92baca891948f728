"""A device asks for its worklist (C-FIND, PS3.4 K.4.1)."""

import time
import traceback
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO

import structlog
from django.db import Error, close_old_connections
from django.utils import timezone
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pynetdicom.dsutils import decode

from scheduling import worklist_items
from scheduling.dicom import answers, keys
from scheduling.dicom.answers import End, Progress
from scheduling.dicom.attributes import BY_TAG, SPECIFIC_CHARACTER_SET
from scheduling.dicom.encoding import plan
from scheduling.dicom.signatures import Broken, signature
from scheduling.engine.worklistkeys import Keys

log = structlog.get_logger(__name__)
MOST = 1000
"""The most items of one answer: nobody reads more on a camera, and a query for everything is a mistake."""
SUCCESS, CANCELLED = 0x0000, 0xFE00
OUT_OF_RESOURCES, NOT_AUTHORISED, NOT_A_WORKLIST_QUERY = 0xA700, 0x0124, 0xA900
UNREADABLE, DATABASE_AWAY, UNEXPECTED = 0xC000, 0xC001, 0xC002
MOST_LETTERS_KEPT = 200
MOST_READ = 64


class Refused(Exception):
    """The query ends with this status. The sentence goes to the device: at most 64 letters, no patient in it."""

    def __init__(self, status, sentence):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence

    def answer(self):
        found = Dataset()
        found.Status, found.ErrorComment = self.status, self.sentence
        return found


@dataclass(slots=True)
class Query:
    """What is kept of a query: the values by keyword as they were asked, and why some were not used."""

    keys: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    items: list[worklist_items.Item] = field(default_factory=list)

    def disclosed(self):
        """The patients whose items have gone out."""
        return {item.patient_id for item in self.items[: self.progress.sent]}


def answer(event, *, peers, noted):
    """The handler of EVT_C_FIND.

    `noted(entity, address, *, keys, ignored, status, matches, duration_ms, patients)` keeps the query for people.
    """
    begun, query = time.perf_counter(), Query()
    requestor = event.assoc.requestor
    entity = peers.entity(requestor.ae_title.strip())
    refusal = None
    try:
        status = yield from _answered(event, entity, query)
    except Refused as refused:
        refusal = refused
    except Exception as error:  # whatever it is, the device gets an answer and the next query its chance
        log.error("dicom.find_failed", ae=requestor.ae_title, why=type(error).__name__, at=_where(error))
        refusal = Refused(UNEXPECTED, "The worklist has failed. Please tell your IT department.")
    status = refusal.status if refusal else status
    # After its last answer pynetdicom does not come back here.
    if entity is not None:
        noted(
            entity,
            requestor.address,
            keys=query.keys,
            ignored=query.ignored,
            status=status,
            matches=query.progress.sent,
            duration_ms=(time.perf_counter() - begun) * 1000,
            patients=query.disclosed(),
        )
    if refusal:
        yield refusal.answer(), None
    elif status != SUCCESS:
        yield status, None


def _answered(event, entity, query):
    """Send the matches; the final status."""
    if entity is None or not entity.is_active:
        raise Refused(NOT_AUTHORISED, "This device is not listed any more.")
    data, implicit = event.request.Identifier, event.context.transfer_syntax.is_implicit_VR
    read = _read(data.getvalue() if data else b"", implicit)
    query.keys, query.ignored = dict(read.as_asked), dict(read.ignored)
    query.items = items = _matching(entity, read.keys)
    made = plan(read.asked, implicit, entity.character_set)
    end = yield from answers.pending(event, items[:MOST], made, query.progress)
    if query.progress.in_utf8:
        query.ignored["SpecificCharacterSet"] = (
            f"{query.progress.in_utf8} answered in UTF-8: {entity.character_set} cannot hold what they are called."
        )
    if end is not End.SENT:
        return CANCELLED
    if len(items) > MOST:
        raise Refused(OUT_OF_RESOURCES, f"Over {MOST} matches. Please ask for a day or a patient.")
    return SUCCESS


@dataclass(frozen=True, slots=True)
class Read:
    """An identifier: what it asks for, its matching keys, those as they were written, and why some are not used."""

    asked: tuple
    keys: Keys
    as_asked: dict[str, str]
    ignored: dict[str, str]


@lru_cache(MOST_READ)
def _read(data, implicit):
    """Raises Refused: a query that cannot be read is never taken for one that asks for everybody.

    Cameras ask the same again all day, and to read it takes as long as to find a patient.
    """
    if not data:
        raise Refused(NOT_A_WORKLIST_QUERY, "The query has no keys.")
    try:
        asked = signature(data, implicit=implicit)
    except Broken as broken:
        raise Refused(UNREADABLE, "The query cannot be read.") from broken
    if not any(each.tag in BY_TAG and each.tag != SPECIFIC_CHARACTER_SET for each in asked):
        raise Refused(NOT_A_WORKLIST_QUERY, "The query has no key of a worklist.")
    try:
        identifier = decode(BytesIO(data), implicit, True)
        found = keys.read(identifier)
        return Read(asked, found.keys, _as_asked(identifier), found.ignored)
    except Exception as error:  # pydicom has many
        log.warning("dicom.query_unreadable", why=type(error).__name__, at=_where(error))
        raise Refused(UNREADABLE, "The query cannot be read.") from error


def _matching(entity, wanted):
    room = entity.room if entity.own_room_only and not wanted.stations else None
    close_old_connections()
    try:
        return list(
            worklist_items.matching(entity.site, wanted, now=timezone.now(), room=room, most=MOST + 1)
        )
    except Error as error:
        log.warning("dicom.worklist_not_read", why=type(error).__name__)
        raise Refused(DATABASE_AWAY, "The worklist cannot be read at the moment.") from error
    finally:
        close_old_connections()


def _as_asked(identifier):
    """The keys with a value, by keyword, those of the step like the others."""
    return {
        element.keyword: _kept(element.value)
        for element in identifier.iterall()
        if element.VR != "SQ" and element.keyword and element.value not in (None, "")
    }


def _kept(value):
    text = value if isinstance(value, str) else "\\".join(map(str, value)) if _is_many(value) else str(value)
    return text.replace("\0", "")[:MOST_LETTERS_KEPT]


def _is_many(value):
    return isinstance(value, MultiValue | list | tuple)


def _where(error):
    """The file and line; the error's own words may name a patient."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno}"
