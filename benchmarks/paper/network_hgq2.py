"""The baseline trained by HGQ2, a library of quantised layers for Keras, instead of scikit-learn."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from network import HIDDEN_LAYERS, Floats, QuantisedMLP
from numpy.typing import NDArray

from lat_sr import Precision
from lat_sr.errors import MissingToolError

BATCH_SIZE = 200  # of scikit-learn's perceptron, as is the optimiser's step


class HGQ2MLP(QuantisedMLP):
    """The same perceptron in the same arithmetic, with weights from HGQ2.

    HGQ2 computes in single precision; scores are those of the trained weights in exact sums, like the other's. Its own
    search for the bits of every weight is turned off, because the baseline has one precision.

    Parameters
    ----------
    precision, max_iter, random_state
        Of `QuantisedMLP`.

    Attributes
    ----------
    model_ : keras.Sequential
        As HGQ2 trained it.
    """

    def fit(self, X: Floats, y: NDArray[np.int64]) -> HGQ2MLP:
        """Train for all epochs.

        Raises
        ------
        MissingToolError
            HGQ2 or the library that Keras computes with is not installed.
        """
        keras, hgq = _libraries()
        keras.utils.set_random_seed(self.random_state)
        layers = [
            *(self._layer(hgq, units, "relu") for units in HIDDEN_LAYERS),
            self._layer(hgq, int(y.max()) + 1, None),
        ]
        model = keras.Sequential([keras.Input(X.shape[1:]), *layers])
        model.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate_init),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        model.fit(
            self._rounded(X).astype(np.float32), y, batch_size=BATCH_SIZE, epochs=self.max_iter, verbose=0
        )
        self.model_ = model
        self.coefs_ = [np.asarray(layer.kernel, dtype=np.float64) for layer in layers]
        self.intercepts_ = [np.asarray(layer.bias, dtype=np.float64) for layer in layers]
        return self

    def _layer(self, hgq: Any, units: int, activation: str | None) -> Any:
        """A layer whose weights, biases and outputs have the precision."""
        known = Precision.parse(self.precision)

        def quantiser(place: str) -> Any:
            return hgq.config.QuantizerConfig(
                "kif",
                place,
                k0=True,
                i0=known.integer - 1,  # HGQ2 counts the sign apart
                f0=known.fraction,
                round_mode="RND",
                overflow_mode="SAT",
                homogeneous_axis=None,
                heterogeneous_axis=(),
                ir=None,
                fr=None,
                trainable=False,
            )

        return hgq.layers.QDense(
            units,
            activation=activation,
            kq_conf=quantiser("weight"),
            bq_conf=quantiser("bias"),
            oq_conf=quantiser("datalane"),
            enable_iq=False,
            enable_oq=True,
            enable_ebops=False,
        )


def _libraries() -> tuple[Any, Any]:
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import hgq
        import hgq.config
        import hgq.layers
        import keras
    except ImportError as error:
        raise MissingToolError(
            f"HGQ2 cannot be loaded ({error}); for the baseline that it trains install it, with Python 3.11 or "
            "later, by: pip install 'lat_sr[hgq2]'"
        ) from error
    return keras, hgq
