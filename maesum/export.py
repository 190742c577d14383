"""Export a checkpoint to share: model.safetensors, config.json and a model card.

    python -m maesum.export ckpt=RUN/checkpoints/last.ckpt out=FOLDER

Needs the extra hub: pip install 'maesum[hub]'.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point


def export(config: DictConfig) -> None:
    """Export one checkpoint (see `maesum.sharing.exporting.run`)."""
    from maesum.sharing.exporting import run  # torch loads only once the config has composed

    run(config)


main = entry_point("export", export)

if __name__ == "__main__":
    main()
