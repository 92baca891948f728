"""Clients that nobody here wrote."""

import os
import shutil

import pytest


@pytest.fixture
def dcmtk():
    """DCMTK's programs: in CI they have to be there."""
    if shutil.which("findscu") is None:
        assert "VQFLOW_REQUIRE_BROWSER" not in os.environ, "DCMTK is not installed"
        pytest.skip("DCMTK is not installed")
