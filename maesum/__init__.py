"""Masked autoencoders for unsupervised video summarization.

The five packages, each importable on its own:

``maesum.data``       features, annotations and scores on disk; which frames a clip or a window is made of
``maesum.models``     the masked autoencoder, plain PyTorch
``maesum.tasks``      what is trained: LightningModules and their optimisation
``maesum.scoring``    the importance of every frame of a video
``maesum.metrics``    rank correlation and its baselines, plain numpy
"""

from maesum.torchvision_import import repair_on_import

__version__ = "0.1.0"

repair_on_import()  # PyPI's torchvision beside CPU torch would break Lightning's import
