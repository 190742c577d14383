"""Score every frame of the benchmarks' videos, then print tau and rho beside those of humans and of random scores.

    python -m maesum.predict ckpt=RUN/checkpoints/last.ckpt benchmark=[tvsum,summe]
    python -m maesum.predict scorer=context_mean benchmark=demo              without a model

Scores, tables, figures, the resolved config and provenance are written to runs/predict/<time>.
"""

from __future__ import annotations

from omegaconf import DictConfig

from maesum.cli.entry import entry_point
from maesum.config.checking import checked
from maesum.config.scoring import PredictConfig
from maesum.runs.checkpoint_file import check_checkpoint_file
from maesum.runs.inputs import check_prediction
from maesum.runs.prediction_folder import check_prediction_folder
from maesum.system.files import check_folder_writable


def predict(config: DictConfig) -> dict[str, float]:
    """Run the prediction loop of one checkpoint or training-free predictor (see `maesum.methods.prediction.run`)."""
    settings = checked(config, PredictConfig)
    check_folder_writable(settings.out)
    check_prediction_folder(settings.out)
    if settings.ckpt is not None:
        check_checkpoint_file(settings.ckpt)
    check_prediction(settings)
    from maesum.methods.prediction import run  # torch loads only for a job that can run

    return run(settings)


main = entry_point("predict", predict)

if __name__ == "__main__":
    main()
