"""The process in need: no descriptors left, no memory left, a clock that jumps, settings
read again and again.
"""

import os
import random
import re
import signal
import socket
import time

import milter
import samples
import servers
import traffic
from common import Shim, amount, descriptors, events, make_daemon, promised, seen
from lab import PATIENCE_S, need_program, run_program, wait_until

MORE = amount("FAULT_MESSAGES", 60)
RELOADS = amount("FAULT_RELOADS", 20)
TIMES = amount("FAULT_TIMES", 1)        # of the memory limit
CASE_TIMEOUT_S = 600
GENTLE = {"threads": 4, "pause_s": 0.01}
DAY_MS = 86400000
SOME = 30                       # descriptors that are left for connections
MANY = 200                      # connections that ask for one


LIMITS = {"nofile": "Max open files", "data": "Max data size"}
HUNGRY = 32                     # messages of which all that can be is kept, 2 MB each
ROOM_KB = 16384                 # for all of them together


def status_kb(alignd, name):
    with open("/proc/%d/status" % alignd.process.pid, encoding="ascii") as status:
        return int(re.search(r"%s:\s+(\d+)" % name, status.read()).group(1))


def limit(alignd, name, value=""):
    """The soft limit from now on ("": what the hard one is), set as its own user: root may lack
    the right to do it."""
    with open("/proc/%d/limits" % alignd.process.pid, encoding="ascii") as limits:
        hard = re.search(r"%s +\S+ +(\S+)" % LIMITS[name], limits.read()).group(1)
    run_program([need_program("setpriv", package="util-linux"), "--reuid=%d" % servers.NOBODY,
                 "--regid=%d" % servers.NOBODY, "--clear-groups", "prlimit", "--pid",
                 str(alignd.process.pid), "--%s=%s:%s" % (name, value or hard, hard)])


def check(alignd, load, kills=0):
    rows = alignd.journal(kills)
    traffic.check_lines(load, rows)
    traffic.check_stored(rows, lambda: traffic.sqlite_ids(alignd.settings["store.path"]))
    return rows


def crowd(where, number):
    """Connections that are opened and say nothing."""
    found = []
    for _ in range(number):
        try:
            found.append(milter.connect_socket(where, PATIENCE_S))
        except OSError:                 # the queue of the socket is full
            break
    return found


