"""What many or odd connections cost the others, and where they end.

A few ordinary connections are measured by themselves and beside each kind of crowd. The
null milter is measured the same way: what it loses goes to the load generator and to the
cores they share, not to the filter.
"""

import contextlib
import resource
import subprocess
import time

import measure
import report
import stacks
from growth import sites, started
from places import built

# The ordinary ones: 80 messages a second, which leaves the cores something to do for a crowd.
OTHERS = ("-c", "4", "-k", "1", "-w", "50")
SECONDS = 5
MEMORY_MB = 256                         # bound of all of this
FACTOR = 2                              # what the others may lose; where all cores are full,
ALL_BUSY = "as much as goes"            # beyond what the null milter does
ROOM = "limits: { connections = 4000; };\n"
FEW = "limits: { connections = 20; };\n"


@contextlib.contextmanager
def crowd(stack, folder, *arguments):
    """A load beside the measured one; killed in its middle, as clients go."""
    argv = [built("bench/load"), "-j", "-x", "none", "-t", "4000", "-s", "unix:" + stack.sockets[0]]
    with subprocess.Popen(argv + list(arguments) + [folder], stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            time.sleep(1.5)
            assert child.poll() is None, "the crowd has ended: %s" % " ".join(arguments)
            yield
        finally:
            child.kill()
            child.wait()


def others(stack, folder, options):
    """The ordinary connections: one row."""
    row = measure.run_stack(stack, options.resolver, folder, *OTHERS, "-d", SECONDS)
    return {"p50_ms": row["message_ms"]["p50"], "p99_ms": row["message_ms"]["p99"],
            "per_second": row["per_second"], "failures": row["failures"],
            "examples": row["examples"], "peak_mb": row["peak_mb"]}


def large():
    """A message of 50 MB; its domain is not in the name server's zone, which does not matter."""
    return measure.kept_corpus("--messages", "1", "--domains", "1", "--story", "plain",
                               "--octets", "50000000:50000000")


def kinds(folder):
    return (
        ("2,000 silent connections", (folder, "-i", "2000", "-c", "1", "-b", "1000")),
        ("50 clients of one octet a second", (folder, "-c", "50", "-e", "1", "-b", "1000")),
        ("20 clients with 50 MB each", (large(), "-c", "20", "-d", "60", "-k", "1")),
        ("500 connections, 250 messages a second", (folder, "-c", "500", "-d", "60", "-k", "1", "-w", "2000")),
        ("500 connections, " + ALL_BUSY, (folder, "-c", "500", "-d", "60", "-k", "1")),
    )


def measured(lab, options, kind, folder):
    """One stack by itself and beside each crowd; all crowds meet the same process."""
    stack = started(lab, kind(ROOM) if kind is stacks.Alignd else kind(), "crowd")
    measure.load(stack.sockets, folder, "-c", 8, "-k", 1, compared=stack.compared)
    rows = [dict(others(stack, folder, options), what="%s, nobody else" % stack.title)]
    for what, (messages, *arguments) in kinds(folder):
        with crowd(stack, messages, *arguments):
            row = others(stack, folder, options)
        rows.append(dict(row, what="%s, %s" % (stack.title, what),
                         ratio=row["p50_ms"] / rows[0]["p50_ms"]))
    rows.append(dict(others(stack, folder, options), what="%s, afterwards" % stack.title))
    stack.stop()
    return rows


def refused(lab, options, folder):
    """More connections than are allowed: each gets its answer or a temporary failure."""
    stack = started(lab, stacks.Alignd(FEW), "few")
    measure.load(stack.sockets, folder, "-c", 8, "-k", 1)
    row = measure.run_stack(stack, options.resolver, folder, "-c", 60, "-k", 1, "-e", 20, "-a")
    stack.stop()
    told = row["answers"].get("tempfail", 0)
    if told == 0:
        row["failures"] += 1
        row["examples"].append("nobody was told to come again")
    return {"what": "60 connections where 20 are allowed: %d told to come again" % told,
            "p50_ms": row["message_ms"]["p50"], "p99_ms": row["message_ms"]["p99"],
            "per_second": row["per_second"], "failures": row["failures"],
            "examples": row["examples"], "peak_mb": row["peak_mb"]}


def judge(rows, floor):
    """Bounds that are promised; a row beyond one has a failure."""
    for row, other in zip(rows, floor):
        if row["peak_mb"] > MEMORY_MB:
            row["failures"] += 1
            row["examples"].append("%.0f MB, more than %d" % (row["peak_mb"], MEMORY_MB))
        bear = max(1, other.get("ratio", 1)) if ALL_BUSY in row["what"] else 1
        if row.get("ratio", 0) > FACTOR * bear:
            row["failures"] += 1
            row["examples"].append("the others wait %.1f times as long" % row["ratio"])


def crowd_table(lab, options):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    folder = sites(lab, options)
    rows = measured(lab, options, stacks.Alignd, folder)
    floor = measured(lab, options, stacks.Null, folder)
    judge(rows, floor)
    return rows + [refused(lab, options, folder)] + floor


def crowd_words(rows):
    head = ["the others", "p50 ms", "p99 ms", "times alone", "messages/s", "peak MB", "wrong"]
    cells = [[row["what"], "%.2f" % row["p50_ms"], "%.2f" % row["p99_ms"],
              "%.2f" % row["ratio"] if "ratio" in row else "", "%.0f" % row["per_second"],
              "%.0f" % row["peak_mb"], row["failures"]] for row in rows]
    return report.table(head, cells) + "".join("\n  %s: %s" % (row["what"], example)
                                        for row in rows for example in row["examples"])
