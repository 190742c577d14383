"""A folder of .npy arrays: which files, in which order, what is stored, and every defect named with its file."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from maesum.config.sources import ShortPolicy
from maesum.data.sources.npy import import_npy_folder
from maesum.system.errors import MaesumError


def write(folder: Path, name: str, frames: int = 40, width: int = 6, dtype: str = "float32") -> np.ndarray:
    array = np.random.default_rng(frames).random((frames, width)).astype(dtype)
    path = folder / f"{name}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array)
    return array


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, frames in (("b/v1", 40), ("a/v3", 30), ("a/v2", 35)):
        write(tmp_path / "in", name, frames)
    return tmp_path / "in"


def read(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path) as file:
        ids, offsets = list(file["video_ids"].asstr()), file["offsets"][:]
        return {video_id: file["features"][offsets[i] : offsets[i + 1]] for i, video_id in enumerate(ids)}


def test_imports_recursively_in_path_order(folder: Path, tmp_path: Path) -> None:
    (folder / "notes.txt").write_text("not an array")
    (folder / "._v9.npy").write_text("left by another operating system")
    out = tmp_path / "f.h5"
    written = import_npy_folder(folder, out, dtype="float32", fps=5, backbone="hand-made", preprocessing="none")
    assert written == [out]
    stored = read(out)
    assert list(stored) == ["v2", "v3", "v1"]
    np.testing.assert_array_equal(stored["v2"], np.load(folder / "a" / "v2.npy"))
    with h5py.File(out) as file:
        assert file["fps"][:].tolist() == [5, 5, 5]
        assert (file.attrs["backbone"], file.attrs["preprocessing"], file.attrs["frame_step"]) == (
            "hand-made",
            "none",
            1,
        )


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32"])
def test_any_number_type_is_stored_as_float16(tmp_path: Path, dtype: str) -> None:
    array = write(tmp_path / "in", "v", dtype=dtype)
    import_npy_folder(tmp_path / "in", tmp_path / "f.h5")
    stored = read(tmp_path / "f.h5")["v"]
    assert stored.dtype == np.float16
    np.testing.assert_array_equal(stored, array.astype(np.float16))


def test_only_and_exclude(folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    only, exclude = tmp_path / "only.txt", tmp_path / "exclude.txt"
    only.write_text("v1\nv2\ngone\n")
    exclude.write_text("v2\n")
    with caplog.at_level(logging.WARNING):
        import_npy_folder(folder, tmp_path / "f.h5", only=only)
    assert list(read(tmp_path / "f.h5")) == ["v2", "v1"]
    assert "1 of its 3 ids have no .npy file" in caplog.text
    import_npy_folder(folder, tmp_path / "f.h5", exclude=exclude)
    assert list(read(tmp_path / "f.h5")) == ["v3", "v1"]
    import_npy_folder(folder, tmp_path / "f.h5", only=only, exclude=exclude)
    assert list(read(tmp_path / "f.h5")) == ["v1"]
    only.write_text("gone\n")
    with pytest.raises(MaesumError, match=r"no \.npy file is left"):
        import_npy_folder(folder, tmp_path / "f.h5", only=only)


class TestShortVideos:
    @pytest.fixture
    def short(self, folder: Path) -> np.ndarray:
        return write(folder, "c/short", 29)

    def test_refused_by_default(self, folder: Path, tmp_path: Path, short: np.ndarray) -> None:
        with pytest.raises(MaesumError, match=r"1 video\(s\) with fewer than 30 frames: short \(29\)"):
            import_npy_folder(folder, tmp_path / "f.h5")
        assert not (tmp_path / "f.h5").exists()
        import_npy_folder(folder, tmp_path / "f.h5", min_frames=29)
        assert len(read(tmp_path / "f.h5")) == 4

    def test_dropped(self, folder: Path, tmp_path: Path, short: np.ndarray, caplog: pytest.LogCaptureFixture) -> None:
        import_npy_folder(folder, tmp_path / "f.h5", short=ShortPolicy.drop)
        assert list(read(tmp_path / "f.h5")) == ["v2", "v3", "v1"]
        assert "dropped 1 video(s) with fewer than 30 frames: short (29)" in caplog.text
        with pytest.raises(MaesumError, match="no video has at least 99 frames"):
            import_npy_folder(folder, tmp_path / "f.h5", short=ShortPolicy.drop, min_frames=99)

    def test_padded_with_the_last_frame(self, folder: Path, tmp_path: Path, short: np.ndarray) -> None:
        import_npy_folder(folder, tmp_path / "f.h5", short=ShortPolicy.pad, dtype="float32")
        stored = read(tmp_path / "f.h5")
        assert [len(array) for array in stored.values()] == [35, 30, 40, 30]
        np.testing.assert_array_equal(stored["short"], np.concatenate([short, short[-1:]]))

    def test_nothing_to_repeat(self, folder: Path, tmp_path: Path) -> None:
        write(folder, "empty", 0)
        with pytest.raises(MaesumError):
            import_npy_folder(folder, tmp_path / "f.h5", short=ShortPolicy.pad)


def spoil(path: Path, case: str) -> None:
    array = np.ones((40, 6), dtype=np.float32)
    if case in ("nan", "inf"):
        array[7, 2] = float(case)
    special: dict[str, Any] = {
        "objects": np.array([[{}]], dtype=object),
        "one dimension": np.ones(40),
        "three dimensions": np.ones((40, 2, 2)),
        "no channels": np.ones((40, 0)),
        "width": np.ones((40, 7)),
        "text": np.array([["a"] * 6] * 40),
        "complex": np.ones((40, 6), dtype=complex),
    }
    if case == "garbage":
        path.write_bytes(b"hello")
    elif case == "empty file":
        path.write_bytes(b"")
    elif case == "cut":
        np.save(path, array)
        path.write_bytes(path.read_bytes()[:-100])
    elif case == "archive":
        with path.open("wb") as file:
            np.savez(file, a=array)
    else:
        np.save(path, special.get(case, array), allow_pickle=case == "objects")


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("nan", "frame 7, channel 2 is nan, wanted finite"),
        ("inf", "frame 7, channel 2 is inf, wanted finite"),
        ("objects", "not a readable .npy array"),
        ("garbage", "not a readable .npy array"),
        ("empty file", "not a readable .npy array"),
        ("cut", "not a readable .npy array"),
        ("archive", "is an archive of several arrays"),
        ("one dimension", "has shape (40,), wanted (frames, channels)"),
        ("three dimensions", "has shape (40, 2, 2)"),
        ("no channels", "has shape (40, 0)"),
        ("width", "has 7 channels, wanted 6 as in"),
        ("text", "wanted numbers"),
        ("complex", "is of type complex128, wanted numbers"),
    ],
)
def test_bad_file_is_named(folder: Path, tmp_path: Path, case: str, message: str) -> None:
    bad = folder / "b" / "bad.npy"
    spoil(bad, case)
    with pytest.raises(MaesumError) as error:
        import_npy_folder(folder, tmp_path / "out" / "f.h5")
    assert message in str(error.value)
    assert str(bad) in str(error.value)
    assert "\n" not in str(error.value)
    assert not list((tmp_path / "out").glob("**/*"))


def test_bad_folder_and_options(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "f.h5"
    with pytest.raises(MaesumError, match="no such folder"):
        import_npy_folder(tmp_path / "absent", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(MaesumError, match=r"holds no \.npy file"):
        import_npy_folder(tmp_path / "empty", out)
    with pytest.raises(MaesumError, match="cannot be read"):
        import_npy_folder(folder, out, only=tmp_path / "absent.txt")
    with pytest.raises(MaesumError, match="dtype is 'int8'"):
        import_npy_folder(folder, out, dtype="int8")
    with pytest.raises(MaesumError, match=r"source\.fps is 0"):
        import_npy_folder(folder, out, fps=0)
    write(folder, "z/v1")
    with pytest.raises(MaesumError, match="has the same name as"):
        import_npy_folder(folder, out)
    assert not out.exists()


def test_real_sequences(tmp_path: Path, shared_data: Path) -> None:
    import_npy_folder(shared_data / "sequences" / "cars", tmp_path / "f.h5", dtype="float32", fps=5)
    stored = read(tmp_path / "f.h5")
    assert all(video_id.startswith("cars_") and array.shape[1] == 88 for video_id, array in stored.items())


@pytest.mark.parametrize(
    ("shapes", "told"), [([(1024, 300)] * 2, True), ([(300, 1024)] * 2, False), ([(1024, 8), (90, 8)], False)]
)
def test_arrays_that_may_be_the_other_way_round_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shapes: list[tuple[int, int]], told: bool
) -> None:
    (tmp_path / "in").mkdir()
    for number, shape in enumerate(shapes):
        np.save(tmp_path / "in" / f"v{number}.npy", np.zeros(shape, np.float16))
    import_npy_folder(tmp_path / "in", tmp_path / "f.h5")
    assert ("has shape (1024, 300), as all arrays here: read as 1024 frames of 300 channels" in caplog.text) == told
