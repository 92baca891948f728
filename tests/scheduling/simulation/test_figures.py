import pytest

from scheduling.simulation.figures import differences, figures, interval, summary, t_975
from scheduling.simulation.months import simulated
from tests.scheduling.simulation.departments import small


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.706), (9, 2.262), (30, 2.042), (31, 2.040), (60, 2.000), (120, 1.980)]
)
def test_students_quantiles_are_those_of_the_printed_tables(freedom, quantile):
    assert t_975(freedom) == pytest.approx(quantile, abs=0.0006)


def test_an_interval_of_four_values_is_the_one_computed_by_hand():
    # Mean 5, standard deviation 2.582, t 3.182: 3.182 * 2.582 / 2 = 4.108.
    found = interval([2, 4, 6, 8])
    assert (found.low, found.high) == (pytest.approx(0.892, abs=0.001), pytest.approx(9.108, abs=0.001))


def test_a_difference_is_taken_seed_by_seed():
    found = differences([{"patients": 10}, {"patients": 20}], [{"patients": 12}, {"patients": 22}])
    assert (found["patients"].mean, found["patients"].half) == (2, 0)


def test_figures_of_simulated_months_are_plausible():
    found = summary([figures(simulated(small(), seed=seed)) for seed in (1, 2)])
    assert 0 < found["patients scanned per day"].mean <= found["requests per day"].mean + 5
    assert 0 < found["in use, %: Camera"].mean < 120
    assert found["of these in a queue, mean"].mean < found["minutes in the department, mean"].mean
