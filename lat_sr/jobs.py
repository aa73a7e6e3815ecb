"""How many things are done at once: `n_jobs` everywhere, counted as joblib and scikit-learn count it."""

from __future__ import annotations

from joblib import cpu_count, effective_n_jobs

from lat_sr.errors import InputError

__all__ = ["number_of_jobs"]


def number_of_jobs(n_jobs: int | None) -> int:
    """Threads or builds that `n_jobs` stands for.

    Parameters
    ----------
    n_jobs : int or None
        A number; -1 for all cores, -2 for all but one, and so on; None for all cores that this process may use.

    Returns
    -------
    int
        At least 1.

    Raises
    ------
    InputError
        `n_jobs` is 0 or no whole number.

    Examples
    --------
    >>> number_of_jobs(2)
    2
    """
    if n_jobs is None:
        return int(cpu_count())
    if isinstance(n_jobs, bool) or int(n_jobs) != n_jobs or n_jobs == 0:
        raise InputError(f"n_jobs is {n_jobs!r}; give a number of at least 1, or -1 for all cores")
    return int(effective_n_jobs(int(n_jobs)))
