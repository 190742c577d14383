"""Limit what a config from outside the project may do (`--config-path`, `--config-dir` and `hydra.searchpath`).

Hydra's configs can run code: callbacks, launchers, logging handlers, and every `_target_` that is instantiated. The
project's own config tree and the command line are trusted; a folder from elsewhere, such as the `.hydra` of somebody
else's run, is not. Under `hydra` such a config may set only where results go and which values a multirun takes; as
`_target_` it may use only those of the project's own configs (`maesum.cli.targets`); and it reads few environment
variables
(`maesum.cli.environment`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

# Private: Hydra offers no hook between composing a config and acting upon it, where one from outside must be refused.
import hydra._internal.hydra
import yaml
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_search_path_impl import ConfigSearchPathImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from maesum.cli.environment import limit_environment
from maesum.cli.unreadable import unreadable_config
from maesum.config import CONF_DIR
from maesum.system.errors import MaesumError, first_line

#: The keys under `hydra` that a config from outside may set; a `*` at the end stands for everything below.
_MAY_SET = ("mode", "run.dir", "sweep.dir", "sweep.subdir", "job.name", "output_subdir", "sweeper.params*")
#: The keys under `hydra` in which Hydra itself notes facts about the run.
_NOTED = ("runtime.*", "job.override_dirname", "job.config_name")


def is_outside(schema: str, path: str) -> bool:
    """Whether a source of configs is neither the project's config tree nor part of Hydra or a plugin of it."""
    if schema == "file":
        return Path(path).resolve() != CONF_DIR.resolve()
    return schema == "pkg" and path != "hydra.conf" and not path.startswith("hydra_plugins.")


def outside_folders(sources: Iterable[Any]) -> list[str]:
    """Return the folders outside the project that a config was composed from.

    Args:
        sources: `hydra.runtime.config_sources`.
    """
    return [str(source.path) for source in sources if is_outside(source.schema, source.path)]


class GuardedConfigLoader(ConfigLoaderImpl):
    """Hydra's loader of configs, which refuses a config from outside before Hydra acts upon it.

    All compositions use it: those of a run, of a multirun and each of its jobs (also in processes on a cluster), and
    those of `--cfg` and `--info`.
    """

    def load_configuration(
        self,
        config_name: str | None,
        overrides: list[str],
        run_mode: RunMode,
        from_shell: bool = True,
        validate_sweep_overrides: bool = True,
    ) -> DictConfig:
        """Compose a config as Hydra does.

        Raises:
            MaesumError: a config file cannot be read, or one from outside sets keys under `hydra` that it may not.
            HydraException: the config does not compose.
        """
        given = OverridesParser.create().parse_overrides(overrides)
        sources = self.repository.get_sources()
        outside = [source.path for source in sources if is_outside(source.scheme(), source.path)]
        outside += _search_path(given)
        limit_environment(overrides if outside else None)
        try:
            if outside and config_name is not None:
                self._check_search_path(config_name, ", ".join(outside))
            config = super().load_configuration(config_name, overrides, run_mode, from_shell, validate_sweep_overrides)
        except KeyError as error:  # of os.environ
            raise MaesumError(f"hydra.job.env_copy names {error}, which the environment does not hold.") from None
        except (ValueError, yaml.YAMLError) as error:
            if isinstance(
                error, OmegaConfBaseException
            ):  # some of which are ValueErrors; `maesum.cli.entry` explains them
                raise
            raise unreadable_config(error, [str(CONF_DIR), *outside]) from None
        if outside:
            _check_hydra_settings(config, given, ", ".join(outside))
        return config

    def _check_search_path(self, config_name: str, where: str) -> None:
        """Refuse a `hydra.searchpath` in the config: Hydra reads its folders and imports its packages to compose."""
        primary = self.repository.load_config(config_path=config_name)
        if primary is None:
            return
        found = OmegaConf.select(primary.config, "hydra.searchpath")
        if found is not None:
            raise _not_allowed(where, "searchpath", found)


def guard_composition() -> None:
    """Make Hydra compose every config with `GuardedConfigLoader`."""
    hydra._internal.hydra.ConfigLoaderImpl = GuardedConfigLoader  # type: ignore[misc]


def _check_hydra_settings(config: DictConfig, given: list[Override], where: str) -> None:
    """Refuse keys under `hydra` that differ from what Hydra and the command line alone would set."""
    found = cast(dict[str, Any], OmegaConf.to_container(config.hydra, resolve=False))
    wanted = _without_files(found["runtime"]["choices"], given, where)
    flat_found, flat_wanted = dict(_leaves(found)), dict(_leaves(wanted))
    for key in sorted(flat_found.keys() | flat_wanted.keys()):
        value = flat_found.get(key)
        if value == flat_wanted.get(key) or _matches(key, _NOTED):
            continue
        if not _matches(key, _MAY_SET) or not _is_plain(key, value):
            raise _not_allowed(where, key, value)


def _not_allowed(where: str, key: str, value: Any) -> MaesumError:
    return MaesumError(
        f"{where}: the config there sets hydra.{key} to {value!r}, but a config from elsewhere may not decide what "
        "Hydra runs; remove the key there, or give it on the command line if you want it."
    )


def _without_files(choices: dict[str, Any], given: list[Override], where: str) -> dict[str, Any]:
    """Hydra's settings as its own files, its plugins and the command line make them."""
    typed = {each.key_or_group for each in given}
    ours = [each for each in given if each.is_hydra_override()]
    lines = [str(each.input_line) for each in ours if each.key_or_group != "hydra.searchpath"]
    chosen = [
        f"{group}={choice}"
        for group, choice in choices.items()
        if group.startswith("hydra/") and group not in typed and choice is not None
    ]
    search_path = ConfigSearchPathImpl()
    search_path.append("hydra", "pkg://hydra.conf")
    search_path.append("schema", "structured://")
    try:
        loader = ConfigLoaderImpl(search_path)
        alone = loader.load_configuration(None, chosen + lines, RunMode.MULTIRUN, validate_sweep_overrides=False)
    except HydraException as error:
        raise MaesumError(
            f"{where}: the config there chooses an option for hydra that neither Hydra nor a plugin has "
            f"({first_line(error)}); remove it there."
        ) from None
    settings = cast(dict[str, Any], OmegaConf.to_container(alone.hydra, resolve=False))
    settings["overrides"] = {
        "hydra": [str(each.input_line) for each in ours],
        "task": [str(each.input_line) for each in given if not each.is_hydra_override()],
    }
    settings["searchpath"] = _search_path(given)
    return settings


def _search_path(given: list[Override]) -> list[str]:
    """Return the further folders that the command line names."""
    values = [each.value() for each in given if each.key_or_group == "hydra.searchpath"]
    return [str(path) for value in values if isinstance(value, list) for path in value]


def _leaves(settings: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value or None  # an empty mapping or list counts as None


def _matches(key: str, patterns: Iterable[str]) -> bool:
    return any(key == each or (each.endswith("*") and key.startswith(each[:-1])) for each in patterns)


def _is_plain(key: str, value: Any) -> bool:
    """Whether the value of a permitted key cannot run code: the values of a multirun become its jobs' command lines."""
    if key == "output_subdir":
        return value in (None, ".hydra")
    text = f"{key}={value}" if key.startswith("sweeper.params") else ""
    return not any(word in text for word in ("_target_", "hydra", "$"))
