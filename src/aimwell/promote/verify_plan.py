#!/usr/bin/env python3
"""Check an exported plan with nothing but Python: is it allowed, is it worth what it says, and the best.

    python verify_plan.py FOLDER

FOLDER holds `certificate.json`, `people.csv`, `effects.csv` and `assignment.csv`, as `aimwell plan export` writes them. This
file uses the standard library only and shares no code with Aimwell: copy it anywhere, or let `aimwell plan verify` run it.
It reads the files once, person by person, so
memory does not grow with the number of people. It prints OK and exits 0, or says what is wrong and exits 1.

What is checked, all in whole numbers:

1. every file has the SHA-256 that the certificate states;
2. every assigned pair is one of the effects, no pair twice, at most `contacts_per_person` for each person;
3. who is held out follows from the hash of the id, and nobody held out is in the effects or the assignment;
4. the budget and every limit hold, and the stated uses are right;
5. cost and value are the sums of the assigned pairs;
6. the stated prices have the right signs, and give exactly the stated bound, which no plan within these limits can exceed.

Where the assumed range of an offer comes from past prices, also, in floating point:

7. the range follows from the stated elasticity, its standard error and the discount, and the price model is not younger than the plan;
8. the values at the ends of the ranges follow from the assigned pairs.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

__all__ = ["WrongPlanError", "main", "verify"]

FILES = ("people.csv", "effects.csv", "assignment.csv")
LOTS = 2**31 - 1
Z_90 = 1.6448536269514722  # standard normal: nine tenths lie within


class WrongPlanError(Exception):
    """The plan is not what its certificate says."""


def main(arguments: Sequence[str]) -> int:
    """Check the folder named on the command line; return the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python verify_plan.py FOLDER\n")
        return 2
    try:
        report = verify(Path(arguments[0]))
    except (WrongPlanError, OSError, KeyError, ValueError) as error:
        sys.stdout.write(f"WRONG: {error.__class__.__name__}: {error}\n")
        return 1
    sys.stdout.write(f"{report}\n")
    return 0


def verify(folder: Path) -> str:
    """Check the plan in a folder; return one line of good news or raise."""
    certificate = json.loads((folder / "certificate.json").read_text(encoding="utf-8"))
    if certificate["format"] != "aimwell-plan-certificate/1":
        raise WrongPlanError(f"unknown format {certificate['format']}")
    check_hashes(folder, certificate)
    check_signs(certificate)
    check_ranges(certificate)
    sums = add_up(folder, certificate)
    check_sums(certificate, sums)
    check_ends(certificate, sums)
    return (
        f"OK: plan {certificate['plan_id']} is allowed, worth {sums['value']} milli at a cost of {sums['cost']}; "
        f"no plan within its limits is worth more than {sums['bound']} (gap {gap_of(sums):.2e})"
    )


