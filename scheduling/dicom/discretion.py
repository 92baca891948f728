"""The libraries keep to themselves what they read and send: identifiers are patients' data, and printing them costs as
much as answering. Imported with the package, so that it holds for whatever of it a process uses.
"""

import logging

from pydicom import config
from pynetdicom import _config

_config.LOG_REQUEST_IDENTIFIERS = False
_config.LOG_RESPONSE_IDENTIFIERS = False
# pydicom would quote the values that it finds wrong.
config.settings.reading_validation_mode = config.IGNORE
config.settings.writing_validation_mode = config.IGNORE
for _name in ("pydicom", "pynetdicom"):
    # Errors too: they quote what could not be read. What has to be known is logged here, by our own words.
    logging.getLogger(_name).setLevel(logging.CRITICAL)
