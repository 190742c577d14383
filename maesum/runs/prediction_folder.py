"""Check the folder of a prediction, and replace the results of an earlier prediction in it."""

from __future__ import annotations

from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from maesum.system.errors import MaesumError, first_line

CONFIG, METRICS = "config.yaml", "metrics.json"
#: The files that a prediction writes besides scores and figures; other commands write files of these names, too.
_FILES = (METRICS, CONFIG, "evaluation.json", "provenance.json")
_ADVICE = "name another folder by out=."


def check_prediction_folder(folder: str | Path) -> None:
    """Refuse a folder that holds the results of another command, before any work is done.

    Raises:
        MaesumError: naming the results that the folder holds.
    """
    folder = Path(folder)
    if (folder / "checkpoints").exists():
        raise MaesumError(f"out={folder} holds a training (checkpoints), which would lose its results; {_ADVICE}")
    found = [name for name in _FILES if (folder / name).exists()]
    if found and benchmarks_of(folder) is None:
        raise MaesumError(f"out={folder} holds the {found[0]} of another command; {_ADVICE}")


def benchmarks_of(folder: Path) -> list[str] | None:
    """Return the names of the benchmarks that the prediction in a folder has scored; None where there is no prediction.

    Raises:
        MaesumError: its config.yaml cannot be read.
    """
    path = folder / CONFIG
    try:
        content = OmegaConf.to_container(OmegaConf.load(path), resolve=False)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError, YAMLError, OmegaConfBaseException) as error:
        raise MaesumError(f"{path}: cannot be read ({first_line(error)}); {_ADVICE}") from None
    benchmarks = content.get("benchmarks") if isinstance(content, dict) and "scorer" in content else None
    return [str(name) for name in benchmarks] if isinstance(benchmarks, dict) else None


def refuse_prediction(folder: str | Path) -> None:
    """Refuse a folder that holds a prediction, whose files another command would overwrite.

    Raises:
        MaesumError: the folder holds a prediction.
    """
    if benchmarks_of(Path(folder)) is not None:
        raise MaesumError(
            f"{folder} holds a prediction, which would lose its results; name another folder by hydra.run.dir=."
        )


def replace_results(folder: Path, made: Path) -> None:
    """Move the results of a prediction into its folder, in place of those of an earlier one.

    A folder with a metrics.json holds one whole prediction, so this file is removed first and added last.

    Args:
        folder: the prediction's folder.
        made: a subfolder of it with the new results.

    Raises:
        MaesumError: a file cannot be moved.
    """
    before = benchmarks_of(folder) or []
    try:
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
        for name in before:
            (folder / "scores" / f"{name}.h5").unlink(missing_ok=True)
            for figure in (folder / "figures" / name).glob("*.png"):
                figure.unlink()
        files = [path for path in made.rglob("*") if path.is_file()]
        for path in sorted(files, key=lambda path: (path == made / METRICS, path)):
            place = folder / path.relative_to(made)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
    except OSError as error:
        raise MaesumError(f"{folder}: the results cannot be moved here ({error.strerror}).") from None
