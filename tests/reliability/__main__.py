"""`python -m tests.reliability`: the kill trials and the bad inputs in number, and what held, as a table.

Twenty times, training is killed with SIGKILL at random moments, resumed with ckpt=last and compared to the bit with
training that was never stopped; then damaged copies of every input format are given to the commands that read them.
Takes about ten minutes on two cores; the test suite runs a few of each. Results: tests/reliability/results.json.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

import numpy as np

from maesum.runs.provenance import provenance, write_json
from tests.reliability import bad_inputs, good_inputs, killing

RESULTS = Path(__file__).with_name("results.json")


def kill_trials(folder: Path, trials: int) -> dict[str, list[bool]]:
    """Whether each trial's final weights equal the uninterrupted run's to the bit, by way of training."""
    cache, held = folder / "cache", {way: [] for way in killing.WAYS}
    whole = {}
    for number in range(trials):
        way = list(killing.WAYS)[number % len(killing.WAYS)]
        if way not in whole:
            killing.finish(killing.start(folder / f"whole_{number}", cache, *killing.WAYS[way]))
            whole[way] = killing.weights(folder / f"whole_{number}")
        run = folder / f"killed_{number}"
        moments = killing.train_killed(run, cache, killing.WAYS[way], kills=1 + number % 2, seed=number)
        held[way].append(killing.same_bits(whole[way], killing.weights(run)))
        print(
            f"trial {number + 1:2} of {trials}, {way}: killed at {'; '.join(moments)}: held {held[way][-1]}", flush=True
        )
    return held


def bad_input_trials(folder: Path, copies: int) -> dict[str, dict[str, int]]:
    """How damaged copies of every format ended; `failed` counts everything but a sentence or no harm."""
    folder.mkdir()
    counts: dict[str, dict[str, int]] = {}
    for name, good in good_inputs.make(folder).items():
        whole, draw, failed = good.path.read_bytes(), np.random.default_rng(7), 0
        for _ in range(copies):
            good.path.write_bytes(bad_inputs.damaged(whole, draw))
            try:
                bad_inputs.judge(name, good, folder)
            except AssertionError as error:
                failed += 1
                print(error)
        good.path.write_bytes(whole)
        counts[name] = {**bad_inputs.tried[name], "failed": failed}
        print(f"{name}: {counts[name]}", flush=True)
    return counts


def main() -> None:
    """Run the trials, print the table and store it."""
    parser = argparse.ArgumentParser(description="Kill trials and bad inputs, as a table.")
    parser.add_argument("--kills", type=int, default=20, help="kill trials")
    parser.add_argument("--copies", type=int, default=50, help="damaged copies of each format")
    arguments = parser.parse_args()
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    with tempfile.TemporaryDirectory() as name:
        held = kill_trials(Path(name), arguments.kills)
        inputs = bad_input_trials(Path(name) / "inputs", arguments.copies)
    rows = [(f"killed and resumed, {way}", len(results), sum(results)) for way, results in held.items()]
    rows.append(("killed and resumed, all", sum(map(len, held.values())), sum(sum(x) for x in held.values())))
    for fmt, counts in inputs.items():
        tried = sum(counts.values())
        rows.append((f"damaged {fmt}", tried, tried - counts["failed"]))
    print(f"{'promise':45} trials  held")
    for promise, trials, kept in rows:
        print(f"{promise:45} {trials:6} {kept:5}")
    content = [{"promise": promise, "trials": trials, "held": kept} for promise, trials, kept in rows]
    write_json(RESULTS, {"rows": content, "provenance": provenance() | {"trials": vars(arguments)}})


if __name__ == "__main__":
    main()
