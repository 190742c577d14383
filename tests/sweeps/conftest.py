"""Jobs that are over in no time: a script in place of a command."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from maesum.sweeps.jobs import Job


@dataclass(frozen=True)
class ScriptedJob(Job):
    """Counts its runs, then writes what a run leaves, or fails."""

    script: str = ""

    def arguments(self) -> list[str]:
        return ["-c", self.script]


@pytest.fixture
def make_job(tmp_path):
    def make(
        name: str, needs: tuple[Job, ...] = (), fails: bool = False, seconds: float = 0.0, folder: Path = tmp_path
    ) -> Job:
        own = folder / name
        origin = json.dumps({"config_hash": name})
        script = (
            f"import pathlib, sys, time; own = pathlib.Path({str(own)!r}); "
            f"open(own / 'starts', 'a').write('x'); print('error: broken' if {fails} else 'ran', *sys.argv[1:]); "
            f"time.sleep({seconds}); sys.exit(2) if {fails} else None; "
            f"(own / 'provenance.json').write_text({origin!r}); (own / 'metrics.json').write_text('{{\"a\": 1}}')"
        )
        return ScriptedJob(f"table/{name}", "predict", (), {"benchmarks": {}}, name, own, needs, script=script)

    return make


@pytest.fixture
def starts(tmp_path):
    """How often each job was started."""
    return lambda: {path.parent.name: len(path.read_text()) for path in sorted(tmp_path.glob("*/starts"))}
