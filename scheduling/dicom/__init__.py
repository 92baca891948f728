"""The DICOM interface: the modality worklist (C-FIND), performed procedure steps (MPPS) and C-ECHO.

One process (`manage.py dicom`) over pynetdicom. It reads through `scheduling/worklist_items.py` and writes through
the services; what is not asked for here is refused at the association.
"""

from scheduling.dicom import discretion  # noqa: F401  (before anything else of the package)
