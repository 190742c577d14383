"""python -m maesum.sweep: run what a table of the paper takes, as isolated jobs; finished ones are not run again.

    python -m maesum.sweep sweep=table1c                        every run of Table 1(c), with the data at hand
    python -m maesum.sweep sweep=table1c +scale=demo            the same at minute size, on synthetic data
    python -m maesum.sweep sweep=[table1a,table1b] plan=true    what would run, what it needs and roughly costs
    python -m maesum.report sweep=table1c                       the table, beside the published one

Any setting of `python -m maesum.train` may be given and holds for every job, e.g. trainer=gpu or logger=[csv,wandb].
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.entry import entry_point


def sweep(config: DictConfig) -> None:
    """Run the jobs of the tables named (see `maesum.sweeps.command.run`)."""
    from maesum.sweeps.command import run

    run(config)


main = entry_point("sweep", sweep)

if __name__ == "__main__":
    main()
