"""The worklist for cameras without its patience limit, for a negative control: `... HOST:PORT`."""

import os
import sys
from unittest import mock

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vqflow.settings")
django.setup()

from django.core.management import call_command  # noqa: E402  (after the set-up)

from scheduling.management.commands import dicom  # noqa: E402


def command(bind):
    """The argument list that starts it."""
    return [sys.executable, "-m", "tests.faults.careless_camera", bind]


if __name__ == "__main__":
    waits = {name: value for name, value in dicom.POOL.items() if name != "connection_class"}
    with mock.patch.object(dicom, "POOL", waits):
        call_command("dicom", f"--bind={sys.argv[1]}")
