"""Clients that nobody here wrote."""

import os
import shutil

import pytest


@pytest.fixture
def dcmtk():
    """DCMTK's programs. Without them the test is skipped, or fails where VQFLOW_REQUIRE_PEERS=1."""
    if not all(shutil.which(program) for program in ("findscu", "echoscu")):
        assert os.environ.get("VQFLOW_REQUIRE_PEERS") != "1", "DCMTK is not installed"
        pytest.skip("DCMTK is not installed")
