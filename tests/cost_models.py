"""Cost models drawn at random, for tests of what is charged and of what is left."""

from __future__ import annotations

import numpy as np

from lat_sr.latency.cost_model import PRIMITIVES, CostModel, FunctionCost, GridCost, WidthCost

NAMES = ("x0", "x1", "x2")
FUNCTIONS = ("sin", "exp", "inv")


def random_model(seed: int) -> CostModel:
    rng = np.random.default_rng(seed)

    def widths() -> WidthCost:
        return WidthCost(rng.integers(0, 90, 40), rng.integers(0, 30, 40))

    def function() -> FunctionCost:
        segments = tuple(float(rng.integers(10, 120)) for _ in range(rng.integers(1, 4)))
        return FunctionCost(
            segments, float(rng.integers(5, 60)), -3.0, 4.0, 9, float(rng.integers(0, 2)), 1.0
        )

    return CostModel(
        available_ps=130.0,
        register_ps=float(rng.integers(0, 10)),
        input_low=np.array([-8.0, -2.0, 0.0]),
        input_high=np.array([7.9375, 2.0, 5.0]),
        input_fraction=int(rng.integers(2, 9)),
        output_low=-8.0,
        output_high=7.9375,
        output_fraction=4,
        constant_fraction=int(rng.integers(2, 7)),
        primitives={name: widths() for name in PRIMITIVES},
        multiply=GridCost(*(rng.integers(0, 100, (28, 28)) for _ in range(3))),
        scale=GridCost(*(rng.integers(0, 100, (30, 7)) for _ in range(3))),
        functions={name: function() for name in FUNCTIONS},
        fused=function(),
        width_limit=int(rng.integers(24, 49)),
        multiply_limits=(int(rng.integers(14, 28)), int(rng.integers(8, 14))),
    )
