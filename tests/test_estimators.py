import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from lat_sr import LatencyAwareClassifier, LatencyAwareRegressor

QUICK = {"max_evaluations": 1000, "populations": 2, "population_size": 50, "maxsize": 15, "random_state": 0, "n_jobs": 1}


def expected_failures(estimator):
    return {}


@pytest.mark.filterwarnings("ignore:the (feature|target) .* leaves:UserWarning")
@parametrize_with_checks(
    [
        LatencyAwareRegressor(**QUICK),
        LatencyAwareClassifier(**QUICK),
        LatencyAwareClassifier(loss="logistic", **QUICK),
    ],
    expected_failed_checks=expected_failures,
)
def test_scikit_learn_conventions(estimator, check):
    check(estimator)
