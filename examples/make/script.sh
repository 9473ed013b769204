#!/usr/bin/env bash
# A nightly import in Python. Writes
#   python-traceback.log             one exception while another is handled, after rows that are
#                                    skipped with a traceback of their own

source "$(dirname "$0")/common.sh"
project ledger
mkdir -p ledger inbox

touch ledger/__init__.py
cat >ledger/rows.py <<'PY'
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass
class Row:
    day: date
    account: str
    amount: Decimal


def parse(line):
    day, account, amount = line.rstrip("\n").split(";")
    return Row(date.fromisoformat(day), account, Decimal(amount))
PY
cat >ledger/accounts.py <<'PY'
ACCOUNTS = {"1000": "cash", "1200": "bank", "4400": "sales", "4830": "postage"}
RENUMBERED = {"1201": "1200", "4401": "4440"}


def find(number):
    try:
        return ACCOUNTS[number]
    except KeyError:
        return ACCOUNTS[RENUMBERED[number]]
PY
cat >ledger/__main__.py <<'PY'
import logging
import sys
import warnings
from collections import Counter
from decimal import InvalidOperation
from pathlib import Path

from ledger import accounts, rows

logging.basicConfig(level=logging.INFO, format="%(levelname)-7s %(name)s: %(message)s", stream=sys.stdout)
log = logging.getLogger("import")


def read(path):
    for number, line in enumerate(path.open(), 1):
        try:
            yield rows.parse(line)
        except (ValueError, InvalidOperation):
            log.warning("%s:%d skipped", path.name, number, exc_info=True)


def book(row, totals):
    name = accounts.find(row.account)
    totals[name] += row.amount
    return name


def main(folder):
    warnings.warn("CSV input is deprecated and will be an error in 5.0", DeprecationWarning, stacklevel=1)
    totals = Counter()
    for path in sorted(Path(folder).glob("*.csv")):
        log.info("reading %s", path.name)
        for row in read(path):
            name = book(row, totals)
            log.info("%s %-8s %10s", row.day, name, row.amount)
        log.info("%s done, 0 errors", path.name)
    for name, total in totals.items():
        log.info("total %-8s %10s", name, total)


main(sys.argv[1])
PY
accounts=(1000 1200 4400 4830)
for day in 01 02 03 04 05; do
    for n in 1 2 3 4 5 6 7 8; do
        echo "2026-03-$day;${accounts[(n + 10#$day) % 4]};$((n * 37 % 19)).$((10 + n * 11 % 90))"
    done >inbox/2026-03-$day.csv
done
echo '2026-03-02;1000;12,50' >>inbox/2026-03-02.csv
echo '2026-02-30;4400;80.00' >>inbox/2026-03-03.csv
echo '2026-03-03;1201;15.00' >>inbox/2026-03-03.csv
sed -i '5s/.*/2026-03-05;4401;129.90/' inbox/2026-03-05.csv

raw python-traceback bash -exc '/usr/bin/python3 -m compileall -q ledger; /usr/bin/python3 -u -W default -m ledger inbox'