def is_closed(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_no_descriptors(lab):
    promised("no descriptors left: who is connected is served, others are hung up on at once (the MTA"
             " tries later), it is said; service is back when there are some again")
    alignd = make_daemon(lab)
    where = alignd.settings["socket"]
    with traffic.Traffic(where, **GENTLE) as load, milter.Client(where) as mta:
        mta.connect("attacker.example", "198.51.100.7")
        load.wait_for_more(MORE)
        limit(alignd, "nofile", descriptors(alignd) + SOME)
        idle = crowd(where, MANY)
        alignd.wait_log("event=connections")
        wait_until(lambda: sum(is_closed(connection) for connection in idle) >= MANY // 2,
                   "connections to be hung up on")
        assert alignd.process.is_running(), alignd.log()[-500:]
        envelope = samples.SPOOFED
        answer = mta.message(envelope["sender"], ["<b@receiver.example>"], samples.message(), "CONNECTED")
        assert answer.action == "reject", answer
        for connection in idle:
            connection.close()
        load.wait_for_more(MORE)
        limit(alignd, "nofile")
        load.wait_for_more(MORE)
    assert load.unusual() == {}, load.unusual()
    check(alignd, load)
    seen("%d connections for %d descriptors: %d answered, none of them otherwise, %d not; %d connections hung"
         " up on, the same process; %s", len(idle), SOME, len(load.answered()), len(load.unanswered()),
         sum(load.broken.values()), events(alignd, "connections")[0])
    assert alignd.stop() == 0


def hungry(where):
    """An MTA that is at the header of a message."""
    mta = milter.Client(where)
    mta.connect("mail.example.com", "192.0.2.1")
    mta.helo()
    mta.mail("<b@example.com>")
    mta.rcpt("<c@receiver.example>")
    mta.data()
    return mta


def feed(mta):
    try:
        for n in range(40):
            mta.header("X-Long-%d" % n, " " + "x" * 60000)
    except (OSError, milter.ProtocolError):
        pass                    # it has ended


def test_no_memory(lab):
    """What systemd does after an abort is done here: it is started again. The limit is on the memory
    that is written to: what the C library only keeps apart for its heaps does not count."""
    promised("memory limit reached, %d times: alignd ends rather than to go on with less, is started"
             " again, and nothing that was answered is lost" % TIMES)
    alignd = make_daemon(lab)
    with traffic.Traffic(alignd.settings["socket"]) as load:
        for _ in range(TIMES):
            load.wait_for_more(MORE)
            eaters = [hungry(alignd.settings["socket"]) for _ in range(HUNGRY)]
            limit(alignd, "data", (status_kb(alignd, "VmData") + ROOM_KB) * 1024)
            for mta in eaters:
                feed(mta)
            wait_until(lambda: not alignd.process.is_running(), "the end of a process without memory")
            for mta in eaters:
                mta.close()
            assert alignd.process.wait() == -signal.SIGABRT, alignd.process.wait()
            alignd.start()
            load.wait_for_more(MORE)
    assert all(name.endswith(" tempfail") for name in load.unusual()), load.unusual()
    check(alignd, load, TIMES)
    seen("%d answered, %d not; ended and started again %d times, each within %d MB more; answers other than"
         " on any day: %s; \"out of memory\" was said %d times", len(load.answered()), len(load.unanswered()),
         TIMES, ROOM_KB // 1024, load.unusual() or "none", alignd.log().count("out of memory"))
    assert alignd.stop() == 0


def test_held_up_at_start(lab):
    """As on a machine that has many things to start: the resolver's test of itself comes late."""
    promised("alignd held up for 4 s in its start: it starts, and obeys a reload, too")
    alignd = make_daemon(lab, {"dns.servers": ["127.0.0.1@1"]}, Shim(lab, ALIGND_SHIM_LATE_MS="4000"))
    said = reload_now(alignd, servers.settings_text(dict(alignd.settings, **{"dns.budget_ms": 9000})))
    assert "new settings in force" in said, said
    seen("%s", said)
    assert alignd.stop() == 0


def test_clock_jumps(lab):
    promised("the clock jumps by hours and years, there and back: answers go on, every line is there,"
             " nothing is removed as too old")
    shim = Shim(lab)
    alignd = make_daemon(lab, shim=shim)
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        for days in (1 / 24, -1 / 24, 1, -1, 20, 60, -60, 3000, -3000, 0):
            shim.set(clock_ms=int(days * DAY_MS))
            load.wait_for_more(MORE)
            time.sleep(0.3)             # for the journal's keeper
        load.wait_for_more(MORE)
    assert (load.unusual(), load.unanswered()) == ({}, []), load.unusual()
    rows = check(alignd, load)
    days = {row["when"][:10] for row in rows}
    seen("%d answered as on any day, each in journal and store once, of %d days; longest %.1f s",
         len(load.answered()), len(days), load.longest_s)
    assert len(days) >= 8, days
    assert alignd.stop() == 0


BROKEN = ["dry_run = maybe;\n", "dry_run = false;\nnonsense = 1;\n", "{", "", "@include \"nothing\"\n",
          "dry_run = false;\nquarantine: { method = \"header\"; };\ndns: { zone_file = \"/nonexistent\"; };\n"]


def reload_now(alignd, text):
    before = len(events(alignd, "reload"))
    with open(alignd.config, "w", encoding="utf-8") as out:
        out.write(text)
    alignd.reload()
    wait_until(lambda: [line for line in events(alignd, "reload")[before:] if "result=" in line],
               "what is said about the reload")
    return [line for line in events(alignd, "reload")[before:] if "result=" in line][0]


def test_reloads(lab):
    promised("%d reloads under load, half of them with broken settings: the old ones stay in force and it"
             " is said, no message is lost or judged by half" % RELOADS)
    alignd, choose = make_daemon(lab), random.Random(3)
    with open(alignd.config, encoding="utf-8") as source:
        good = source.read()
    with traffic.Traffic(alignd.settings["socket"]) as load:
        load.wait_for_more(MORE)
        before = descriptors(alignd)
        for number in range(RELOADS):
            is_broken = number % 2 == 0
            said = reload_now(alignd, BROKEN[number // 2 % len(BROKEN)] if is_broken else good)
            wanted = "failed: the old settings stay in force" if is_broken else "new settings in force"
            assert wanted in said, (number, said)
            load.wait_for_more(choose.randrange(1, 20))
        load.wait_for_more(MORE)
    assert (load.unusual(), load.unanswered(), dict(load.broken), dict(load.refused)) == ({}, [], {}, {})
    check(alignd, load)
    wait_until(lambda: descriptors(alignd) <= before + traffic.THREADS, "the descriptors to be freed")
    seen("%d answered as on any day, none broken off; %d times \"the old settings stay in force\", faults said:"
         " %d; descriptors %d before, %d after", len(load.answered()),
         len([line for line in events(alignd, "reload") if "stay in force" in line]),
         len(events(alignd, "settings")), before, descriptors(alignd))
    assert alignd.stop() == 0
