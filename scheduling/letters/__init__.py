"""Mail as text: subject, plain text, HTML and calendar files. Rows and their sending: services/messages.

What a mail gives away is decided here: a first name, clinic, date, time, place, phone and a link, and never what is
examined, unless the patient has agreed to that. Anyone who sees a phone's lock screen may read it.
"""

from scheduling.letters.calendars import calendar_files, download
from scheduling.letters.mails import address_of, compose, language_of, may_tell, subject_of
from scheduling.letters.samples import INVENTED, TO_REFERRER, shown
from scheduling.letters.senders import host
from scheduling.letters.visits import Visit, offered_visits, read_ahead, visits
from scheduling.telling import telling_words

__all__ = [
    "INVENTED",
    "TO_REFERRER",
    "Visit",
    "address_of",
    "calendar_files",
    "compose",
    "download",
    "host",
    "language_of",
    "may_tell",
    "offered_visits",
    "read_ahead",
    "shown",
    "subject_of",
    "telling_words",
    "visits",
]
