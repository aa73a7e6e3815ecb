"""The baseline: scikit-learn's multilayer perceptron, trained with the numbers that its circuit would have."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from lat_sr import Precision

Floats = NDArray[np.float64]

HIDDEN_LAYERS = (64, 32, 32)


class QuantisedMLP(MLPClassifier):
    """A perceptron whose weights, biases and activations are rounded to nearest and saturate in a fixed-point format.

    Sums are exact, as in a circuit. The gradient passes the rounding as if it were not there (Bengio, Léonard and
    Courville, "Estimating or propagating gradients through stochastic neurons", 2013), and updates weights that keep
    all their digits.

    Parameters
    ----------
    precision : str
        Such as ``"ap_fixed<16,6>"``.
    max_iter : int
        Epochs.
    random_state : int
    """

    def __init__(self, precision: str = "ap_fixed<16,6>", max_iter: int = 30, random_state: int = 0) -> None:
        super().__init__(HIDDEN_LAYERS, max_iter=max_iter, random_state=random_state)
        self.precision = precision

    def fit(self, X: Floats, y: NDArray[np.int64]) -> QuantisedMLP:
        """Train for all epochs."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(self._rounded(X), y)
        return self

    def decision_scores(self, X: Floats) -> Floats:
        """The last layer before the softmax, shape (n_samples, n_classes)."""
        return self._layers(self._rounded(X))[-1]

    def _forward_pass(self, activations: list[Floats]) -> list[Floats]:
        # scikit-learn's training calls this for every batch; its backward pass does the rest.
        activations[1:] = self._layers(activations[0])
        exponentials = np.exp(activations[-1] - activations[-1].max(axis=1, keepdims=True))
        activations[-1] = exponentials / exponentials.sum(axis=1, keepdims=True)
        return activations

    def _layers(self, values: Floats) -> list[Floats]:
        layers = []
        for number, (weights, biases) in enumerate(zip(self.coefs_, self.intercepts_, strict=True)):
            values = values @ self._rounded(weights) + self._rounded(biases)
            if number < len(HIDDEN_LAYERS):
                values = np.maximum(values, 0.0)
            values = self._rounded(values)
            layers.append(values)
        return layers

    def _rounded(self, values: Floats) -> Floats:
        known = Precision.parse(self.precision)
        units = np.floor(values * (1 / known.lsb) + 0.5)
        return np.clip(units, known.low, known.high) * known.lsb
