"""Methods that can be trained: one file each, found by its name (see `maesum.methods.registry`).

A method of one's own needs no change here: name a folder by MAESUM_METHODS in the environment that holds toy.py and
toy.yaml, and `method=toy` trains it.
"""

from __future__ import annotations

import os

if os.environ.get("MAESUM_METHODS"):
    __path__.append(os.environ["MAESUM_METHODS"])
