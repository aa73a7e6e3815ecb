"""Whole files or none, versioned JSON, and where things live."""

from __future__ import annotations

import errno
import json
import os
import sys
from pathlib import Path

import pytest

from lat_sr import files as storage
from lat_sr.errors import FormatError, StorageError
from lat_sr.files import cache_directory, operator_profiles_directory, read_json, write_atomic


@pytest.mark.parametrize("data", ["größer\n", b"\x00\xff", ""])
def test_write_atomic_writes_and_replaces(tmp_path, data):
    path = tmp_path / "new" / "folder" / "front.csv"
    write_atomic(path, "old")
    write_atomic(path, data)
    assert path.read_bytes() == (data.encode() if isinstance(data, str) else data)
    assert [p.name for p in path.parent.iterdir()] == ["front.csv"]


def test_write_atomic_honours_the_umask(tmp_path):
    old = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", "x")
    finally:
        os.umask(old)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_write_atomic_leaves_the_old_file_on_a_full_disk(tmp_path, monkeypatch, call):
    path = tmp_path / "model.json"
    write_atomic(path, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*((storage.os, "fsync", full) if call == "fsync" else (Path, "replace", full)))
    with pytest.raises(StorageError, match=r"model\.json: No space left on device"):
        write_atomic(path, "new")
    monkeypatch.undo()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_write_atomic_cleans_up_after_an_interrupt(tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a", "x")
    assert list(tmp_path.iterdir()) == []


def test_write_atomic_names_what_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_atomic(tmp_path / "file" / "a", "x")
    (tmp_path / "directory").mkdir()
    with pytest.raises(StorageError, match="cannot write"):
        write_atomic(tmp_path / "directory", "x")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["directory", "file"]


def test_read_json_gives_the_document(tmp_path):
    document = {"schema_version": 2, "answer": [1, 2]}
    write_atomic(tmp_path / "a.json", json.dumps(document))
    assert read_json(tmp_path / "a.json", "model", 2) == document


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{", "corrupt"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[1]", "a JSON object is expected"),
        (b"[" * 100_000, "corrupt"),
        (b'{"schema": "profile", "schema_version": 1}', "'profile' document where 'model'"),
        (b"{}", "schema_version is None"),
        (b'{"schema_version": true}', "schema_version is True"),
        (b'{"schema_version": 0}', "schema_version is 0"),
        (b'{"schema_version": "1"}', "schema_version is '1'"),
        (b'{"schema_version": 3}', "newer lat_sr.*reads up to 2; upgrade"),
    ],
)
def test_read_json_refuses(tmp_path, text, message):
    write_atomic(tmp_path / "a.json", text)
    with pytest.raises(FormatError, match=message):
        read_json(tmp_path / "a.json", "model", 2)


def test_read_json_of_a_missing_file(tmp_path):
    with pytest.raises(StorageError, match="No such file"):
        read_json(tmp_path / "a.json", "model", 1)


def test_cache_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("LAT_SR_CACHE", str(tmp_path))
    assert cache_directory() == tmp_path


@pytest.mark.skipif(sys.platform != "linux", reason="another system keeps its caches elsewhere")
def test_cache_directory_of_the_system(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("LAT_SR_CACHE", raising=False)
    assert cache_directory() == Path("/elsewhere/lat_sr")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_directory() == Path("/home/someone/.cache/lat_sr")


def test_operator_profiles_are_found_in_a_wheel_and_in_a_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(storage, "__file__", str(tmp_path / "lat_sr" / "storage.py"))
    with pytest.raises(StorageError, match="install lat_sr again"):
        operator_profiles_directory()
    for place in (tmp_path / "operator_profiles", tmp_path / "lat_sr" / "operator_profiles"):
        place.mkdir(parents=True)
        assert operator_profiles_directory() == place
