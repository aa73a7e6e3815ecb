"""scikit-learn's own checks of its conventions."""

import inspect

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor

QUICK = {
    "max_evaluations": 600,
    "engine_options": {"populations": 2, "population_size": 50},
    "maxsize": 11,
    "random_state": 0,
    "n_jobs": 1,
}

_OTHER_ROWS = (
    "the search is random: rows that are repeated or left out move the order of the rows and with it the random "
    "sequence, so that another formula of about the same loss is found"
)


def expected_failures(estimator):
    return {"check_sample_weight_equivalence_on_dense_data": _OTHER_ROWS}


# Where the data is simple enough the same formula is found after all, which is no failure; scikit-learn before 1.8
# cannot say so.
_LENIENT = (
    {"xfail_strict": False} if "xfail_strict" in inspect.signature(parametrize_with_checks).parameters else {}
)


# The checks' data is not scaled, which fit rightly warns of.
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:the (feature|target) .* leaves:UserWarning")
@parametrize_with_checks(
    [
        LatencyAwareRegressor(**QUICK),
        LatencyAwareClassifier(**QUICK),
        LatencyAwareClassifier(loss="logistic", **QUICK),
    ],
    expected_failed_checks=expected_failures,
    **_LENIENT,
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)
