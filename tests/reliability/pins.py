"""The pins of constraints.txt for every Python that the package promises: read here, looked up by `make pins`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[2]
#: What requires-python of pyproject.toml admits, as far as the dependencies have releases for it.
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def name_of(requirement: Requirement) -> str:
    """The name as registries normalise it."""
    return requirement.name.lower().replace("_", "-").replace(".", "-")


def pins_for(python: str) -> list[Requirement]:
    """The lines of constraints.txt that hold for a Python, e.g. "3.10"."""
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(text) for line in lines if (text := line.split("#")[0].strip())]
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    return [each for each in requirements if each.marker is None or each.marker.evaluate(environment)]


def main() -> None:
    """Ask pip whether each pin has a release for each Python; installs nothing, exits with 1 where one has none."""
    failed = False
    for python in PYTHONS:
        pins = [
            f"{each.name}{each.specifier}" for each in pins_for(python)
        ]  # pip would read markers for its own Python
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps", "--target", folder]
            done = subprocess.run([*command, "--python-version", python, *pins], check=False)
        print(f"Python {python}: {len(pins)} pins, {'not all have a release' if done.returncode else 'all have one'}")
        failed |= bool(done.returncode)
    sys.exit(failed)


if __name__ == "__main__":
    main()
