"""Make or update a W&B dashboard of the runs in a W&B project.

    python -m maesum.dashboard entity=ME project=maesum benchmarks=[tvsum,summe]

Needs a W&B account and the extra dashboard: pip install 'maesum[dashboard]'.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.config.checking import checked
from maesum.config.sharing import DashboardConfig
from maesum.system.printing import say


def dashboard(config: DictConfig) -> None:
    """Send the dashboard to W&B and print its address."""
    settings = checked(config, DashboardConfig)
    from maesum.sharing.dashboard import workspace

    made = workspace(settings.entity, settings.project, settings.name, settings.benchmarks)
    made.save()
    say(f"dashboard: {made.url}")


main = entry_point("dashboard", dashboard)

if __name__ == "__main__":
    main()
