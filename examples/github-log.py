#!/usr/bin/env python3
"""Run commands as the steps of one job, and write the log as GitHub Actions would.

    github-log.py OUT --repo OWNER/NAME [--env KEY=VALUE]... STEP [STEP ...]

Each STEP is a few lines of bash, run with `bash -e` in the current folder; the job stops
at the first one that fails. OUT is gzipped if its name ends in .gz.

A line of a step has the time at which it was really printed. The lines around the steps
(set-up, checkout, clean-up) are the runner's fixed phrases, with made-up times that lead
up to the first step and away from the last.
"""

import argparse
import datetime
import gzip
import hashlib
import os
import random
import re
import subprocess
import tempfile
import time

CHECKOUT_SHA = "34e114876b0b11c390a56381ad16ebd13914f8d5"
IMAGE = "20261102.1"

# `{x}` is filled in below; the number is how long the runner took, in milliseconds.
SET_UP = """
0 Current runner version: '2.329.0'
3 ##[group]Runner Image Provisioner
0 Hosted Compute Agent
0 Version: 20261016.436
0 ##[endgroup]
1 ##[group]Operating System
0 Ubuntu
0 24.04.3
0 LTS
0 ##[endgroup]
0 ##[group]Runner Image
0 Image: ubuntu-24.04
0 Version: {image}.0
0 Included Software: https://github.com/actions/runner-images/blob/ubuntu24/{image}/images/ubuntu/Ubuntu2404-Readme.md
0 Image Release: https://github.com/actions/runner-images/releases/tag/ubuntu24%2F{image}
0 ##[endgroup]
1 ##[group]GITHUB_TOKEN Permissions
0 Contents: read
0 Metadata: read
0 Packages: read
0 ##[endgroup]
0 Secret source: Actions
1 Prepare workflow directory
62 Prepare all required actions
31 Getting action download info
418 Download action repository 'actions/checkout@v4' (SHA:{action})
702 Complete job name: build
71 ##[group]Run actions/checkout@v4
0 with:
0   repository: {repo}
0   token: ***
0   ssh-strict: true
0   persist-credentials: true
0   clean: true
0   sparse-checkout-cone-mode: true
0   fetch-depth: 1
0   fetch-tags: false
0   show-progress: true
0   lfs: false
0   submodules: false
0   set-safe-directory: true
{env}0 ##[endgroup]
164 Syncing repository: {repo}
2 ##[group]Getting Git version info
0 Working directory is '{work}'
1 [command]/usr/bin/git version
42 git version 2.51.2
19 ##[endgroup]
17 Temporarily overriding HOME='/home/runner/work/_temp/{temp}' before making global git config changes
0 Adding repository directory to the temporary git global config as a safe directory
2 [command]/usr/bin/git config --global --add safe.directory {work}
35 Deleting the contents of '{work}'
3 ##[group]Initializing the repository
4 [command]/usr/bin/git init {work}
98 hint: Using 'master' as the name for the initial branch. This default branch name
0 hint: is subject to change. To configure the initial branch name to use in all
0 hint: of your new repositories, which will suppress this warning, call:
0 hint:
0 hint: 	git config --global init.defaultBranch <name>
0 hint:
0 hint: Names commonly chosen instead of 'master' are 'main', 'trunk' and
0 hint: 'development'. The just-created branch can be renamed via this command:
0 hint:
0 hint: 	git branch -m <name>
1 Initialized empty Git repository in {work}/.git/
12 [command]/usr/bin/git remote add origin https://github.com/{repo}
30 ##[endgroup]
0 ##[group]Disabling automatic garbage collection
4 [command]/usr/bin/git config --local gc.auto 0
33 ##[endgroup]
0 ##[group]Setting up auth
6 [command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand
34 [command]/usr/bin/git config --local --name-only --get-regexp http\\.https\\:\\/\\/github\\.com\\/\\.extraheader
255 [command]/usr/bin/git config --local http.https://github.com/.extraheader AUTHORIZATION: basic ***
40 ##[endgroup]
0 ##[group]Fetching the repository
7 [command]/usr/bin/git -c protocol.version=2 fetch --no-tags --prune --no-recurse-submodules --depth=1 origin +{commit}:refs/remotes/origin/main
487 From https://github.com/{repo}
0  * [new ref]         {commit} -> origin/main
28 ##[endgroup]
0 ##[group]Determining the checkout info
1 ##[endgroup]
3 [command]/usr/bin/git sparse-checkout disable
38 [command]/usr/bin/git config --local --unset-all extensions.worktreeConfig
36 ##[group]Checking out the ref
4 [command]/usr/bin/git checkout --progress --force -B main refs/remotes/origin/main
12 Switched to a new branch 'main'
0 branch 'main' set up to track 'origin/main'.
5 ##[endgroup]
44 [command]/usr/bin/git log -1 --format=%H
22 {commit}
"""

