"""Export a checkpoint to share: model.safetensors, config.json and a model card.

    python -m maesum.export ckpt=RUN/checkpoints/last.ckpt out=FOLDER

Needs the extra hub: pip install 'maesum[hub]'.
"""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.config.checking import checked
from maesum.config.sharing import ExportConfig
from maesum.runs.checkpoint_file import check_checkpoint_file
from maesum.system.errors import MaesumError


def export(config: DictConfig) -> None:
    """Export one checkpoint (see `maesum.sharing.exporting.run`)."""
    settings = checked(config, ExportConfig)
    if Path(settings.out).exists():
        raise MaesumError(f"{settings.out}: is there already; name a folder that is not.")
    check_checkpoint_file(settings.ckpt)
    from maesum.sharing.exporting import run  # torch loads only for an export that can be made

    run(config)


main = entry_point("export", export)

if __name__ == "__main__":
    main()
