#!/usr/bin/env bash
# A weather service's Python package. Writes
#   pytest-passed.log                all is well, with warnings and live log lines at level ERROR
#   github-pytest-failed.log.gz      one assertion fails and one fixture breaks (in colour)

source "$(dirname "$0")/common.sh"
project forecast
mkdir -p forecast tests/data

/usr/bin/python3 -m venv "$HOME/venv-forecast"
"$HOME/venv-forecast/bin/pip" install -q pytest==8.3.4
export PATH=$HOME/venv-forecast/bin:$PATH

cat >pyproject.toml <<'TOML'
[project]
name = "forecast"
version = "2.3.0"

[tool.pytest.ini_options]
testpaths = ["tests"]
log_cli = true
log_cli_level = "ERROR"
markers = ["slow: needs the station's archive"]
pythonpath = ["."]
TOML
touch forecast/__init__.py

cat >forecast/units.py <<'PY'
import warnings


def to_celsius(fahrenheit):
    return round((fahrenheit - 32) * 5 / 9, 1)


def to_fahrenheit(celsius):
    return round(celsius * 9 / 5 + 32, 1)


def c2f(celsius):
    warnings.warn("c2f() is deprecated, use to_fahrenheit()", DeprecationWarning, stacklevel=2)
    return to_fahrenheit(celsius)


def beaufort(metres_per_second):
    limits = [0.3, 1.6, 3.4, 5.5, 8.0, 10.8, 13.9, 17.2, 20.8, 24.5, 28.5, 32.7]
    for force, limit in enumerate(limits):
        if metres_per_second < limit:
            return force
    return 12
PY
cat >forecast/station.py <<'PY'
import csv
import logging

log = logging.getLogger(__name__)


class StationError(Exception):
    pass


class Station:
    def __init__(self, name, rows):
        self.name = name
        self.rows = rows

    @classmethod
    def load(cls, path):
        with open(path, newline="") as file:
            return cls(path.stem, [(row["time"], float(row["temp"])) for row in csv.DictReader(file)])

    def mean(self):
        if not self.rows:
            log.error("station %s: no readings", self.name)
            raise StationError(f"{self.name}: no readings")
        return sum(temp for _, temp in self.rows) / len(self.rows)

    def warmest(self):
        return max(self.rows, key=lambda row: row[1])


def fetch(get, url, tries=3):
    for attempt in range(1, tries + 1):
        try:
            return get(url)
        except OSError as error:
            log.error("fetch %s failed (attempt %d of %d): %s", url, attempt, tries, error)
    raise StationError(f"{url}: no answer")
PY
cat >tests/conftest.py <<'PY'
from pathlib import Path

import pytest

from forecast.station import Station

DATA = Path(__file__).parent / "data"


@pytest.fixture
def oslo():
    return Station.load(DATA / "oslo.csv")


@pytest.fixture
def bergen():
    return Station.load(DATA / "bergen.csv")
PY
printf 'time,temp\n06:00,1.5\n12:00,6.0\n18:00,3.0\n' >tests/data/oslo.csv
printf 'time,temp\n06:00,4.0\n12:00,7.5\n18:00,5.5\n' >tests/data/bergen.csv
cat >tests/test_units.py <<'PY'
import sys

import pytest

from forecast.units import beaufort, c2f, to_celsius, to_fahrenheit


@pytest.mark.parametrize("f, c", [(32, 0.0), (212, 100.0), (-40, -40.0), (98.6, 37.0), (0, -17.8)])
def test_to_celsius(f, c):
    assert to_celsius(f) == c


@pytest.mark.parametrize("c", range(-20, 45, 5))
def test_there_and_back(c):
    assert to_celsius(to_fahrenheit(c)) == pytest.approx(c, abs=0.05)


def test_old_name():
    assert c2f(100) == 212.0


@pytest.mark.parametrize("speed, force", [(0.0, 0), (0.3, 1), (5.4, 3), (10.8, 6), (32.6, 11), (40.0, 12)])
def test_beaufort(speed, force):
    assert beaufort(speed) == force


@pytest.mark.skipif(sys.platform != "win32", reason="Windows only")
def test_code_page():
    raise AssertionError


@pytest.mark.xfail(reason="#77: kelvin is not supported", raises=TypeError)
def test_kelvin():
    to_celsius("273K")
PY
cat >tests/test_station.py <<'PY'
import datetime
import logging

import pytest

from forecast.station import Station, StationError, fetch


def test_mean(oslo):
    assert oslo.mean() == 3.5


def test_mean_of_nothing():
    with pytest.raises(StationError, match="no readings"):
        Station("nowhere", []).mean()


def test_warmest(oslo):
    assert oslo.warmest() == ("12:00", 6.0)


def test_fetch_tries_again():
    answers = iter([TimeoutError("timed out"), ConnectionResetError("connection reset by peer"), "ok"])

    def get(url):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert fetch(get, "station/oslo") == "ok"


def test_fetch_gives_up():
    def get(url):
        raise OSError("Traceback (most recent call last): upstream said 500 Internal Server Error")

    with pytest.raises(StationError):
        fetch(get, "station/oslo")


def test_clock():
    logging.getLogger("clock").error("FAILED to sync, using local time")
    assert datetime.datetime.utcnow().year >= 2024


def test_two_stations(oslo, bergen):
    assert bergen.mean() > oslo.mean()


@pytest.mark.slow
@pytest.mark.skip(reason="the archive is offline")
def test_archive():
    pass
PY
cat >tests/test_report.py <<'PY'
from forecast.report import summary


def test_summary_of_a_day(oslo):
    assert summary(oslo) == {
        "station": "oslo",
        "mean": 3.5,
        "max": {"time": "12:00", "temp": 6.0},
        "text": "mild, 6.0 °C at noon",
    }


def test_summary_names_the_station(bergen):
    assert summary(bergen)["station"] == "bergen"
PY
cat >forecast/report.py <<'PY'
def summary(station):
    time, temp = station.warmest()
    feeling = "mild" if temp > 5 else "cold"
    when = "at noon" if time == "12:00" else f"at {time}"
    return {
        "station": station.name,
        "mean": round(station.mean(), 1),
        "max": {"time": time, "temp": temp},
        "text": f"{feeling}, {temp} °C {when}",
    }
PY

raw pytest-passed python -m pytest -v -p no:cacheprovider

# The mean is now rounded to whole degrees, and a reading is lost from a data file.
sed -i 's/"mean": round(station.mean(), 1)/"mean": round(station.mean())/' forecast/report.py
printf 'time,temp\n06:00,4.0\n12:00,\n18:00,5.5\n' >tests/data/bergen.csv
sed -i '/^def test_two_stations/,/^$/d' tests/test_station.py
github github-pytest-failed.log.gz --repo northwind-lab/forecast --env FORCE_COLOR=1 \
    'python --version' 'python -m pytest -p no:cacheprovider'
