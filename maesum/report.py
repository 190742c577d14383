"""Print a table of the paper from what its runs left, beside the published figures, and write it to files.

    python -m maesum.report sweep=table1c                 writes runs/reports/table1c.*
    python -m maesum.report sweep=table1c +scale=demo     of the runs at minute size

Takes what was given to the python -m maesum.sweep whose runs it reads, but for parallel= and plan=. A cell without a
run stays empty, and the command that fills it stands below the table.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.cli.overrides import given_overrides
from maesum.config.checking import check_settings


def report(config: DictConfig) -> None:
    """Print and write the tables named (see `maesum.sweeps.report_command.run`)."""
    check_settings(config)  # what only its jobs take is given with them
    from maesum.sweeps.report_command import run

    run(config, given_overrides())


main = entry_point("report", report, additions={"scale": "the size of every job"})

if __name__ == "__main__":
    main()
