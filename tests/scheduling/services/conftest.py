"""One site with its people, and one booked patient."""

import pytest

from tests import department


@pytest.fixture
def site():
    return department.site()


@pytest.fixture
def technologist(site):
    return department.technologist(site)


@pytest.fixture
def physician(site):
    return department.attending(site)


@pytest.fixture
def appointment(site):
    return department.booked(site)


@pytest.fixture
def lungs_at(appointment):
    return appointment.lungs_start_at