CLEAN_UP = """
148 Post job cleanup.
96 [command]/usr/bin/git version
41 git version 2.51.2
30 Temporarily overriding HOME='/home/runner/work/_temp/{temp}' before making global git config changes
0 Adding repository directory to the temporary git global config as a safe directory
2 [command]/usr/bin/git config --global --add safe.directory {work}
36 [command]/usr/bin/git config --local --name-only --get-regexp core\\.sshCommand
38 [command]/usr/bin/git config --local --name-only --get-regexp http\\.https\\:\\/\\/github\\.com\\/\\.extraheader
257 http.https://github.com/.extraheader
10 [command]/usr/bin/git config --local --unset-all http.https://github.com/.extraheader
304 Cleaning up orphan processes
"""

# What a step may say to the runner, which prints it in another way.
COMMAND = re.compile(r"^::(group|endgroup|error|warning|notice|debug)(?: [^:]*)?::(.*)$")


class Log:
    """The lines of a log, each with its time (UTC, to the 100 ns as the runner writes it)."""

    def __init__(self, start):
        self.lines = []
        self.now = start

    def add(self, text, at=None):
        at = self.now + random.uniform(1e-6, 4e-5) if at is None else at
        self.now = max(self.now + 1e-7, at)
        whole, part = divmod(round(self.now * 10_000_000), 10_000_000)
        stamp = datetime.datetime.fromtimestamp(whole, datetime.timezone.utc)
        self.lines.append(f"{stamp:%Y-%m-%dT%H:%M:%S}.{part:07d}Z {text}\n")

    def add_fixed(self, phrases):
        for wait, text in phrases:
            self.now += wait * random.uniform(0.8, 1.2) / 1000
            self.add(text)

    def step(self, commands, env):
        """Runs one step; says whether it passed."""
        commands = commands.strip("\n").split("\n")
        self.add(f"##[group]Run {commands[0]}", at=time.time())
        for line in commands:
            self.add(f"\x1b[36;1m{line}\x1b[0m")
        self.add("shell: /usr/bin/bash -e {0}")
        if env:
            self.add("env:")
        for key, value in env.items():
            self.add(f"  {key}: {value}")
        self.add("##[endgroup]")
        with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
            script.write("\n".join(commands) + "\n")
            script.flush()
            run = subprocess.Popen(
                ["bash", "-e", script.name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
            )
            for line in run.stdout:
                line = line.decode().rstrip("\r\n").replace(script.name, f"/home/runner/work/_temp/{uuid('step')}.sh")
                said = COMMAND.match(line)
                self.add(f"##[{said[1]}]{said[2]}" if said else line, at=time.time())
            code = run.wait()
        if code:
            self.add(f"##[error]Process completed with exit code {code}.", at=time.time())
        return code == 0


def uuid(what):
    text = hashlib.sha1(what.encode()).hexdigest()
    return "-".join((text[:8], text[8:12], "4" + text[13:16], "a" + text[17:20], text[20:32]))


def phrases(text, **values):
    rows = (row.split(" ", 1) for row in text.format(**values).strip("\n").split("\n"))
    return [(int(wait), phrase) for wait, phrase in rows]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--repo", required=True, metavar="OWNER/NAME")
    parser.add_argument("--env", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("steps", nargs="+", metavar="STEP")
    args = parser.parse_args()

    random.seed(args.out)
    name = args.repo.split("/")[1]
    env = dict(pair.split("=", 1) for pair in args.env)
    values = {
        "repo": args.repo,
        "work": f"/home/runner/work/{name}/{name}",
        "image": IMAGE,
        "action": CHECKOUT_SHA,
        "commit": hashlib.sha1(args.repo.encode()).hexdigest(),
        "temp": uuid(args.repo),
        "env": "".join(["0 env:\n"] + [f"0   {k}: {v}\n" for k, v in env.items()]) if env else "",
    }
    set_up = phrases(SET_UP, **values)
    log = Log(time.time() - 1.2 * sum(wait for wait, _ in set_up) / 1000)
    log.add_fixed(set_up)
    for step in args.steps:
        if not log.step(step, env):
            break
    log.add_fixed(phrases(CLEAN_UP, **values))

    text = "\ufeff" + "".join(log.lines)
    if args.out.endswith(".gz"):
        data = gzip.compress(text.encode(), mtime=0)
    else:
        data = text.encode()
    with open(args.out, "wb") as file:
        file.write(data)


if __name__ == "__main__":
    main()
