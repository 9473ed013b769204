"""Runs a tool, and makes its log fit to be kept."""

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path


class Project:
    """A folder with one generated project, and the environment of its runs."""

    def __init__(self, folder, tools):
        self.folder, self.tools = Path(folder), Path(tools)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
        return path

    def run(self, *command, env=None, both=True):
        """What the command printed, standard error mixed in as a CI system does (or left out)."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("npm_", "CARGO", "RUST"))}
        clean |= {"CI": "true", "LANG": "C.UTF-8", "NO_UPDATE_NOTIFIER": "1"} | (env or {})
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder, env=clean, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if both else subprocess.DEVNULL, timeout=900,
        )
        return done.stdout.decode("utf8", "replace")

    def scrub(self, text):
        """Without this machine's paths and name."""
        for real in {str(self.folder.resolve()), str(self.folder)}:
            text = text.replace(real, "/home/ci/project")
        for real in {str(self.tools.resolve()), str(self.tools)}:
            text = text.replace(real, "/home/ci/tools")
        text = text.replace(str(Path.home()) + "/", "/home/ci/")
        text = re.sub(r"/home/ci/\.pyenv/versions/[^/]+/lib", "/usr/lib", text)
        return text.replace(socket.gethostname(), "runner")


def truth(passed, failed, skipped, names, command, other=0, unknown=()):
    """`other`: tests that ran and neither passed nor failed; `unknown`: what the log cannot tell."""
    found = {"run": passed + failed + other, "passed": passed, "failed": failed, "skipped": skipped}
    found |= {key: None for key in unknown}
    names = None if names is None else sorted(set(names))
    return found | {"failed_names": names, "command": command}


def save(folder, number, project, log, found):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{number:02}.log").write_text(project.scrub(log), encoding="utf8", newline="")
    text = json.dumps(found, ensure_ascii=False, indent=1)
    (folder / f"{number:02}.json").write_text(project.scrub(text) + "\n", encoding="utf8")
