"""What Hydra is told before it composes: the schemas that defaults lists name, and what config files compute."""

from __future__ import annotations

import functools

from maesum.runs.folders import new_folder, slurm_folder, sweep_folder
from maesum.system.launch import told_to_configs


def register_resolvers() -> None:
    """Make known what config files compute: `${launched:}`, and the folders of `maesum.runs.folders`."""
    from omegaconf import OmegaConf

    for resolver in (new_folder, slurm_folder, sweep_folder):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)
    OmegaConf.register_new_resolver("launched", told_to_configs, replace=True)


@functools.cache  # once a process is enough, and a sweep composes a hundred configs
def register_schemas() -> None:
    """Make the schemas known to Hydra under the names that the config files' defaults lists use, and the resolvers."""
    from hydra.core.config_store import ConfigStore

    from maesum.config.backbones import BACKBONE_SCHEMAS
    from maesum.config.evaluation import EvaluateConfig
    from maesum.config.preparation import PrepareConfig
    from maesum.config.scoring import PredictConfig
    from maesum.config.sharing import DashboardConfig, ExportConfig
    from maesum.config.sources import SOURCE_SCHEMAS
    from maesum.config.tables import ReportConfig, SweepConfig
    from maesum.config.training import TrainConfig
    from maesum.config.videos import ExtractConfig, SummarizeConfig

    register_resolvers()
    store = ConfigStore.instance()
    commands = {
        "prepare": PrepareConfig,
        "train": TrainConfig,
        "predict": PredictConfig,
        "evaluate": EvaluateConfig,
        "sweep": SweepConfig,
        "report": ReportConfig,
        "dashboard": DashboardConfig,
        "export": ExportConfig,
        "extract": ExtractConfig,
        "summarize": SummarizeConfig,
    }
    for command, schema in commands.items():
        store.store(name=f"{command}_schema", node=schema)
    for group, schemas in (("source", SOURCE_SCHEMAS), ("backbone", BACKBONE_SCHEMAS)):
        for name, schema in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=schema)
