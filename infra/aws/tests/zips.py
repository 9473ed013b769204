#!/usr/bin/env python3
"""What is uploaded runs where it is told to: one executable for the right processor, which asks for no
newer C library than provided.al2023 has, small enough to start fast.

usage: zips.py arm64|x86_64 FOLDER [--any-size]    FOLDER/<function>/bootstrap.zip
"""

import re
import struct
import sys
import zipfile
from pathlib import Path

import tomlkit

TABLE = tomlkit.parse((Path(__file__).resolve().parent.parent / "functions.toml").read_text())
MACHINES = {"arm64": 183, "x86_64": 62}
# Amazon Linux 2023.
NEWEST_GLIBC = (2, 34)
MOST_BYTES = 5_000_000


def faults(machine, path, most_bytes):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if names != ["bootstrap"]:
            yield f"holds {names}, not just bootstrap"
            return
        if not archive.getinfo("bootstrap").external_attr >> 16 & 0o100:
            yield "bootstrap cannot be executed"
        program = archive.read("bootstrap")
    (found,) = struct.unpack_from("<H", program, 18)
    if program[:4] != b"\x7fELF" or found != MACHINES[machine]:
        yield f"bootstrap is no program for {machine}"
    # The names of versions stand in the table of dynamic symbols' texts, each with a zero behind it.
    versions = {tuple(map(int, v.split(b"."))) for v in re.findall(rb"GLIBC_(\d+(?:\.\d+)+)\0", program)}
    newest = max(versions, default=(0,))
    size = path.stat().st_size
    print(f"{path.parent.name}: zip {size / 1e6:.2f} MB, executable {len(program) / 1e6:.2f} MB, "
          f"GLIBC_{'.'.join(map(str, newest))} at most")
    if not versions or newest > NEWEST_GLIBC:
        yield f"asks for GLIBC {newest}, and provided.al2023 has {NEWEST_GLIBC}"
    if most_bytes and size > most_bytes:
        yield f"has {size} bytes, {most_bytes} at most are wanted"


def main():
    machine, folder = sys.argv[1], Path(sys.argv[2])
    most_bytes = None if "--any-size" in sys.argv[3:] else MOST_BYTES
    bad = 0
    for name, function in TABLE.items():
        if not function["deployed"]:
            continue
        for fault in faults(machine, folder / name / "bootstrap.zip", most_bytes):
            bad += 1
            print(f"FAULT {name}: {fault}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
