"""Export a checkpoint to a folder that others can load: safetensors, config.json and a model card."""

from __future__ import annotations

import json
from pathlib import Path

from omegaconf import DictConfig

from maesum.sharing.model_card import write_model_card
from maesum.system.errors import MaesumError
from maesum.system.files import temporary_folder
from maesum.system.printing import say
from maesum.training.checkpoints import load_pretrained


def run(config: DictConfig) -> None:
    """Run the export command: read `ckpt`, write the folder `out`.

    Raises:
        MaesumError: the checkpoint is missing, `out` exists, or the extra `hub` is not installed.
    """
    export(Path(config.ckpt), Path(config.out))
    say(
        f"exported: {config.out}; load it with "
        f"maesum.sharing.hub.MaskedAutoencoder.from_pretrained({str(config.out)!r})"
    )


def export(checkpoint: Path, out: Path) -> None:
    """Write model.safetensors, config.json and README.md, all or nothing.

    Raises:
        MaesumError: see `run`.
    """
    from maesum.sharing.hub import MaskedAutoencoder

    if out.exists():
        raise MaesumError(f"{out}: is there already; name a folder that is not.")
    pretrained = load_pretrained(checkpoint)
    model = MaskedAutoencoder(**pretrained.settings)
    model.load_state_dict(pretrained.model.state_dict())
    with temporary_folder(out.parent, out.name) as temporary:
        try:
            write_model_card(temporary / "README.md", checkpoint, pretrained)  # before the mixin would write its own
            model.save_pretrained(temporary)
            (temporary / "config.json").write_text(json.dumps(pretrained.settings, indent=2) + "\n", encoding="utf-8")
            temporary.rename(out)
        except OSError as error:
            raise MaesumError(f"{out}: writing failed ({error.strerror or error}); nothing was kept.") from None
