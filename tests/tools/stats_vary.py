#!/usr/bin/python3
"""Changes lines of a generated journal into what a month of it does not have: other
records, exempt mail, rules, failures of the DNS, several authors.

    stats_vary.py IN OUT
"""
import json
import sys

RUA = "; rua=mailto:d@example.com"
RECORDS = [
    "p=reject" + RUA, "p=reject; pct=20" + RUA, "p=quarantine; pct=20" + RUA, "p=quarantine; pct=100",
    "p=reject; t=y" + RUA, "p=quarantine; t=y" + RUA, "p=none" + RUA, "p=none", "p=none; sp=reject" + RUA,
    "p=reject; sp=none", "p=reject; np=none" + RUA, "p=bogus" + RUA, "p=bogus", "p=reject; sp=bad" + RUA,
    "p=quarantine; pct=bad" + RUA, "p=reject; pct=20; t=y", "p=none; np=quarantine", "pct=50" + RUA,
]
OUTCOMES = [
    ("none", "accept", "no-policy", None), ("reject", "reject", "requested", None),
    ("reject", "quarantine", "not-corroborated", None), ("reject", "accept", "rule", "lists"),
    ("quarantine", "reject", "rule", "brands"), ("none", "tempfail", "temperror", None),
    ("quarantine", "accept", "rule", "lists"), ("reject", "tempfail", "rule", "slow"),
]


def policy(domain, text, org):
    return {"method": "treewalk", "status": "found", "domain": domain,
            "record": {"text": "v=DMARC1; " + text}, "org": {"status": "known", "domain": org}}


def author(k):
    """Of each third one the record changes, and each seventh is below its record's domain."""
    domain, text = f"v{k % 60}.example", RECORDS[k % 60 % len(RECORDS)]
    if k % 3 == 0 and k > 600:
        text = RECORDS[(k + 5) % len(RECORDS)]
    return {"domain": domain, "policy": policy(domain, text, "example" if k % 60 % 7 == 6 else domain)}


def vary(line, k):
    line["id"] = f"mx8-1-{k + 1}"
    line["when"] = f"2026-10-{1 + k // 50:02d}" + line["when"][10:]
    line["authors"] = [author(k)]
    line["judged"] = line["judged"][:1] or [{"result": "fail"}]
    line["decisive"] = 0
    line["asked"], line["chosen"], line["why"], line["rule"] = OUTCOMES[k % len(OUTCOMES)]
    line["dry_run"] = k % 4 != 0
    if line["rule"] is None:
        del line["rule"]
    if k % 5 == 0:
        line["spf"] = {"result": "temperror", "scope": "mfrom", "domain": "x.example"}
    if k % 11 == 0:
        line["authors"].insert(0, author(k + 1))
        line["judged"] *= 2
        line["decisive"] = 1
    if k % 13 == 0:
        line["exempt"] = "network"
    return line


def main():
    with open(sys.argv[1], encoding="utf-8") as lines, open(sys.argv[2], "w", encoding="utf-8") as out:
        for k, text in enumerate(lines):
            out.write(json.dumps(vary(json.loads(text), k)) + "\n")


main()
