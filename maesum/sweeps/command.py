"""Run the sweep command: run the jobs of the tables named, or print a plan of them."""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.config.overrides import as_typed
from maesum.sweeps.composing import key_of
from maesum.sweeps.cost import Cost, cost_of, sum_of
from maesum.sweeps.jobs import Job, JobMaker
from maesum.sweeps.running import JobRunner
from maesum.sweeps.tables import TableSpec, read_tables
from maesum.system.errors import MaesumError
from maesum.system.printing import say

#: Keys of the sweep and report commands themselves, which are not passed to jobs.
OWN_KEYS = ("sweep", "sweeps", "parallel", "plan", "runs", "out", "demo")
_OF_RUNNING = ("parallel", "plan")  # those that the report does not take
#: For the estimate of hours: operations per second that a training of this size may reach on a recent GPU in bfloat16.
OPERATIONS_PER_SECOND = 5e13


def run(config: DictConfig, given: list[str]) -> None:
    """Run the jobs of the tables that are not done, or with plan=true print what would be run.

    Args:
        given: the overrides on the command line.

    Raises:
        MaesumError: a job that cannot run, before any has started; afterwards, naming the jobs that failed.
    """
    tables = read_tables(config.sweeps)
    jobs = jobs_of_tables(config, tables, given, makes_demo=not config.plan)
    if config.plan:
        print_plan(tables, jobs)
        return
    listed = [job for of_table in jobs.values() for job in of_table.values()]
    runner = JobRunner(config.parallel, tell=say)
    failed = runner.run(listed)
    if failed:
        names = "\n  ".join(f"{job.name}: {job.command_line()}" for job in failed)
        raise MaesumError(
            f"{len(failed)} of {len({job.hash for job in listed})} jobs failed or were left out; run the same command "
            f"again for these:\n  {names}"
        )
    given = [each for each in given if _top_key(each) not in _OF_RUNNING]
    say(f"all jobs done; the tables: {as_typed(['python', '-m', 'maesum.report', *given])}")


def jobs_of_tables(
    config: DictConfig, tables: dict[str, TableSpec], given: list[str], makes_demo: bool = False
) -> dict[str, dict[str, Job]]:
    """Return the jobs of each table by name; call this only while Hydra runs a command.

    Overrides given to the command itself hold for every job, except the command's own keys.

    Args:
        given: the overrides on the command line.
        makes_demo: whether to make the demo data if jobs read them, since their content is part of a job's name.
    """
    maker = JobMaker(config.runs, meant_for_jobs(given), list(config.demo), makes_demo)
    return {name: maker.jobs_of(name, table) for name, table in tables.items()}


def meant_for_jobs(given: list[str]) -> list[str]:
    """Return the overrides on the command line that are passed to jobs."""
    return [each for each in given if _top_key(each) not in OWN_KEYS]


def _top_key(override: str) -> str:
    return key_of(override).split(".")[0]


def print_plan(tables: dict[str, TableSpec], jobs: dict[str, dict[str, Job]]) -> None:
    """Print for each table what data it needs, which of its jobs are still to run, and roughly what they cost."""
    counted: set[str] = set()
    total = Cost(0, 0, 0.0)
    for name, table in tables.items():
        own = {job.hash: job for job in jobs[name].values()}
        left = {key: job for key, job in own.items() if key not in counted and not job.is_done()}
        shared = sum(key in counted for key in own)
        counted |= own.keys()
        cost = sum_of(map(cost_of, left.values()))
        total = sum_of([total, cost])
        say(f"{name}: {table.title} (section {table.section})")
        say(f"  needs {table.needs}")
        say(f"  {len(own)} jobs, {shared} shared with a table above, {len(left)} to run: {_in_words(cost)}")
    say(f"in all: {_in_words(total)}")


def _in_words(cost: Cost) -> str:
    return (
        f"{cost.clips / 1e6:.1f} million clips, {cost.windows / 1e6:.1f} million windows, about "
        f"{cost.hours(OPERATIONS_PER_SECOND):.1f} hours at {OPERATIONS_PER_SECOND / 1e12:.0f} TFLOP/s"
    )
