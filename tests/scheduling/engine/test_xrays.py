"""The views of the chest X-ray: a portable one alone is warned about (rule CXR-5)."""

import pytest

from scheduling.engine import xrays


@pytest.mark.parametrize(
    ("views", "warns"),
    [
        ((), False),
        (("pa", "lateral"), False),
        (("pa",), False),
        (("ap_portable",), True),
        (("ap_portable", "lateral"), True),
        (("ap_portable", "pa"), False),
    ],
)
def test_a_portable_xray_without_pa_is_warned_about(views, warns):
    assert (xrays.warning(views) is not None) == warns
