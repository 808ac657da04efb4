"""The main table: all stacks up at once and warm, measured in turn."""

import corpus
import measure
import stacks
from names import LATE_PORT, LateNameserver, NSD_PORT, Nameserver, Unbound, ask_ms
from places import RESOLVER


def installed(wanted=None):
    """The stacks that can be measured here; prints which cannot."""
    found = []
    for kind in stacks.ALL:
        if wanted and kind.name not in wanted:
            continue
        missing = kind().missing()
        if missing is not None:
            print("%s: skipped, needs %s" % (kind.name, missing), flush=True)
        else:
            found.append(kind())
    return found


def warm(stack, folder):
    """Everything has been asked once, and all connections have been made once. Until a
    whole pass has no more failures: daemons may give up on names that are slow at first."""
    for _ in range(4):
        result = measure.load(stack.sockets, folder, "-c", 8, "-k", 1, compared=stack.compared)
        if result["failures"] == 0:
            break
    if result["failures"]:
        print("%s: %d of %d not as expected: %s" % (
            stack.name, result["failures"], result["messages"], result["examples"][:3]),
            flush=True)
    return result


def rounds_of(site, folder, number, connections, options):
    """One round: every stack in turn at each number of connections, another one first."""
    results = []
    turn = number % len(site)
    for count in connections:
        for stack in site[turn:] + site[:turn]:
            if not stack.is_running():
                continue
            result = measure.run_stack(stack, options.resolver, folder, "-c", count, "-m",
                                       max(options.messages, 2 * count), "-k", options.keep)
            result.update(stack=stack.name, connections=count, round=number)
            results.append(result)
            if options.verbose:
                print("round %d %-18s %3d connections: %7.1f/s p50 %6.2f ms cpu %.3f ms, "
                      "%d failures" % (number + 1, stack.name, count, result["per_second"],
                                       result["message_ms"]["p50"], result["cpu_ms"],
                                       result["failures"]), flush=True)
    return results


def main_table(lab, options):
    """{"rows": {stack: {...}}, "runs": [...]}"""
    folder = measure.kept_corpus("--messages", str(options.corpus))
    Nameserver(lab, folder + "/zone")
    options.resolver = Unbound(lab, NSD_PORT)
    site = installed(options.stacks)
    for stack in site:
        stack.start(measure.fresh_lab(lab, stack.name))
        warm(stack, folder)
    runs = []
    for number in range(options.rounds):
        runs += rounds_of(site, folder, number, options.connections, options)
    rows = {stack.name: row_of(stack, runs, options) for stack in site}
    for stack in site:
        stack.stop()
    return {"corpus": {"messages": options.corpus, "version": corpus.VERSION},
            "connections": list(options.connections), "rows": rows, "runs": runs}


def row_of(stack, runs, options):
    mine = [run for run in runs if run["stack"] == stack.name]

    def at(count, pick):
        return [pick(run) for run in mine if run["connections"] == count]
    row = {"title": stack.title, "version": stack.version(), "peak_mb": stack.peak_kb() / 1000,
           "failures": sum(run["failures"] for run in mine),
           "examples": [text for run in mine for text in run["examples"]][:5]}
    for name, pick in (("per_second", lambda run: run["per_second"]),
                       ("p50_ms", lambda run: run["message_ms"]["p50"]),
                       ("p99_ms", lambda run: run["message_ms"]["p99"]),
                       ("end_p50_ms", lambda run: run["end_ms"]["p50"]),
                       ("cpu_ms", lambda run: run["cpu_ms"]),
                       ("questions", lambda run: run["questions"])):
        row[name] = {str(count): measure.median(at(count, pick)) for count in options.connections}
        row[name + "_spread"] = {str(count): measure.spread(at(count, pick))
                                 for count in options.connections}
    return row


class NoResolver:
    """Where the name server itself is asked."""

    @staticmethod
    def questions():
        return 0


def smoke_table(lab, options):
    """That all of this still works, in a few seconds."""
    folder = measure.kept_corpus("--messages", "50", "--domains", "10", "--octets", "2000:20000")
    Nameserver(lab, folder + "/zone", address=RESOLVER, port=53)
    options.resolver, options.messages, options.rounds = NoResolver(), 50, 1
    options.connections = (1, 8)
    runs, site = [], installed(("alignd", "null"))
    for stack in site:
        stack.start(measure.fresh_lab(lab, stack.name))
        warm(stack, folder)
    runs = rounds_of(site, folder, 0, options.connections, options)
    rows = {stack.name: row_of(stack, runs, options) for stack in site}
    return {"connections": list(options.connections), "rows": rows, "runs": runs}


# Cold caches

COLD_DELAY_MS = 20
COLD_PAUSE_MS = 300


def cold_table(lab, options):
    """Every message from a domain that nobody has asked for, each answer late. In units of
    one such look-up through the resolver: 1 is the least for a message that has any."""
    count, pauses = options.cold, max(10, options.cold // 5)
    folder = measure.kept_corpus("--messages", str(count + pauses), "--domains",
                                 str(count + pauses), "--distinct", "--story", "plain",
                                 "--octets", "2000:8000")
    LateNameserver(lab, folder + "/zone", COLD_DELAY_MS)
    resolver = Unbound(lab, LATE_PORT)
    rows = {}
    for stack in installed(options.stacks):
        resolver.forget()
        unit = measure.median([ask_ms("n%d.unit.example" % n) for n in range(20)])
        stack.start(measure.fresh_lab(lab, stack.name))
        once = measure.run_stack(stack, resolver, folder, "-m", count, "-k", 1)
        held = measure.run_stack(stack, resolver, folder, "-o", count, "-m", pauses, "-k", 1,
                                 "-p", "body:%d" % COLD_PAUSE_MS)
        stack.stop()
        rows[stack.name] = {"title": stack.title, "unit_ms": unit,
                            "failures": once["failures"] + held["failures"],
                            "examples": (once["examples"] + held["examples"])[:5],
                            "questions": once["questions"],
                            "at_once": once, "held": held}
    return {"delay_ms": COLD_DELAY_MS, "pause_ms": COLD_PAUSE_MS, "rows": rows}
