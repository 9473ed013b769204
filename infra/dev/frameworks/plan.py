"""Random small test projects: what all frameworks share. A seed makes the same project again."""

import random
from dataclasses import dataclass, field

VERBS = "adds applies closes counts drops finds keeps loads merges opens parses reads renders rounds saves sends sorts splits".split()
NOUNS = "basket cache card city cookie currency digest estimate index invoice ledger letter order parcel rate stock tax token".split()
UNICODE = ["größe", "naïve", "名前", "ñandú", "цена", "łódź", "τιμή"]
ODD = [": as before", " (twice)", " → nothing", " #3", " 'quoted'", " in 10 ms", " [x]", " - again", ", then fails", " \"so\""]

# What programs say while they are tested: none of it is a result.
NOISE = [
    "INFO starting worker 3",
    "2024-05-03 10:11:12,345 ERROR [pool-1] connection refused, retrying (1/3)",
    "WARN cache is cold",
    "Error: expected by this test",
    "1 attempt failed, 2 passed on",
    "failed to open /var/cache/shop, going on without",
    "done in 0.3s",
    "{\"level\":\"error\",\"msg\":\"card declined\",\"tests\":4}",
    "ok",
    "  indented output\n    and more of it",
    "été 東京 ✓",
    "50% [=====>     ] 5/10",
    "",
]

MESSAGES = [
    "expected 3 but was 4",
    "total is wrong",
    "wrong rate for zone 7:\n  want: 12.50\n  have: 12.05",
    "größe stimmt nicht: 3 ≠ 4",
    "first line\n\nthird line after an empty one",
    "answer was 500: {\"error\": \"no stock\"}",
    "a < b, b > c & \"quoted\"",
]


@dataclass
class Case:
    ident: str
    title: str
    outcome: str
    message: str
    noise: list
    variant: int


@dataclass
class Suite:
    ident: str
    title: str
    cases: list
    suites: list = field(default_factory=list)

    def each(self):
        yield from self.cases
        for suite in self.suites:
            yield from suite.each()


class Plan:
    """The source of all chance of one run."""

    def __init__(self, framework, number):
        self.random = random.Random(f"{framework}/{number}")
        self.number = number
        self.taken = set()
        # A fifth of the runs pass; the others fail more or less.
        self.bad = 0 if number % 5 == 0 else self.random.choice([0.05, 0.2, 0.5])
        self.skips = self.random.choice([0, 0.1, 0.3])

    def pick(self, *choices):
        return self.random.choice(choices)

    def chance(self, share):
        return self.random.random() < share

    def ident(self, ascii_only=False):
        while True:
            parts = [self.random.choice(VERBS), self.random.choice(NOUNS)]
            if not ascii_only and self.chance(0.1):
                parts.append(self.random.choice(UNICODE))
            name = "_".join(parts)
            if name in self.taken:
                name += f"_{self.random.randrange(1000)}"
            if name not in self.taken:
                self.taken.add(name)
                return name

    def title(self, ident):
        words = ident.replace("_", " ")
        return words + (self.random.choice(ODD) if self.chance(0.25) else "")

    def outcome(self, bad):
        chance = self.random.random()
        if chance < self.bad:
            return self.random.choice(bad)
        return "skip" if chance > 1 - self.skips else "pass"

    def noise(self):
        if not self.chance(0.2):
            return []
        return [(self.pick("out", "err"), self.random.choice(NOISE)) for _ in range(self.random.randint(1, 3))]

    def case(self, bad=("fail", "error"), ascii_only=False):
        ident = self.ident(ascii_only)
        return Case(ident, self.title(ident), self.outcome(bad), self.random.choice(MESSAGES), self.noise(), self.random.randrange(8))

    def suite(self, depth=2, bad=("fail", "error"), ascii_only=False, least=1):
        ident = self.ident(ascii_only)
        cases = [self.case(bad, ascii_only) for _ in range(self.random.randint(least, 5))]
        inner = self.random.randint(0, 2) if depth > 0 and self.chance(0.5) else 0
        return Suite(ident, self.title(ident), cases, [self.suite(depth - 1, bad, ascii_only) for _ in range(inner)])


def camel(ident):
    return "".join(part[:1].upper() + part[1:] for part in ident.split("_"))
