"""Counts what alignctl stats says in a journal by itself, and compares.

    stats_check.py JOURNAL JSON CSV [DOMAIN]
"""
import collections
import csv
import glob
import ipaddress
import json
import re
import sys


def network(ip):
    bits = 24 if ":" not in ip else 64
    return str(ipaddress.ip_network(f"{ip}/{bits}", strict=False))


def author(line):
    authors = line.get("authors", [])
    name = authors[max(line.get("decisive", 0), 0)]["domain"] if authors else ""
    return "".join(c if " " <= c <= "~" else "?" for c in name)     # as the store keeps it


def read_journal(directory, domain):
    for path in sorted(glob.glob(directory + "/*.jsonl")):
        with open(path, encoding="utf-8") as file:
            for text in file:
                line = json.loads(text)
                if domain is None or author(line) == domain or author(line).endswith("." + domain):
                    yield line


STRICTNESS = {"none": 0, "accept": 0, "quarantine": 1, "reject": 2, "tempfail": 2}


def enforcement(policy):
    """The class of a domain with a record of its own; below its Organizational Domain p alone counts."""
    if policy["status"] == "no-record":
        return "no-record"
    if policy["status"] != "found":
        return "unknown"
    pairs = [part.partition("=")[::2] for part in policy["record"]["text"].split(";")]
    tags = {name.strip(): value.strip() for name, value in reversed(pairs)}
    reports = "mailto:" in tags.get("rua", "")
    asked = [tags[name] for name in ("p", "sp", "np") if name in tags]
    if "p" not in tags or not set(asked) <= {"none", "quarantine", "reject"}:
        return "damaged" if reports else "unusable"
    branches = [STRICTNESS[tags["p"]], STRICTNESS[tags.get("sp", tags["p"])],
                STRICTNESS[tags.get("np", tags.get("sp", tags["p"]))]]
    if policy["domain"] != policy["org"]["domain"]:
        branches = branches[:1]
    pct = tags.get("pct", "")
    less = tags.get("t") == "y" or (pct.isdigit() and int(pct) < 100)
    if not any(branches):
        return "monitoring" if reports else "idle"
    return "enforced" if min(branches) > less else "partial"


def count(lines):
    """`classes` is kept by domain until the end: the last one counts."""
    found, classes, walks = collections.Counter(), {}, {}
    for line in lines:
        name, result, day = author(line), line["result"], line["when"][:10]
        judged = line["judged"][max(line.get("decisive", 0), 0)] if line.get("judged") else {}
        if line["exempt"] != "no":
            for key in [("all",), ("exempt",), ("day", day), ("domain", name)]:
                found[key] += 1
            continue
        policy = line["authors"][max(line.get("decisive", 0), 0)]["policy"] if line.get("authors") else {}
        kind = enforcement(policy) if policy else "unknown"
        found["class", kind, "messages"] += 1
        if kind != "unknown" or name not in classes:
            classes[name] = kind
        if policy.get("status") == "found" and re.fullmatch(r"[a-z0-9.-]+", name):
            walks[name] = policy["org"]["domain"]
        more = STRICTNESS[line["chosen"]] - STRICTNESS[line["asked"]]
        for key in [("milder" if more < 0 else "stricter",), ("why", line["why"], more < 0),
                    ("rule", line.get("rule"), more < 0)]:
            found[key] += more != 0 and key[:2] != ("rule", None)
        found["spf temperror",] += line["spf"]["result"] == "temperror"
        outcome = (line["asked"], line["chosen"], line["done"], line["dry_run"])
        for key in [("all",), ("result", result), ("day", day), ("domain", name),
                    ("domain result", name, result), ("outcome", *outcome), ("why", line["why"])]:
            found[key] += 1
        if "rule" in line:
            found["rule", line["rule"]] += 1
        if result == "fail":
            found["source", name, network(line["client"]["ip"])] += 1
            found["network", network(line["client"]["ip"])] += 1
        if result in ("pass", "fail"):
            found["spf"] += judged.get("spf_aligned") == "yes"
            found["dkim"] += judged.get("dkim_aligned") == "yes"
        found["waited"] += line["cost"].get("waited_ms", 0)
        found["lookups"] += line["cost"].get("lookups", 0)
    for name, kind in classes.items():
        found["class", kind, "domains"] += name != ""
    for name, walk in walks.items():
        listed = ".".join(name.split(".")[-2:])     # one label is a public suffix here
        found["compared"] += 1
        found["walk", name, walk, listed] += walk != listed
    return +found


