"""Masked autoencoders for unsupervised video summarization.

The packages for use as a library, each importable on its own:

``maesum.data``       features, annotations and scores on disk; which frames a clip or a window is made of
``maesum.models``     the masked autoencoder, plain PyTorch
``maesum.methods``    what is trained: LightningModules
``maesum.scoring``    the importance of every frame of a video
``maesum.metrics``    rank correlation and its baselines, plain numpy
``maesum.sharing``    models to share: ``maesum.sharing.hub.MaskedAutoencoder``
"""

from maesum.system.starting import is_a_command_starting, tell_interrupts
from maesum.system.torchvision_import import repair_on_import

__version__ = "0.1.0"

if is_a_command_starting():
    tell_interrupts()
repair_on_import()  # PyPI's torchvision beside CPU torch would break Lightning's import
