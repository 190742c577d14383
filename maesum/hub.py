"""The masked autoencoder as Hugging Face's hub library saves and loads it; needs the extra `hub`.

    from maesum.hub import MaskedAutoencoder
    model = MaskedAutoencoder.from_pretrained("exported")   # a folder that python -m maesum.export wrote

The class is `maesum.models.MaskedAutoencoder` with `save_pretrained` and `from_pretrained`: weights as safetensors,
settings as config.json, nothing that is executed.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from maesum import models
from maesum.errors import MaesumError
from maesum.tasks.checkpoints import check_weights

try:
    from huggingface_hub import PyTorchModelHubMixin, hf_hub_download
    from safetensors import SafetensorError
    from safetensors.torch import load_file
except ImportError as error:
    raise MaesumError(
        f"{error.name} is missing, which exported models need; install it with: pip install 'maesum[hub]'."
    ) from None

WEIGHTS = "model.safetensors"


class MaskedAutoencoder(models.MaskedAutoencoder, PyTorchModelHubMixin, library_name="maesum"):
    """A `maesum.models.MaskedAutoencoder` that can be saved to and loaded from a folder or the hub."""

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        revision: str | None,
        cache_dir: str | Path | None,
        force_download: bool,
        local_files_only: bool,
        token: str | bool | None,
        **settings: Any,
    ) -> MaskedAutoencoder:
        """Build the model of config.json and load all of its weights, where the mixin would pass missing ones over.

        Raises:
            MaesumError: files that are missing or damaged, or weights that do not fit the settings.
        """
        path = Path(model_id) / WEIGHTS
        if not Path(model_id).is_dir():
            path = Path(
                hf_hub_download(
                    model_id, WEIGHTS, revision=revision, cache_dir=cache_dir, force_download=force_download,
                    local_files_only=local_files_only, token=token,
                )
            )  # fmt: skip
        wanted = inspect.signature(models.MaskedAutoencoder).parameters
        unknown = sorted(settings.keys() - wanted.keys())
        if unknown or "feature_dim" not in settings:
            raise MaesumError(f"{model_id}: config.json has no 'feature_dim' or has unknown keys {unknown}.")
        model = cls(**settings)
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise MaesumError(f"{path}: not a readable safetensors file ({error}).") from None
        check_weights(weights, model.state_dict(), path)
        model.load_state_dict(weights)
        return model.eval()
