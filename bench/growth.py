"""How cost grows: with connections, body, signatures, cached names and rules. What is
looked at is CPU and memory, since latency on shared cores is mostly waiting for a turn."""

import os

import measure
import stacks
from names import NSD_PORT, Nameserver, Unbound


def sites(lab, options, *arguments):
    """The corpus's folder, and its name servers running."""
    folder = measure.kept_corpus(*arguments)
    Nameserver(lab, folder + "/zone")
    options.resolver = Unbound(lab, NSD_PORT)
    return folder


def started(lab, stack, *words):
    stack.start(measure.fresh_lab(lab, stack.name, *words))
    return stack


def repeat(stack, options, folder, *arguments):
    """Some runs of the same; the medians, and what went wrong in all."""
    runs = [measure.run_stack(stack, options.resolver, folder, *arguments)
            for _ in range(options.rounds)]
    row = {name: measure.median([run[name] for run in runs])
           for name in ("per_second", "cpu_ms", "peak_mb", "questions")}
    row["p50_ms"] = measure.median([run["message_ms"]["p50"] for run in runs])
    row["end_p50_ms"] = measure.median([run["end_ms"]["p50"] for run in runs])
    row["failures"] = sum(run["failures"] for run in runs)
    row["examples"] = [text for run in runs for text in run["examples"]][:5]
    return row


def connections_table(lab, options):
    folder = sites(lab, options)
    rows = []
    for kind in (stacks.Alignd, stacks.Null):
        for count in (1, 8, 32, 128, 500):
            stack = started(lab, kind(), count)
            measure.load(stack.sockets, folder, "-c", 8, "-k", 1, compared=stack.compared)
            row = repeat(stack, options, folder, "-c", count, "-k", options.keep, "-m",
                         max(options.messages, 4 * count))
            rows.append(dict(row, what="%s, %d connections" % (stack.title, count)))
            stack.stop()
    return rows


BODIES = ((2000, 200), (20000, 200), (200000, 60), (2000000, 16), (10000000, 8))


def body_table(lab, options):
    """The messages of each size are few, and sent often."""
    rows = []
    for octets, count in BODIES:
        folder = sites(lab, options, "--messages", "4", "--domains", "4", "--story", "plain",
                       "--octets", "%d:%d" % (octets, octets))
        stack = started(lab, stacks.Alignd(), octets)
        measure.load(stack.sockets, folder, "-k", 1)
        row = repeat(stack, options, folder, "-c", 1, "-k", 1, "-m", count)
        rows.append(dict(row, what="body of %d kB" % (octets // 1000)))
        lab.close()
    row = measure.run_stack(*eight_large(lab, options))
    rows.append({"what": "8 bodies of 10 MB at once", "failures": row["failures"],
                 "examples": row["examples"], "per_second": row["per_second"],
                 "cpu_ms": row["cpu_ms"], "peak_mb": row["peak_mb"],
                 "questions": row["questions"], "p50_ms": row["message_ms"]["p50"],
                 "end_p50_ms": row["end_ms"]["p50"]})
    return rows


def eight_large(lab, options):
    folder = sites(lab, options, "--messages", "4", "--domains", "4", "--story", "plain",
                   "--octets", "10000000:10000000")
    stack = started(lab, stacks.Alignd(), "eight")
    return stack, options.resolver, folder, "-c", 8, "-k", 1, "-e", 2


def signatures_table(lab, options):
    """Keys of different domains; what is left without signature is the first row."""
    rows = []
    for count in (0, 1, 2, 4, 8, 16):
        folder = sites(lab, options, "--messages", "40", "--domains", "20", "--octets",
                       "4000:4000", "--signatures", str(max(1, count)), "--distinct", "--story",
                       "plain" if count else "unsigned")
        stack = started(lab, stacks.Alignd(), count)
        measure.load(stack.sockets, folder, "-k", 1)
        row = repeat(stack, options, folder, "-c", 1, "-k", 1, "-m", options.messages)
        rows.append(dict(row, what="%d signatures" % count))
        lab.close()
    return rows


NAMES = (1000, 10000, 100000, 1000000)


def names_table(lab, options):
    """The cache is filled with names that do not exist, then the usual corpus is judged
    over 128 connections."""
    fill = measure.kept_corpus("--messages", "1", "--octets", "200:200", "--story", "numbered")
    folder = sites(lab, options)
    rows = []
    for wanted in NAMES:
        stack = started(lab, stacks.Alignd(dns="cache_entries = %d" % (2 * wanted)), wanted)
        measure.load(stack.sockets, folder, "-c", 8, "-k", 1)
        asked = options.resolver.questions()
        first = 0
        while options.resolver.questions() - asked < wanted and first < wanted:
            measure.load(stack.sockets, fill, "-c", 32, "-n", "-o", first, "-m",
                         min(wanted // 10, 20000), compared="none")
            first += min(wanted // 10, 20000)
        kept = options.resolver.questions() - asked
        row = repeat(stack, options, folder, "-c", 128, "-k", 1, "-m", options.messages)
        rows.append(dict(row, what="%d more names cached" % kept))
        stack.stop()
    return rows


def list_settings(path, count):
    """A rule with a list of so many domains, none of which ever writes."""
    with open(path, "w", encoding="ascii") as out:
        out.writelines("list%07d.example\n" % n for n in range(count))
    return ('rules = ( { id = "list"; match = { domains_file = "%s"; }; action = "quarantine"; '
            'reason = "local_policy"; } );\n' % path)


def many_rules(count):
    """Rules that are all looked at, and none of which fits."""
    rule = ('{ id = "r%d"; match = { author_domain = "rule%d.example"; client_network = '
            '"198.18.%d.0/24"; }; action = "quarantine"; }')
    return "rules = (\n%s\n);\n" % ",\n".join(rule % (n, n, n % 256) for n in range(count))


def rules_table(lab, options):
    """All at once and in turn, against none: the differences are small."""
    folder = sites(lab, options)
    site = []
    for what, settings in [("no rules", "")] + [
            ("a list of %d" % count, list_settings(os.path.join(lab.folder, "list%d" % count),
                                                   count))
            for count in (10, 1000, 100000)] + [("1000 rules", many_rules(1000))]:
        stack = started(lab, stacks.Alignd(extra=settings), len(site))
        measure.load(stack.sockets, folder, "-c", 8, "-k", 1)
        site.append((what, stack, []))
    for number in range(options.rounds):
        for _, stack, runs in site[number % len(site):] + site[:number % len(site)]:
            runs.append(measure.run_stack(stack, options.resolver, folder, "-c", 8, "-k", 1, "-m",
                                          options.messages))
    base = site[0][2]
    rows = []
    for what, stack, runs in site:
        rows.append({
            "what": what, "peak_mb": stack.peak_kb() / 1000,
            "failures": sum(run["failures"] for run in runs), "examples": runs[0]["examples"],
            "p50_ms": measure.median([run["message_ms"]["p50"] for run in runs]),
            "end_p50_ms": measure.median([run["end_ms"]["p50"] for run in runs]),
            "cpu_ms": measure.median([run["cpu_ms"] for run in runs]),
            "questions": measure.median([run["questions"] for run in runs]),
            "per_second": measure.median([run["per_second"] for run in runs]),
            # pairs of one round: what else went on met both
            "cpu_ratio": measure.median([run["cpu_ms"] / max(1e-9, other["cpu_ms"])
                                         for run, other in zip(runs, base)])})
    return rows
