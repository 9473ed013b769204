#!/usr/bin/env python3
"""Makes the logs and truths of tests/frameworks: see README.md."""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import java
import js
import native
import py
from run import Project, save

FRAMEWORKS = {
    "pytest": py.pytest, "unittest": py.unittest,
    "jest": js.jest, "mocha": js.mocha, "vitest": js.vitest, "node": js.node,
    "cargo": native.cargo, "go": native.go, "gtest": native.gtest, "ctest": native.ctest,
    "surefire": java.surefire, "testng": java.testng,
}
REPOSITORY = Path(__file__).resolve().parents[3]


def python(version):
    found = shutil.which(f"python{version}")
    own = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    return own[-1] if own else found or sys.exit(f"python{version} is not here")


def prepare(tools, wanted):
    """Installs what the wanted frameworks need, once."""
    if wanted & {"pytest", "unittest"}:
        for version, packages in py.PYTHONS.items():
            venv = tools / f"python{version}"
            if not venv.exists():
                subprocess.run([python(version), "-m", "venv", venv], check=True)
                subprocess.run([venv / "bin/pip", "install", "--quiet", *packages], check=True)
    if wanted & {"jest", "mocha", "vitest"} and not (tools / "node_modules").exists():
        tools.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", tools, *js.PACKAGES], check=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("frameworks", nargs="*", help=", ".join(FRAMEWORKS))
    arguments.add_argument("--tools", type=Path, default=Path(tempfile.gettempdir()) / "logmill-frameworks")
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--runs", type=int, default=30)
    chosen = arguments.parse_args()
    wanted = chosen.frameworks or list(FRAMEWORKS)
    prepare(chosen.tools, set(wanted))
    for name in wanted:
        for number in range(chosen.first, chosen.first + chosen.runs):
            project = Project(chosen.tools / "projects" / name, chosen.tools)
            log, found = FRAMEWORKS[name](number, project)
            save(REPOSITORY / "tests/frameworks" / name, number, project, log, found)
            print(name, number, {key: found[key] for key in ("run", "passed", "failed", "skipped")}, len(log), flush=True)


if __name__ == "__main__":
    main()
