"""Search for formulas under hardware budgets.

`SearchProblem` says what is searched, an `Engine` searches, `SearchResult` holds the front. `NativeEngine` is the
one in C++, `PySREngine` the one in Julia. They are imported on first use: a problem needs no engine.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
