"""Counts what alignctl stats says in a journal by itself, and compares.

    stats_check.py JOURNAL JSON CSV [DOMAIN]
"""
import collections
import csv
import glob
import ipaddress
import json
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


def count(lines):
    found = collections.Counter()
    for line in lines:
        name, result, day = author(line), line["result"], line["when"][:10]
        judged = line["judged"][max(line.get("decisive", 0), 0)] if line.get("judged") else {}
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
    return +found


def of_json(stats):
    told = collections.Counter()
    all_counts = stats["totals"]
    told["all",] = all_counts["messages"]
    told["spf"], told["dkim"] = all_counts["spf_aligned"], all_counts["dkim_aligned"]
    told["waited"], told["lookups"] = all_counts["waited_ms"], all_counts["lookups"]
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
    for row in stats["rules"]["rows"]:
        told["rule", row["rule"]] = row["messages"]
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
            told["all",] += n
            told["result", row["result"]] += n
            told["day", row["day"]] += n
            told["domain", name] += n
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
    bad = list(differences("json", wanted, of_json(stats))) + list(differences("csv", wanted, of_csv(csv_path)))
    for text in bad[:20]:
        print(text)
    classes = sum(row["domains"] for row in stats["classes"].values())
    if bad or not wanted or classes != len([key for key in wanted if key[0] == "domain" and key[1]]):
        sys.exit(f"stats differ from the journal; {classes} domains with a class")


main()
