"""Which file a checkpoint's hash is of."""

import torch

from maesum.system.files import file_hash
from maesum.training import checkpoints


def test_the_hash_is_of_the_file_that_was_read(tmp_path, monkeypatch):
    path, other = tmp_path / "last.ckpt", tmp_path / "other.ckpt"
    torch.save({"weight": torch.zeros(1)}, path)
    torch.save({"weight": torch.ones(1)}, other)
    before = file_hash(path)
    load = torch.load

    def replaced(*arguments, **keywords):
        other.replace(path)  # as a training's next checkpoint does
        return load(*arguments, **keywords)

    monkeypatch.setattr(torch, "load", replaced)
    content, found = checkpoints.read_hashed_checkpoint(path)
    assert content["weight"].item() == 0
    assert found == before != file_hash(path)
