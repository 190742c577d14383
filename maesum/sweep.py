"""Run the jobs that a table of the paper needs, each in its own process; finished jobs are not run again.

    python -m maesum.sweep sweep=table1c                      every run of Table 1(c)
    python -m maesum.sweep sweep=table1c +scale=demo          the same at demo scale
    python -m maesum.sweep sweep=[table1a,table1b] plan=true  what would run, and what it costs
    python -m maesum.report sweep=table1c                     the table, beside the published one

Any key of python -m maesum.train may be given and holds for every job, e.g. trainer=gpu.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.overrides import given_overrides
from maesum.config.checking import check_settings


def sweep(config: DictConfig) -> None:
    """Run the jobs of the tables named (see `maesum.sweeps.command.run`)."""
    check_settings(config)  # ranges only: required keys and rules between settings are checked for each job
    from maesum.sweeps.command import run

    run(config, given_overrides())


main = entry_point("sweep", sweep, additions={"scale": "the size of every job"})

if __name__ == "__main__":
    main()
