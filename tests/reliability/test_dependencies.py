"""Pins, ranges and releases that must never be installed."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli", reason="reading pyproject.toml needs Python 3.11 or tomli")

from packaging.requirements import Requirement
from packaging.version import Version

REPOSITORY = Path(__file__).resolve().parents[2]

#: Releases that were taken over and shipped malware.
KNOWN_BAD = {"lightning": ["2.6.2", "2.6.3"]}


def _pins() -> dict[str, Version]:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    requirements = [Requirement(text) for line in lines if (text := line.split("#")[0].strip())]
    pins = {}
    for requirement in requirements:
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is no exact pin"
        pins[_name(requirement.name)] = Version(specifier.version)
    return pins


def _ranges() -> list[Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for part in project["optional-dependencies"].values() for text in part]
    requirements = [Requirement(text) for text in project["dependencies"] + extras]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


def _name(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def test_every_dependency_is_pinned_within_its_range():
    pins = _pins()
    for requirement in _ranges():
        assert _name(requirement.name) in pins, f"constraints.txt does not pin {requirement.name}"
        assert requirement.specifier.contains(pins[_name(requirement.name)]), requirement


def test_no_range_and_no_pin_admits_a_known_bad_release():
    pins = _pins()
    for name, releases in KNOWN_BAD.items():
        for release in releases:
            assert pins.get(name) != Version(release)
            for requirement in _ranges():
                if _name(requirement.name) == name:
                    assert not requirement.specifier.contains(release), requirement


def test_no_known_bad_release_is_installed():
    for name, releases in KNOWN_BAD.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        assert installed not in releases
