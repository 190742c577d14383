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


def group_schemas(command: str | None = None) -> dict[str, dict[str, type]]:
    """Return the schemas of the groups in which each option has a schema of its own, by group and option.

    Args:
        command: the command that has the groups; None = all. Only `prepare` loads importers, which takes time.
    """
    from maesum.config.backbones import BACKBONE_SCHEMAS

    found = {"backbone": BACKBONE_SCHEMAS}
    if command in (None, "prepare"):
        from maesum.data.sources import source_schemas

        found["source"] = source_schemas()
    return found


def text_keys(command: str) -> set[str]:
    """Return the keys of a command that take a path, a pattern or free text; `*` in a key stands for any name."""
    keys = set(text_fields(command_schemas()[command]))
    for group, schemas in group_schemas(command).items():
        for schema in schemas.values():
            keys |= set(text_fields(schema, f"{group}."))
    return keys


@functools.cache  # once a process is enough, and a sweep composes a hundred configs
def register_schemas(command: str | None = None) -> None:
    """Make the schemas known to Hydra under the names that the config files' defaults lists use, and the resolvers.

    Args:
        command: the command that will be composed; None = any.
    """
    from hydra.core.config_store import ConfigStore
    from omegaconf import OmegaConf

    register_resolvers()
    store = ConfigStore.instance()
    for name, schema in command_schemas().items():
        store.store(name=f"{name}_schema", node=schema)
    for name, path in added_methods().items():
        store.store(group="method", name=name, node=OmegaConf.load(path))
    for group, schemas in group_schemas(command).items():
        for name, schema in schemas.items():
            store.store(group=f"schema/{group}", name=name, node=schema)
