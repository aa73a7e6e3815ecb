"""Where files live, and how they are read and written without leaving half of one behind."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from platformdirs import user_cache_path
from pydantic import BaseModel, ValidationError

from lat_sr.errors import FormatError, StorageError

__all__ = ["cache_directory", "operator_profiles_directory", "read_json", "validated", "write_atomic"]

Model = TypeVar("Model", bound=BaseModel)


def write_atomic(path: str | os.PathLike[str], data: str | bytes) -> None:
    r"""Write a whole file or nothing.

    The data goes to a temporary file in the same directory, is flushed to the disk, and takes the place
    of `path` by a rename. Missing parent directories are made.

    Parameters
    ----------
    path : path-like
        The file to make or replace.
    data : str or bytes
        Text is encoded as UTF-8.

    Raises
    ------
    StorageError
        The file cannot be written; nothing is left behind and an older file stays as it was.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "front.csv"
    >>> write_atomic(path, "equation,loss\n")
    >>> path.read_text()
    'equation,loss\n'
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as stream:
                stream.write(data.encode() if isinstance(data, str) else data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror or error}; "
            "choose a directory that exists, can be written and has space left"
        ) from error


def read_json(path: str | os.PathLike[str], schema_name: str, max_version: int) -> dict[str, Any]:
    """Read a versioned JSON document.

    Parameters
    ----------
    path : path-like
        The file to read.
    schema_name : str
        What the document should be, for instance ``"model"``. It is compared with the document's ``schema``
        entry where there is one.
    max_version : int
        The newest ``schema_version`` that the caller understands; the oldest is 1.

    Returns
    -------
    dict
        The document, with its ``schema_version``.

    Raises
    ------
    StorageError
        The file is missing or cannot be read.
    FormatError
        The file is not JSON, is not an object, is of another kind, or has no version this package knows.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a {schema_name} document: it is not UTF-8 text") from error
    try:
        document = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FormatError(f"{path} is corrupt: not valid JSON ({error}); write it again") from error
    if not isinstance(document, dict):
        raise FormatError(f"{path} is not a {schema_name} document: a JSON object is expected")
    found = document.get("schema", schema_name)
    if found != schema_name:
        raise FormatError(f"{path} holds a {found!r} document where {schema_name!r} is expected")
    version = document.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise FormatError(
            f"{path} is not a {schema_name} document: schema_version is {version!r}, "
            f"an integer from 1 to {max_version} is expected"
        )
    if version > max_version:
        raise FormatError(
            f"{path} was written by a newer lat_sr: its schema_version is {version}, "
            f"this one reads up to {max_version}; upgrade lat_sr"
        )
    return document


def validated(model: type[Model], document: Mapping[str, Any], source: str) -> Model:
    """Make a model from its JSON form.

    Parameters
    ----------
    model : type
        A model of pydantic's.
    document : mapping
        See `read_json`.
    source : str
        What the document is called in errors.

    Returns
    -------
    BaseModel

    Raises
    ------
    FormatError
        Something is missing, unknown or of another kind; the message names the place.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise FormatError(
            f"{source} is not a valid {model.__name__} ({place}: {first['msg']}); make it again"
        ) from error


def cache_directory() -> Path:
    """Give the directory of everything that can be made again: built circuits, downloads, profiles.

    It is ``$LAT_SR_CACHE``, else where the system keeps caches: ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux,
    ``~/Library/Caches`` on macOS. It is not made here.

    Returns
    -------
    pathlib.Path
    """
    if chosen := os.environ.get("LAT_SR_CACHE"):
        return Path(chosen).expanduser()
    return user_cache_path("lat_sr", appauthor=False)


def operator_profiles_directory() -> Path:
    """Give the directory of the measured operator profiles that come with the package.

    In a wheel it lies inside the package; in a checkout (an editable install too) beside it.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    StorageError
        The installation lacks it.
    """
    package = Path(__file__).resolve().parent
    for directory in (package / "operator_profiles", package.parent / "operator_profiles"):
        if directory.is_dir():
            return directory
    raise StorageError(f"the operator profiles are missing beside {package}; install lat_sr again")
