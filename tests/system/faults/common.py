"""What the tests of faults share: how they tell what they found, how much of it is
tried, a daemon, and the ways to spoil its world.

Each case says what was promised before it breaks something, and what it saw. The
numbers are those of the short form, unless the environment says more (make
check-faults, make check-kills).
"""

import mmap
import os
import struct

import samples
import servers
from lab import need_program, run_program

HERE = os.path.dirname(os.path.abspath(__file__))


def amount(name, short):
    """ALIGND_NAME of the environment, or the short form's."""
    return int(os.environ.get("ALIGND_" + name) or short)


def promised(text):
    print("  promised: %s" % text, flush=True)


def seen(text, *values):
    print("  seen:     %s" % (text % values), flush=True)


def make_daemon(lab, settings=None, shim=None, start=True, name="alignd"):
    """An alignd of its own: all that owners ask for is done, answers from samples.ZONE (unless
    dns.servers is set)."""
    base = {"dry_run": False, "mode": "honor", "quarantine.method": "header", "journal.min_free": 0}
    if "dns.servers" not in (settings or {}):
        base["dns.zone_file"] = lab.write("zone", samples.ZONE)
    alignd = servers.Alignd(lab, dict(base, **(settings or {})), name)
    if shim is not None:
        alignd.options["env"] = dict(os.environ, **shim.environment)
    return alignd.start() if start else alignd


def events(alignd, name):
    """Lines of the log about this, as text."""
    return [line for line in alignd.log().splitlines() if line.startswith("event=%s " % name)]


def descriptors(alignd):
    return len(os.listdir("/proc/%d/fd" % alignd.process.pid))


class Shim:
    """shim.c, built for this test: set(clock_ms=, hang=, error=, slow_ms=)."""

    NAMES = ("clock_ms", "hang", "error", "slow_ms")

    def __init__(self, lab, **environment):
        library = os.path.join(lab.folder, "shim.so")
        run_program([need_program("cc", "gcc", "clang", package="a C compiler"), "-shared", "-fPIC", "-O1",
                     "-o", library, os.path.join(HERE, "shim.c"), "-ldl"])
        control = lab.write("shim.control", bytes(8 * len(self.NAMES)))
        self.environment = dict(environment, LD_PRELOAD=library, ALIGND_SHIM=control)
        with open(control, "r+b") as file:
            self.map = mmap.mmap(file.fileno(), 0)
        lab.defer(self.map.close)

    def set(self, **values):
        for name, value in values.items():
            struct.pack_into("q", self.map, 8 * self.NAMES.index(name), value)


def mount(lab, path, options):
    """A tmpfs over `path`, alignd's; returns what takes it away (it is, at the latest, at the end)."""
    run_program(["mount", "-t", "tmpfs", "-o", "mode=750,uid=%d,gid=%d,%s" % (
        servers.NOBODY, servers.NOBODY, options), "tmpfs", path])
    left = [path]

    def unmount():
        while left:
            run_program(["umount", "-l", left.pop()])
    lab.defer(unmount)
    return unmount
