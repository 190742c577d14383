"""What `ckpt=last` stands for depends on whether the user named the run's folder."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from maesum.training import resumption


@pytest.mark.parametrize(
    ("overrides", "is_given"),
    [
        ([], False),
        (["hydra.run.dir=runs/mine"], True),
        (["++hydra.run.dir=runs/mine"], True),
        (["hydra.run.dir='${new_folder:runs/${name}}'"], False),  # as `--config-path RUN/.hydra` is completed
    ],
)
def test_whether_the_user_named_the_folder(
    overrides: list[str], is_given: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = SimpleNamespace(overrides=SimpleNamespace(hydra=overrides))
    monkeypatch.setattr(resumption, "HydraConfig", SimpleNamespace(get=lambda: running))
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert resumption.folder_is_given() is is_given
