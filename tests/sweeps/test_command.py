"""A sweep at demo scale as a user runs it, its report, and what happens when a part of it is gone."""

from __future__ import annotations

import csv
import shutil

import pytest

from tests.commands import SECONDS, maesum_here, user_error

TABLE = ["sweep=table2b", *(each for each in SECONDS if not each.startswith("epochs=")), "scoring.every=10"]


@pytest.mark.slow
def test_a_sweep_runs_only_what_is_missing_and_its_report_fills_every_cell(tmp_path):
    def run(command):
        return maesum_here(command, *TABLE, folder=tmp_path, cache=tmp_path / "cache")

    done = run("sweep")
    assert done.returncode == 0, done.stdout + done.stderr
    jobs = sorted((tmp_path / "runs" / "jobs").iterdir())
    assert len(jobs) == 3
    assert "done before" not in done.stdout

    done = run("report")
    assert done.returncode == 0, done.stderr
    report = tmp_path / "runs" / "reports" / "demo" / "table2b"
    whole = report.with_suffix(".md").read_text()
    assert "Synthetic data" in whole
    assert "Runs that are missing" not in whole
    rows = list(csv.DictReader(report.with_suffix(".csv").read_text().splitlines()))
    assert len(rows) == 3
    assert all(row["finegym/rho value"] and row["tvsum/tau low"] for row in rows)
    assert len({row["tvsum/tau value"] for row in rows}) == 3  # each row shows a run of its own

    (jobs[0] / "metrics.json").unlink()  # as if killed while scoring: its checkpoint is there
    shutil.rmtree(jobs[1])  # as if it never ran
    done = run("report")
    incomplete = report.with_suffix(".md").read_text()
    assert incomplete.count("python -m maesum.train") == 2
    assert all(job.name in incomplete for job in jobs[:2])

    done = run("sweep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("done before") == 1
    assert run("report").returncode == 0
    assert report.with_suffix(".md").read_text() == whole


@pytest.mark.slow
def test_a_sweep_without_data_names_its_failed_jobs_and_what_is_missing(tmp_path):
    done = maesum_here("sweep", "sweep=table2b", "trainer=demo", folder=tmp_path, cache=tmp_path / "cache")
    assert done.returncode == 2
    assert "data.features=data/tvsum/googlenet*.h5 is missing; make it with: python -m maesum.prepare" in done.stdout
    assert "3 of 3 jobs failed or were left out" in done.stderr
    assert "table2b/summe_100k: python -m maesum.train" in done.stderr


def test_the_sweep_starts_no_job_where_one_cannot_run(tmp_path):
    done = maesum_here("sweep", "sweep=table1c", "stride=[8,1]", folder=tmp_path)
    assert user_error(done).startswith("error: job table1c/ratio_10 of the sweep cannot run: stride is [8, 1]")
    assert not list(tmp_path.iterdir())
