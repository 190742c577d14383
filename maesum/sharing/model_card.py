"""Write the README of an exported model: what it is, how to load it, where it comes from and what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from maesum.runs.provenance import LAST
from maesum.system.errors import MaesumError
from maesum.system.files import file_hash, read_json
from maesum.training.checkpoints import Pretrained

_TEMPLATE = """---
library_name: maesum
tags:
- video-summarization
- masked-autoencoder
---

# {title}

A masked autoencoder over frame features, trained without annotations to reconstruct masked frames of a clip. The
importance of a frame is 1 - cosine between the frame and its reconstruction from the {others} frames around it
("Masked Autoencoder for Unsupervised Video Summarization").

```python
from maesum.sharing.hub import MaskedAutoencoder
from maesum.scoring import importance

model = MaskedAutoencoder.from_pretrained(".")  # this folder
scores = importance(model, features, stride=2)  # features [frames, {width}] of one video -> scores [frames]
```

## Features it was trained on

{features}

## Measured

{metrics}

## Provenance

Exported from a checkpoint whose SHA-256 begins with `{checkpoint}`.

{provenance}

## Settings

{settings}
"""


def write_model_card(path: Path, checkpoint: Path, pretrained: Pretrained) -> None:
    """Write the model card of a checkpoint, with the metrics and the provenance that its run left beside it.

    Args:
        path: the file to write.
        checkpoint: RUN/checkpoints/last.ckpt. For any other file, the card says that nothing is known, since
            metrics.json and provenance.json belong to the last weights.
        pretrained: the content of the checkpoint.
    """
    settings, trained_on = pretrained.settings, pretrained.trained_on
    run = checkpoint.resolve().parent.parent
    is_last = checkpoint.name == LAST.name
    metrics, provenance = (_beside(run / name) if is_last else {} for name in ("metrics.json", "provenance.json"))
    text = _TEMPLATE.format(
        title=f"maesum, {settings.get('feature_dim')}-wide features",
        others=int(settings.get("frames", 30)) - 1,
        width=settings.get("feature_dim"),
        features=_block(trained_on.to_plain()) if trained_on is not None else "The checkpoint does not say.",
        metrics=_metrics_table(metrics),
        checkpoint=file_hash(checkpoint),
        provenance=_block(provenance) if provenance else "Its run left no provenance.json.",
        settings=_block(settings),
    )
    path.write_text(text, encoding="utf-8")


def _beside(path: Path) -> dict[str, Any]:
    """Return the content of a run's JSON file; an empty dict if there is no file."""
    if not path.is_file():
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise MaesumError(f"{path}: holds a {type(content).__name__}, wanted a table.")
    return content


def _metrics_table(metrics: dict[str, Any]) -> str:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, (int, float))}
    if not numbers:
        return "Its run left no metrics.json."
    rows = [f"| `{name}` | {value:.4g} |" for name, value in sorted(numbers.items())]
    return "\n".join(["| metric | value |", "| --- | ---: |", *rows])


def _block(content: dict[str, Any]) -> str:
    # Indented, so that no text in it can end the block.
    return "\n".join(f"    {line}" for line in json.dumps(content, indent=2).splitlines())
