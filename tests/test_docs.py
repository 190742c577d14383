"""Pages that are generated: they are as their generator prints them, and runs add their results."""

from __future__ import annotations

import json
from pathlib import Path

from hydra import compose, initialize_config_dir

from docs.methods import page
from maesum.cli.registration import register_schemas
from maesum.config import CONF_DIR
from maesum.sweeps.jobs import JobMaker
from maesum.sweeps.tables import read_tables

PAGE = Path(__file__).parent.parent / "docs" / "methods.md"


def test_the_page_of_methods_is_as_make_docs_writes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # no data and no runs lie here
    written = PAGE.read_text()
    assert page() == written, "run `make docs`"
    assert "| DR-DSN | dr_dsn | the benchmark's videos | 2,626,049 | 60 epochs x 50 videos = 3,000 steps |" in written


def test_a_run_adds_its_results_and_seconds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    register_schemas()
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        table = read_tables(compose("sweep", ["sweep=table3"]).sweeps)["table3"]
        table.jobs = {"dr_dsn_tvsum": table.jobs["dr_dsn_tvsum"]}
        job = JobMaker(tmp_path, [], []).jobs_of("table3", table)["dr_dsn_tvsum"]
    job.folder.mkdir(parents=True)
    paper = {"tau": 0.1234, "tau_interval": [0, 1], "rho": 0.25, "rho_interval": [0, 1]}
    contents = {
        "metrics": {"tvsum/tau": 0.1234, "tvsum/rho": 0.25},
        "evaluation": {"tvsum": {"protocols": {"paper": paper}}},
        "provenance": {"config_hash": job.hash, "seconds": 4321.4},
    }
    for name, content in contents.items():
        (job.folder / f"{name}.json").write_text(json.dumps(content))
    (line,) = [line for line in page(tmp_path).splitlines() if line.startswith("| DR-DSN |")]
    assert "= 3,000 steps; here 4,321 s |" in line
    assert line.endswith("| tvsum 0.123 / 0.250 |")
