"""Clients that nobody here wrote. Without them a test is skipped, or fails where VQFLOW_REQUIRE_PEERS=1."""

import os
import shutil
import subprocess

import pytest

SYSTEMS_PYTHON = "/usr/bin/python3"


def needed(there, name):
    if not there:
        assert os.environ.get("VQFLOW_REQUIRE_PEERS") != "1", f"{name} is not installed"
        pytest.skip(f"{name} is not installed")


@pytest.fixture
def dcmtk():
    """DCMTK's programs."""
    needed(all(shutil.which(program) for program in ("findscu", "echoscu")), "DCMTK")


@pytest.fixture
def orthanc():
    """Orthanc's program; Debian keeps it where not everybody's PATH leads."""
    program = shutil.which("Orthanc") or shutil.which("/usr/sbin/Orthanc")
    needed(program, "Orthanc")
    return program


@pytest.fixture
def odil():
    """The machine's own Python, with odil (Debian's python3-odil)."""
    can = [SYSTEMS_PYTHON, "-c", "import odil"]
    there = (
        shutil.which(SYSTEMS_PYTHON) and not subprocess.run(can, capture_output=True, check=False).returncode
    )
    needed(there, "odil")
    return SYSTEMS_PYTHON