def check_hashes(folder: Path, certificate: dict[str, Any]) -> None:
    """Compare each file with the hash that the certificate states."""
    for name in FILES:
        digest = hashlib.sha256()
        with (folder / name).open("rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):  # the file of this round
                digest.update(block)
        if digest.hexdigest() != certificate["files"][name]:
            raise WrongPlanError(f"{name} is not the file that was certified")


def check_signs(certificate: dict[str, Any]) -> None:
    """Refuse a price that is positive without a maximum, or negative without a minimum."""
    if certificate["budget_price"] < 0:
        raise WrongPlanError("the budget's price is negative")
    for limit in certificate["limits"]:
        if limit["price_milli"] > 0 and limit["maximum"] is None:
            raise WrongPlanError(f"`{limit['key']}` has a positive price but no maximum")
        if limit["price_milli"] < 0 and limit["minimum"] <= 0:
            raise WrongPlanError(f"`{limit['key']}` has a negative price but no minimum")


def check_ranges(certificate: dict[str, Any]) -> None:
    """Reckon anew what past prices say of each offer: of units times f = (1 - discount) ** elasticity, all but 1 / f are new."""
    assumed = certificate.get("assumed", {})  # older certificates have none
    if assumed and set(assumed) != set(certificate["offers"]):
        raise WrongPlanError(f"assumed ranges are of other offers: {', '.join(sorted(assumed))}")
    for offer, one in assumed.items():
        stated, prices = one["range"], one["prices"]
        if prices is None:
            if stated != certificate["incrementality"] or not one["why_not"]:
                raise WrongPlanError(f"{offer} has a range that is neither stated nor from past prices")
            continue
        if datetime.fromisoformat(prices["as_of"]) > datetime.fromisoformat(certificate["made_at"]):
            raise WrongPlanError(f"the prices of {offer} are younger than the plan")
        for name, side in (("low", 1), ("mid", 0), ("high", -1)):
            elasticity = prices["elasticity"] + side * Z_90 * prices["elasticity_se"]
            share = max(0.0, 1 - (1 - prices["discount_rate"]) ** -elasticity)
            if abs(share - stated[name]) > 1e-9:
                raise WrongPlanError(f"{name} of {offer} is {share}, the certificate says {stated[name]}")


def add_up(folder: Path, certificate: dict[str, Any]) -> dict[str, Any]:
    """Walk through all people once, and add up what is used, what it is worth, and the bound."""
    uses = [0] * len(certificate["limits"])
    sums: dict[str, Any] = {
        "value": 0,
        "cost": 0,
        "contacts": 0,
        "people": 0,
        "held_out": 0,
        "best": 0,
        "uses": uses,
        "gains": dict.fromkeys(certificate["offers"], 0),
    }
    with (
        (folder / "people.csv").open(encoding="utf-8", newline="") as people,
        (folder / "effects.csv").open(encoding="utf-8", newline="") as effects,
        (folder / "assignment.csv").open(encoding="utf-8", newline="") as assignment,
    ):
        pairs_of = Walk(effects, "effects.csv")
        assigned_to = Walk(assignment, "assignment.csv")
        last = None
        for row in csv.DictReader(people):
            person = int(row["person_id"])
            if last is not None and person <= last:
                raise WrongPlanError(f"people.csv is not sorted at person {person}, or names him twice")
            last = person
            sums["people"] += 1
            pairs, assigned = pairs_of.rows(person), assigned_to.rows(person)
            if check_arm(person, row, certificate["holdout"]):
                sums["held_out"] += 1
                if pairs or assigned:
                    raise WrongPlanError(f"person {person} is held out but has effects or an offer")
            else:
                add_person(person, row, pairs, assigned, certificate, sums)
        pairs_of.end()
        assigned_to.end()
    sums["bound"] = sums["best"] + worth(certificate)
    return sums


class Walk:
    """Rows of a file sorted by person, handed out person by person."""

    def __init__(self, file: Iterable[str], name: str) -> None:
        """Begin before the first row."""
        self.name = name
        self.groups = groupby(csv.DictReader(file), key=lambda row: int(row["person_id"]))
        self.person: int | None = None
        self.group: list[dict[str, str]] = []
        self.step()

    def step(self) -> None:
        """Go to the next person of the file."""
        before = self.person
        self.person, group = next(self.groups, (None, ()))
        self.group = list(group)
        if before is not None and self.person is not None and self.person <= before:
            raise WrongPlanError(f"{self.name} is not sorted at person {self.person}")

    def rows(self, person: int) -> list[dict[str, str]]:
        """Return the rows of a person; each call names a later one."""
        if self.person != person:
            return []
        rows = self.group
        self.step()
        return rows

    def end(self) -> None:
        """Refuse rows that no person of people.csv owns."""
        if self.person is not None:
            raise WrongPlanError(
                f"{self.name} names person {self.person}, who is not in people.csv, or is not sorted"
            )


def check_arm(person: int, row: dict[str, str], rule: dict[str, int]) -> bool:
    """Draw the person's lot anew; return whether the person is held out."""
    low = (person & LOTS) * rule["low_factor"]
    high = ((person >> 31) & LOTS) * rule["high_factor"]
    top = ((person >> 62) & 3) * rule["top_factor"]
    mixed = (low + high + top + rule["shift"]) % LOTS
    mixed = ((mixed ^ (mixed >> 16)) * rule["first_factor"]) % LOTS
    mixed = ((mixed ^ (mixed >> 15)) * rule["second_factor"]) % LOTS
    is_held_out = mixed < rule["threshold"]
    if is_held_out != (row["is_held_out"] == "1"):
        raise WrongPlanError(f"person {person} is in the wrong arm")
    return is_held_out


def add_person(
    person: int,
    row: dict[str, str],
    pairs: list[dict[str, str]],
    assigned: list[dict[str, str]],
    certificate: dict[str, Any],
    sums: dict[str, Any],
) -> None:
    """Check and add one person's offers, and the best that this person could take at the prices."""
    effects = {pair["offer_id"]: (int(pair["value_milli"]), int(pair["cost_milli"])) for pair in pairs}
    if len(effects) < len(pairs):
        raise WrongPlanError(f"effects.csv has an offer twice for person {person}")
    offers = [pair["offer_id"] for pair in assigned]
    if len(set(offers)) < len(offers) or len(offers) > certificate["contacts_per_person"]:
        raise WrongPlanError(f"person {person} gets too many offers, or one twice: {', '.join(offers)}")
    counting = [
        (place, limit)
        for place, limit in enumerate(certificate["limits"])
        if limit["segment"] is None or row["in " + limit["segment"]] == "1"
    ]
    for offer in offers:
        if offer not in effects:
            raise WrongPlanError(f"person {person} is not eligible for offer {offer}")
        sums["value"] += effects[offer][0]
        sums["cost"] += effects[offer][1]
        sums["contacts"] += 1
        sums["gains"][offer] += effects[offer][0] + effects[offer][1]
        for place, limit in counting:
            sums["uses"][place] += offer in limit["offer_ids"]
    unit, price = certificate["price_unit"], certificate["budget_price"]
    reduced = []
    for offer, (value, cost) in effects.items():
        if offer not in certificate["offers"] or cost < 0:
            raise WrongPlanError(
                f"effects.csv has an unknown offer or a negative cost for person {person}: {offer}"
            )
        charged = sum(limit["price_milli"] for _, limit in counting if offer in limit["offer_ids"])
        reduced.append(value - price * cost // unit - charged)
    best = sorted(reduced, reverse=True)[: certificate["contacts_per_person"]]
    sums["best"] += sum(one for one in best if one > 0)


def worth(certificate: dict[str, Any]) -> int:
    """Return what the budget and the limits are worth at the prices."""
    total: int = certificate["budget_price"] * certificate["budget_minor"] * 1000 // certificate["price_unit"]
    for limit in certificate["limits"]:
        end = limit["maximum"] if limit["price_milli"] > 0 else limit["minimum"]
        total += limit["price_milli"] * end if limit["price_milli"] else 0
    return total


def check_sums(certificate: dict[str, Any], sums: dict[str, Any]) -> None:
    """Compare the sums with the certificate, and with the limits."""
    stated = {
        "value": "value_milli",
        "cost": "cost_milli",
        "contacts": "n_contacts",
        "people": "n_people",
        "held_out": "n_held_out",
        "bound": "bound_milli",
    }
    for name, field in stated.items():
        if sums[name] != certificate[field]:
            raise WrongPlanError(f"{field} is {sums[name]}, the certificate says {certificate[field]}")
    if sums["cost"] > certificate["budget_minor"] * 1000:
        raise WrongPlanError(f"the plan costs {sums['cost']} milli, more than the budget")
    for limit, use in zip(certificate["limits"], sums["uses"], strict=True):
        if use != limit["use"]:
            raise WrongPlanError(f"`{limit['key']}` is used {use} times, the certificate says {limit['use']}")
        if use < limit["minimum"] or (limit["maximum"] is not None and use > limit["maximum"]):
            raise WrongPlanError(
                f"`{limit['key']}` is broken: {use} is outside {limit['minimum']}..{limit['maximum']}"
            )
    if sums["value"] > sums["bound"]:
        raise WrongPlanError("the plan is worth more than its bound: the bound is wrong")
    if abs(gap_of(sums) - certificate["gap"]) > 1e-12:
        raise WrongPlanError(f"the gap is {gap_of(sums)}, the certificate says {certificate['gap']}")


def check_ends(certificate: dict[str, Any], sums: dict[str, Any]) -> None:
    """Compare the values at the ends of the ranges: each offer's gain in proportion, the cost the same."""
    assumed = certificate.get("assumed", {})
    for end in ("low", "high"):
        stated = certificate[f"value_{end}_milli"]
        if not assumed or stated is None:  # one range for all offers, or measured effects
            continue
        gains = (
            sums["gains"][name] * one["range"][end] / one["range"]["mid"] for name, one in assumed.items()
        )
        value = math.fsum(gains) - sums["cost"]
        if abs(value - stated) > 1:
            raise WrongPlanError(f"value_{end}_milli is {value:.0f}, the certificate says {stated}")


def gap_of(sums: dict[str, Any]) -> float:
    """Return which share of the bound the plan misses at most."""
    gap: float = (sums["bound"] - sums["value"]) / max(abs(sums["bound"]), 1)
    return gap


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
