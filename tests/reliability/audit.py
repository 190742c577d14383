"""`python -m tests.reliability.audit`: look the pinned versions up in the public database of advisories.

Ends with 1 where one of them has a known vulnerability, and with 0, saying so, where the database cannot be reached.
Releases that are known to be bad are refused without a network too, by tests/reliability/test_dependencies.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from tests.reliability.test_dependencies import REPOSITORY


def audit() -> list[dict[str, Any]] | None:
    """What pip-audit says of each pinned package; None where it cannot run at all."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(REPOSITORY / "constraints.txt"), "--no-deps",
               "--disable-pip", "--progress-spinner", "off", "--format", "json"]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        return json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None


def main() -> int:
    """Print what is known and return the exit status."""
    packages = audit()
    looked_up = [package for package in packages or [] if "skip_reason" not in package]
    if not looked_up:
        print("not audited: the database of advisories cannot be reached from here")
        return 0
    bad = [(package, entry) for package in looked_up for entry in package["vulns"]]
    for package, entry in bad:
        fixed = ", ".join(entry["fix_versions"]) or "no release yet"
        print(f"{package['name']} {package['version']}: {entry['id']}, fixed in {fixed}")
    print(f"{len(looked_up)} of {len(packages or [])} pinned packages looked up, {len(bad)} known vulnerabilities")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
