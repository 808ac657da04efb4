"""Results as text. Figures of a run hold for its machine; ratios travel further."""

import datetime
import os
import platform

from names import version

FLOOR, PEER, OURS = "null", "opendkim+opendmarc", "alignd"


def machine():
    model, memory = "unknown", 0
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    with open("/proc/meminfo", encoding="ascii") as lines:
        memory = int(lines.readline().split()[1]) // 1000
    system = ""
    if os.path.exists("/etc/os-release"):
        with open("/etc/os-release", encoding="utf-8") as lines:
            system = dict(line.rstrip().split("=", 1) for line in lines if "=" in line).get(
                "PRETTY_NAME", "").strip('"')
    return {"date": datetime.date.today().isoformat(), "cpu": model,
            "cores": len(os.sched_getaffinity(0)), "memory_mb": memory,
            "kernel": platform.release(), "system": system,
            "load_average": os.getloadavg()[0],
            "nsd": version("/usr/sbin/nsd", "-v"), "unbound": version("/usr/sbin/unbound", "-V")}


def machine_text(facts):
    return ("%(date)s; %(cores)d cores of %(cpu)s, %(memory_mb)d MB; %(system)s, Linux %(kernel)s; "
            "load average before: %(load_average).1f\n%(nsd)s; unbound %(unbound)s" % facts)


def table(head, rows):
    """Columns as wide as they must be; the first to the left, others to the right."""
    rows = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                       for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
             for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def per_count(row, name, form, counts, divider=" / "):
    return divider.join(form % row[name][str(count)] for count in counts)


def rows_text(result):
    counts = result["connections"]
    first, some = counts[0], counts[min(2, len(counts) - 1)]
    head = ["stack", "messages/s at %s" % " / ".join(map(str, counts)), "+- %",
            "p50 ms at %d / %d" % (first, some), "CPU ms a message", "peak MB",
            "look-ups a message", "wrong"]
    rows = []
    for row in result["rows"].values():
        cpu = [row["cpu_ms"][str(count)] for count in counts]
        rows.append([row["title"], per_count(row, "per_second", "%.0f", counts),
                     per_count(row, "per_second_spread", "%.0f", counts, "/"),
                     "%.2f / %.1f" % (row["p50_ms"][str(first)], row["p50_ms"][str(some)]),
                     "%.2f to %.2f" % (min(cpu), max(cpu)), "%.0f" % row["peak_mb"],
                     "%.2f" % max(row["questions"].values()), row["failures"]])
    text = table(head, rows)
    for row in result["rows"].values():
        text += "".join("\n  %s: %s" % (row["title"], example) for example in row["examples"])
    return text


def main_text(result):
    return rows_text(result) + "\n\n" + ratios_text(ratios(result))


def ratios(result):
    """[(what, values, wanted, reached)] of alignd against the others."""
    rows, counts = result["rows"], result["connections"]
    found = []

    def compare(what, name, other, wanted, at_least, offset=0.0):
        if OURS not in rows or other not in rows:
            return
        values = [rows[OURS][name][str(count)] / max(1e-9, rows[other][name][str(count)] + offset)
                  for count in counts]
        reached = wanted is None or (min(values) >= wanted if at_least else max(values) <= wanted)
        found.append((what, values, wanted, at_least, reached))
    compare("messages/s against " + PEER, "per_second", PEER, 3.0, True)
    compare("messages/s against rspamd", "per_second", "rspamd", None, True)
    compare("CPU against " + PEER, "cpu_ms", PEER, 0.33, False)
    compare("CPU against rspamd", "cpu_ms", "rspamd", None, False)
    compare("CPU against the floor (null milter and crypto)", "cpu_ms", FLOOR, 1.5, False,
            CRYPTO_MS)
    if OURS in rows:
        asked = [rows[OURS]["questions"][str(count)] for count in counts]
        found.append(("look-ups a message that reach the resolver", asked, 0.0, False,
                      max(asked) < 0.005))
        found.append(("peak memory, MB", [rows[OURS]["peak_mb"]], 64, False,
                      rows[OURS]["peak_mb"] <= 64))
    return found


# RSA-2048 verification and SHA-256 of an average message of the corpus, as measured by
# themselves; part of the floor.
CRYPTO_MS = 0.033


def ratios_text(found):
    rows = [[what, " / ".join("%.2f" % value for value in values),
             "" if wanted is None else "%s %g" % ("at least" if at_least else "at most", wanted),
             "" if wanted is None else "yes" if reached else "NO"] for what, values, wanted, at_least, reached in found]
    return table(["alignd", "ratio or value", "wanted", "reached"], rows)


def growth_text(rows):
    """`cpu_ratio`, where a row has it, is against the first row."""
    has_ratio = any("cpu_ratio" in row for row in rows)
    head = ["growth", "messages/s", "p50 ms", "end p50 ms", "CPU ms a message", "peak MB",
            "look-ups a message", "wrong"] + (["CPU against the first"] if has_ratio else [])
    cells = [[row["what"], "%.0f" % row["per_second"], "%.2f" % row["p50_ms"],
              "%.2f" % row["end_p50_ms"], "%.3f" % row["cpu_ms"], "%.0f" % row["peak_mb"],
              "%.2f" % row["questions"], row["failures"]] +
             (["%.3f" % row.get("cpu_ratio", 1)] if has_ratio else []) for row in rows]
    return table(head, cells) + "".join("\n  %s: %s" % (row["what"], example)
                                        for row in rows for example in row["examples"])


def cold_text(result):
    rows = []
    for row in result["rows"].values():
        unit, once, held = row["unit_ms"], row["at_once"], row["held"]
        rows.append([row["title"], "%.1f" % unit, "%.1f" % once["message_ms"]["p50"],
                     "%.1f" % once["end_ms"]["p50"], "%.2f" % (once["end_ms"]["p50"] / unit),
                     "%.2f" % held["end_ms"]["p50"], "%.1f" % row["questions"], row["failures"]])
    text = table(["cold cache, %d ms an answer" % result["delay_ms"], "look-up ms",
                  "p50 ms, message", "p50 ms, end", "in look-ups",
                  "end p50 ms after %d ms" % result["pause_ms"], "questions", "wrong"], rows)
    for row in result["rows"].values():
        text += "".join("\n  %s: %s" % (row["title"], example) for example in row["examples"])
    ours = result["rows"].get(OURS)
    if ours is None:
        return text
    once = ours["at_once"]["end_ms"]["p50"] / ours["unit_ms"]
    held = ours["held"]["end_ms"]["p50"]
    return text + "\n\n" + ratios_text([
        ("end of message, sent at once, in look-ups", [once], 1.25, False, once <= 1.25),
        ("end of message %d ms after the body, ms" % result["pause_ms"], [held], 2.0, False,
         held <= 2.0)])
