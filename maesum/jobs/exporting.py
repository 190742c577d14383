"""From a checkpoint to a folder that others can load: safetensors, config.json and a model card."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from omegaconf import DictConfig

from maesum.errors import MaesumError
from maesum.jobs.model_card import write_model_card
from maesum.tasks.checkpoints import load_pretrained


def run(config: DictConfig) -> None:
    """The export command: read `ckpt`, write the folder `out`.

    Raises:
        MaesumError: no such checkpoint, an `out` that exists, or the extra `hub` is not installed.
    """
    export(Path(config.ckpt), Path(config.out))
    print(f"exported: {config.out}; load it with maesum.hub.MaskedAutoencoder.from_pretrained({str(config.out)!r})")


def export(checkpoint: Path, out: Path) -> None:
    """Write model.safetensors, config.json and README.md, all or nothing.

    Raises:
        MaesumError: see `run`.
    """
    from maesum.hub import MaskedAutoencoder

    if out.exists():
        raise MaesumError(f"{out}: is there already; name a folder that is not.")
    pretrained = load_pretrained(checkpoint)
    model = MaskedAutoencoder(**pretrained.settings)
    model.load_state_dict(pretrained.model.state_dict())
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}.", suffix=".part"))
    except OSError as error:
        raise MaesumError(f"{out}: cannot be written ({error.strerror}); choose another out=.") from None
    try:
        write_model_card(temporary / "README.md", checkpoint, pretrained)  # before the mixin would write its own
        model.save_pretrained(temporary)
        (temporary / "config.json").write_text(json.dumps(pretrained.settings, indent=2) + "\n", encoding="utf-8")
        temporary.chmod(0o755)
        temporary.rename(out)
    except OSError as error:
        raise MaesumError(f"{out}: writing failed ({error.strerror or error}); nothing was kept.") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