def of_both_kinds(told, key, row):
    """Milder and stricter of a row of whys and rules."""
    told[key + (True,)], told[key + (False,)] = row["milder"], row["stricter"]


def of_json(stats):
    told = collections.Counter()
    all_counts = stats["totals"]
    told["all",] = all_counts["messages"]
    told["spf"], told["dkim"] = all_counts["spf_aligned"], all_counts["dkim_aligned"]
    told["waited"], told["lookups"] = all_counts["waited_ms"], all_counts["lookups"]
    told["exempt",], told["spf temperror",] = all_counts["exempt"], all_counts["spf_temperror"]
    told["milder",], told["stricter",] = all_counts["milder"], all_counts["stricter"]
    for word, row in stats["classes"].items():
        told["class", word, "messages"], told["class", word, "domains"] = row["messages"], row["domains"]
    told["compared"] = stats["organizational_domains"]["compared"]
    for row in stats["organizational_domains"]["rows"]:
        told["walk", row["domain"], row["treewalk"], row["psl"]] = 1
    for word, n in all_counts["results"].items():
        told["result", word] = n
    for day in stats["days"]:
        told["day", day["day"]] = day["messages"]
    for row in stats["domains"]["rows"]:
        name = row.get("domain", "")
        told["domain", name] = row["messages"]
        for word, n in row["results"].items():
            told["domain result", name, word] = n
    for row in stats["outcomes"]["rows"]:
        words = row["outcome"]
        told["outcome", words["asked"], words["chosen"], words["done"], row["dry_run"] > 0] = row["messages"]
    for row in stats["whys"]["rows"]:
        told["why", row["why"]] = row["messages"]
        of_both_kinds(told, ("why", row["why"]), row)
    for row in stats["rules"]["rows"]:
        told["rule", row["rule"]] = row["messages"]
        of_both_kinds(told, ("rule", row["rule"]), row)
    for row in stats["networks"]["rows"]:
        told["network", row["network"]] = row["messages"]
    for row in stats["sources"]["rows"]:
        told["source", row["domain"], row["network"]] = row["messages"]
    return +told


def plain(field):
    """Undoes backslash x and two digits."""
    parts = field.split("\\x")
    return parts[0] + "".join(chr(int(part[:2], 16)) + part[2:] for part in parts[1:])


def of_csv(path):
    told = collections.Counter()
    with open(path, encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            n, name = int(row["messages"]), plain(row["domain"])
            for key in [("all",), ("day", row["day"]), ("domain", name)]:
                told[key] += n
            if row["exempt"] == "1":
                told["exempt",] += n
                continue
            more = STRICTNESS[row["chosen"]] - STRICTNESS[row["asked"]]
            if more:
                told["milder" if more < 0 else "stricter",] += n
                told["why", row["why"], more < 0] += n
                if row["rule"]:
                    told["rule", plain(row["rule"]), more < 0] += n
            told["spf temperror",] += int(row["spf_temperror"])
            told["class", row["class"] or "unknown", "messages"] += n
            told["result", row["result"]] += n
            told["domain result", name, row["result"]] += n
            told["outcome", row["asked"], row["chosen"], row["done"], row["dry_run"] == "1"] += n
            told["why", row["why"]] += n
            if row["rule"]:
                told["rule", plain(row["rule"])] += n
            if row["network"]:
                told["source", name, row["network"]] += n
                told["network", row["network"]] += n
            told["spf"] += int(row["spf_aligned"])
            told["dkim"] += int(row["dkim_aligned"])
            told["waited"] += int(row["waited_ms"])
            told["lookups"] += int(row["lookups"])
    return +told


def differences(what, wanted, told):
    for key in sorted(wanted.keys() | told.keys(), key=str):
        if wanted[key] != told[key]:
            yield f"{what}: {key}: {told[key]}, not {wanted[key]}"


def main():
    directory, json_path, csv_path = sys.argv[1:4]
    wanted = count(read_journal(directory, sys.argv[4] if len(sys.argv) > 4 else None))
    with open(json_path, encoding="ascii") as file:
        stats = json.load(file)
    bad = list(differences("json", wanted, of_json(stats)))
    for key in [key for key in wanted if key[0] in ("walk", "compared") or key[::2] == ("class", "domains")]:
        del wanted[key]                 # not in the rows of the CSV, but to be had from them
    del wanted["compared"]
    bad += differences("csv", wanted, of_csv(csv_path))
    for text in bad[:20]:
        print(text)
    if bad or not wanted:
        sys.exit("stats differ from the journal")


main()
