"""What the tests of faults share: how they tell what they found, how much of it is
tried, a daemon, and the ways to spoil its world.

Each case says what was promised before it breaks something, and what it saw. The
numbers are those of the short form, unless the environment says more (make
check-kills).
"""

import os

import samples
import servers


def amount(name, short):
    """ALIGND_NAME of the environment, or the short form's."""
    return int(os.environ.get("ALIGND_" + name) or short)


def promised(text):
    print("  promised: %s" % text, flush=True)


def seen(text, *values):
    print("  seen:     %s" % (text % values), flush=True)


def make_daemon(lab, settings=None):
    """An alignd of its own: all that owners ask for is done, answers from samples.ZONE (unless
    dns.servers is set)."""
    base = {"dry_run": False, "mode": "honor", "quarantine.method": "header", "journal.min_free": 0}
    if "dns.servers" not in (settings or {}):
        base["dns.zone_file"] = lab.write("zone", samples.ZONE)
    return servers.Alignd(lab, dict(base, **(settings or {}))).start()
