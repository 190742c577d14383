"""Scores in JSON, splits, lists of ids and tables with one thing wrong, to the commands that read them."""

from __future__ import annotations

import pytest

from tests.reliability import bad_inputs

TEXTS = {
    "scores, JSON": [
        "", "nul", "[]", "3", "{}", '{"video_1": 3}', '{"video_1": []}', '{"video_1": [1, "x"]}', '{"video_1": [[1]]}',
        '{"video_1": [NaN]}', '{"video_1": [1e999]}', '{"video_1": [null]}', '{"video_1": {"a": 1}}', "[" * 100_000,
        '{"video_1": [1], "video_1": [2]}', '{"../x": [1]}', '{"": [1]}', '{"\\ud800": [1]}', '{"video_1": [1' + "0" * 400 + "]}",
        '{"video_1": ' + "[" * 2000 + "]" * 2000 + "}", '{"video_1": [true, "1"]}',
    ],
    "splits": [
        "", "{}", "[]", "[3]", '[{"test_keys": []}]', '[{"test_keys": [3]}]', '[{"test_keys": "video_1"}]', "[" * 100_000,
        '[{"test_keys": ["video_1", "video_1"]}]', '[{"test_keys": ["video_7"]}]', '{"other": []}', '[{"train_keys": ["video_1"]}]',
        '{"small": 3}', '[{"test_keys": [["video_1"]]}]', '[{"test_keys": ["video_1"], "test_keys": ["video_2"]}]', "\ufeff[]", "nan",
    ],
    "ids": ["", "\n\n", "video_1\nvideo_1", "../video_1", "nothing", "\x00", "v" * 100_000],
    "finegym": [
        "", "video_1", "video_1_E_5_1_A_0_1 3", "video_1_E_-1_1_A_0_1 3", "video_1_E_0_1_A_0_1 x", "video_2_E_0_1_A_0_1 3",
        "video_1_E_" + "9" * 400 + "_" + "9" * 401 + "_A_0_1 3\nvideo_2_E_0_1_A_0_1 3", "\x00\x01",
        "video_1_E_" + "9" * 5000 + "_1_A_0_1 3", "video_1_E_900_901_A_0_1 3\nvideo_2_E_0_1_A_0_1 3",
    ],
    "finegym, timing": [
        "", "video_id,fps", "video_id,fps,n_frames", "video_id,fps,n_frames\nvideo_1,30,40",
        *(f"video_id,fps,n_frames\nvideo_1,{fps},{frames}\nvideo_2,30,40" for fps, frames in (
            (0, 40), (-1, 40), ("nan", 40), ("inf", 40), ("x", 40), ("1e300", 40), (30, 0), (30, -4), (30, 1.5), (30, 10**12),
            (30, 10**30), (30, "9" * 5000), ("", ""),
        )),
        "video_id,fps,n_frames\nvideo_1,30\nvideo_2", 'video_id,fps,n_frames\n"video_1,30,40',
        "video_id,fps,n_frames\nvideo_1,30,40\nvideo_1,25,40\nvideo_2,30,40",
    ],
}  # fmt: skip
_ALL_TEXTS = [(name, number) for name, texts in TEXTS.items() for number in range(len(texts))]


@pytest.mark.parametrize(("name", "number"), _ALL_TEXTS)
def test_texts_with_a_defect_are_refused(inputs, tmp_path, name, number):
    inputs[name].path.write_bytes(TEXTS[name][number].encode("utf-8", "surrogatepass"))
    assert bad_inputs.judge(name, inputs[name], tmp_path, whole_command=number == 1) == "refused"
