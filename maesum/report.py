"""Print a table of the paper with the results of its runs beside the published figures, and write it to files.

    python -m maesum.report sweep=table1c                 writes runs/reports/table1c.*
    python -m maesum.report sweep=table1c +scale=demo     from the runs of the small demo scale

Give it the same keys as the python -m maesum.sweep whose runs it reads, except parallel= and plan=. A cell without a
run stays empty, and the command that fills it is printed below the table.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.overrides import given_overrides
from maesum.config.checking import check_settings


def report(config: DictConfig) -> None:
    """Print and write the tables named (see `maesum.sweeps.report_command.run`)."""
    check_settings(config)  # ranges only: required keys and rules between settings are checked for each job
    from maesum.sweeps.report_command import run

    run(config, given_overrides())


main = entry_point("report", report, additions={"scale": "the size of every job"})

if __name__ == "__main__":
    main()
