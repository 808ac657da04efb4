#!/usr/bin/python3
"""coverage.py GCOV TOP LINES BRANCHES FILE.gcda...: adds up what gcov tells.

Prints each file's share of lines and branches (a branch is one way out of a
decision; those of calls that throw do not exist in C), the totals, and what no
test has reached. Exit status 1 when a total is below LINES or BRANCHES percent.
"""

import json
import os
import subprocess
import sys


def read(gcov, data):
    told = subprocess.run([gcov, "--json-format", "--stdout", "--branch-probabilities", data],
                          check=True, capture_output=True).stdout
    return [file for line in told.splitlines() for file in json.loads(line)["files"]]


def share(reached, of):
    return 100.0 * reached / of if of else 100.0


class Tally:
    def __init__(self):
        self.lines = self.lines_reached = self.branches = self.branches_reached = 0
        self.left = []

    def add_line(self, line):
        ways = line["branches"]
        reached = sum(way["count"] > 0 for way in ways)
        self.lines += 1
        self.lines_reached += line["count"] > 0
        self.branches += len(ways)
        self.branches_reached += reached
        if line["count"] == 0:
            self.left.append((line["line_number"], "never run"))
        elif reached < len(ways):
            self.left.append((line["line_number"], "%d of %d ways" % (reached, len(ways))))

    def add(self, other):
        for name in ("lines", "lines_reached", "branches", "branches_reached"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def print(self, name):
        print("%-28s %5d lines %6.1f %%   %5d branches %6.1f %%" % (
            name, self.lines, share(self.lines_reached, self.lines), self.branches,
            share(self.branches_reached, self.branches)))


def tallies(gcov, top, paths):
    """By file of lib/core; what headers bring in counts where they are not."""
    found = {}
    for path in sorted(paths):
        for file in read(gcov, path):
            name = os.path.relpath(os.path.realpath(file["file"]), os.path.realpath(top))
            if name.startswith("lib/core/") and name.endswith(".c"):
                tally = found.setdefault(name, Tally())
                for line in file["lines"]:
                    tally.add_line(line)
    return found


def source(top, name):
    with open(os.path.join(top, name), encoding="utf-8") as lines:
        return [""] + [line.strip() for line in lines]


def main():
    gcov, top, need_lines, need_branches = sys.argv[1:5]
    found, total = tallies(gcov, top, sys.argv[5:]), Tally()
    for name, tally in found.items():
        tally.print(name)
        total.add(tally)
    total.print("total")
    print("\nNot reached:")
    for name, tally in found.items():
        text = source(top, name)
        for number, what in tally.left:
            print("%s:%d: %s: %s" % (name, number, what, text[number]))
    enough = share(total.lines_reached, total.lines) >= float(need_lines) and \
        share(total.branches_reached, total.branches) >= float(need_branches)
    print("\n%s: %.1f %% of lines (at least %s), %.1f %% of branches (at least %s)" % (
        "enough" if enough else "TOO LITTLE", share(total.lines_reached, total.lines), need_lines,
        share(total.branches_reached, total.branches), need_branches))
    return 0 if enough and total.lines > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
