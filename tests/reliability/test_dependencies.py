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
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.reliability.pins import PYTHONS, name_of, pins_for

REPOSITORY = Path(__file__).resolve().parents[2]

#: Releases that were taken over and shipped malware.
KNOWN_BAD = {"lightning": ["2.6.2", "2.6.3"]}


def _pins(python: str = "3.11") -> dict[str, Version]:
    """The exact version of each package for a Python; fails where a package has several."""
    pins: dict[str, Version] = {}
    for requirement in pins_for(python):
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", f"{requirement} is no exact pin"
        assert name_of(requirement) not in pins, f"{requirement.name} is pinned twice for Python {python}"
        pins[name_of(requirement)] = Version(specifier.version)
    return pins


def _ranges() -> list[Requirement]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for part in project["optional-dependencies"].values() for text in part]
    requirements = [Requirement(text) for text in project["dependencies"] + extras]
    return [requirement for requirement in requirements if requirement.name != project["name"]]


@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_within_its_range(python):
    pins = _pins(python)
    for requirement in _ranges():
        assert name_of(requirement) in pins, f"constraints.txt does not pin {requirement.name} for Python {python}"
        assert requirement.specifier.contains(pins[name_of(requirement)]), requirement


@pytest.mark.parametrize("python", PYTHONS)
def test_what_is_pinned_for_one_python_is_pinned_for_every_other(python):
    only_there = {"async-timeout", "decorator", "exceptiongroup", "six"}  # stand in for what 3.11 brings itself
    assert _pins(python).keys() | only_there == _pins("3.11").keys() | only_there


def test_no_pin_holds_for_a_python_that_its_release_does_not_take():
    """By what the installed releases say of themselves: the pins of this Python."""
    checked = 0
    for python in PYTHONS:
        for name, version in _pins(python).items():
            try:
                found = metadata.metadata(name)
            except metadata.PackageNotFoundError:
                continue
            if Version(found["Version"]).base_version == version.base_version:
                checked += 1
                assert SpecifierSet(found["Requires-Python"] or "").contains(f"{python}.20"), f"{name}=={version}"
    assert checked > 200


def test_the_promised_pythons_are_those_that_are_looked_up():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={PYTHONS[0]}"


def test_no_range_and_no_pin_admits_a_known_bad_release():
    pins = _pins()
    for name, releases in KNOWN_BAD.items():
        for release in releases:
            assert pins.get(name) != Version(release)
            for requirement in _ranges():
                if name_of(requirement) == name:
                    assert not requirement.specifier.contains(release), requirement


def test_no_known_bad_release_is_installed():
    for name, releases in KNOWN_BAD.items():
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        assert installed not in releases
