"""Register with Hydra, before it composes, the schemas that defaults lists name and the resolvers of config files."""

from __future__ import annotations

import functools

from maesum.config.fields import text_fields
from maesum.runs.folders import new_folder, slurm_folder, sweep_folder
from maesum.runs.method_settings import added_methods
from maesum.system.launch import told_to_configs


def register_resolvers() -> None:
    """Register the resolvers that config files use: `${launched:}`, and the folders of `maesum.runs.folders`."""
    from omegaconf import OmegaConf

    for resolver in (new_folder, slurm_folder, sweep_folder):
        OmegaConf.register_new_resolver(resolver.__name__, resolver, replace=True)
    OmegaConf.register_new_resolver("launched", told_to_configs, replace=True)


def command_schemas() -> dict[str, type]:
    """Return the schema of each command's config."""
    from maesum.config.evaluation import EvaluateConfig
    from maesum.config.preparation import PrepareConfig
    from maesum.config.scoring import PredictConfig
    from maesum.config.sharing import DashboardConfig, ExportConfig
    from maesum.config.tables import ReportConfig, SweepConfig
    from maesum.config.training import TrainConfig
    from maesum.config.videos import ExtractConfig, SummarizeConfig

    return {
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


def group_schemas() -> dict[str, dict[str, type]]:
    """Return the schemas of the groups whose options have different keys, by group and option."""
    from maesum.config.backbones import BACKBONE_SCHEMAS
    from maesum.config.sources import SOURCE_SCHEMAS

    return {"source": SOURCE_SCHEMAS, "backbone": BACKBONE_SCHEMAS}


def text_keys(command: str) -> set[str]:
    """Return the keys of a command that take a path, a pattern or free text; `*` in a key stands for any name."""
    keys = set(text_fields(command_schemas()[command]))
    for group, schemas in group_schemas().items():
        for schema in schemas.values():
            keys |= set(text_fields(schema, f"{group}."))
    return keys


@functools.cache  # once per process is enough, and a sweep composes a hundred configs
def register_schemas() -> None:
    """Register the resolvers, and the schemas under the names that the defaults lists of config files use."""
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    register_resolvers()
    store = ConfigStore.instance()
    for command, schema in command_schemas().items():
        store.store(name=f"{command}_schema", node=schema)
    for name, path in added_methods().items():
        store.store(group="method", name=name, node=OmegaConf.load(path))
    for group, schemas in group_schemas().items():
        for name, schema in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=schema)
