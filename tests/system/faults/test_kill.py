"""alignd killed (SIGKILL) at any moment of its work, with both kinds of store: what was
answered is in the store, each line once. And two hosts of one name that share a store.

Needs: postgresql (server and client) for all but the first case.
"""

import random
import signal

import traffic
from common import amount, events, make_daemon, promised, seen
from lab import wait_until
from test_store import LINES, PostgreSql

CASE_TIMEOUT_S = 1800
SHORT = 4                       # kills; the long form: ALIGND_KILLS
EVERY = 5                       # so many kills for each stop of PostgreSQL


def kill(alignd):
    alignd.process.kill(signal.SIGKILL)
    alignd.process.wait()


def check(load, alignd, kills, stored):
    rows = alignd.journal(kills)
    late = traffic.check_lines(load, rows)
    traffic.check_stored(rows, stored)
    assert load.unusual() == {}, load.unusual()
    return "%d answered, each in the store once; %d not answered, %d of them in the store" % (
        len(load.answered()), len(load.unanswered()), late)


def postgresql_ids(base):
    try:
        return base.ask(LINES)
    except AssertionError as fault:
        if "does not exist" in str(fault):      # it is about to be made
            return []
        raise


def test_killed_with_sqlite(lab):
    kills, choose = amount("KILLS", SHORT), random.Random(1)
    promised("alignd killed %d times under load: every message that the MTA got an answer for is in"
             " the store once, any other at most once" % kills)
    alignd = make_daemon(lab)
    with traffic.Traffic(alignd.settings["socket"]) as load:
        for _ in range(kills):
            load.wait_for_more(choose.randrange(1, 60))
            kill(alignd)
            alignd.start()
        load.wait_for_more(20)
    seen("%s", check(load, alignd, kills, lambda: traffic.sqlite_ids(alignd.settings["store.path"])))
    assert alignd.stop() == 0


def test_killed_with_postgresql(lab):
    """The server is stopped before some of the kills, and is back only after the next start."""
    kills, choose, stops = amount("KILLS", SHORT), random.Random(2), 0
    promised("the same while PostgreSQL is stopped and started")
    base = PostgreSql(lab)
    alignd = make_daemon(lab, {"store.driver": "postgresql", "store.conninfo": base.conninfo})
    with traffic.Traffic(alignd.settings["socket"]) as load:
        for number in range(kills):
            is_down = number % EVERY == min(EVERY, kills) - 1
            load.wait_for_more(choose.randrange(1, 60))
            if is_down:
                base.stop(choose.choice((signal.SIGQUIT, signal.SIGINT)))
                load.wait_for_more(choose.randrange(1, 60))
                stops += 1
            kill(alignd)
            alignd.start()
            if is_down:
                load.wait_for_more(choose.randrange(1, 60))
                base.start()
        load.wait_for_more(20)
    seen("%s; PostgreSQL was down for %d of the kills",
         check(load, alignd, kills, lambda: postgresql_ids(base)), stops)
    assert alignd.stop() == 0


def test_two_hosts_of_one_name(lab):
    """Their journals have files of one name, each a place of its own: the shorter one could be
    taken for one that has been loaded up to there."""
    promised("two hosts of one name with one store: each line of both is there once, whatever is started"
             " anew and when; it is said")
    base = PostgreSql(lab)
    hosts = [make_daemon(lab, {"store.driver": "postgresql", "store.conninfo": base.conninfo}, name=name)
             for name in ("one", "two")]
    loads = [traffic.Traffic(host.settings["socket"], threads=2, pause_s=pause_s)
             for host, pause_s in zip(hosts, (0, 0.05))]
    for number in range(2 * SHORT):
        for load in loads:
            load.wait_for_more(5)
        kill(hosts[number % 2])
        hosts[number % 2].start()
    for load in loads:
        load.wait_for_more(20)
        load.stop()
    rows = [host.journal(SHORT) for host in hosts]
    for load, own in zip(loads, rows):
        traffic.check_lines(load, own)
    traffic.check_stored(rows[0] + rows[1], lambda: postgresql_ids(base))
    said = [line for host in hosts for line in events(host, "store") if "is another file" in line]
    assert said, "nothing is said"
    seen("%d and %d lines, each in the store once after %d kills; %d times: %s", len(rows[0]), len(rows[1]),
         2 * SHORT, len(said), said[0])
    for host in hosts:
        assert host.stop() == 0
