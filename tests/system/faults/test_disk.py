"""The journal's disk and the store's: full, read-only, gone, standing still, broken. Mail
goes on, nothing that was answered is lost, and it is said.

Needs: mount (root), a C compiler for what a shim does.
"""

import errno
import json
import os

import journal_files
import traffic
from common import Shim, amount, events, make_daemon, mount, promised, seen
from lab import wait_until

CASE_TIMEOUT_S = 900
MORE = amount("FAULT_MESSAGES", 100)    # at least so many while it is broken, and afterwards
GENTLE = {"threads": 4, "pause_s": 0.01}
HOLD_S = 2                      # longest hold of a message by the disk (milter/daemon.c)
DAY_MS = 86400000
BUSY = 5                        # so many times as long on a busy machine


def lines_of(folders):
    """All lines, and what is no whole one."""
    rows, pieces = [], []
    for line in (line for folder in folders for line in journal_files.lines_of(folder)):
        try:
            rows.append(json.loads(line))
        except ValueError:
            pieces.append(line)
    return rows, pieces


def rows_of(load, *folders, was_full=False):
    """The lines of all that was answered, which may have waited in memory. A disk that was full
    may have taken a piece of one."""
    wait_until(lambda: len(lines_of(folders)[0]) >= len(load.answered()), "the lines that waited")
    rows, pieces = lines_of(folders)
    assert was_full or pieces == [], pieces
    return rows


def check_disk(alignd, load, word, was_full=False):
    """The answers were those of any day; the lines are there; it was said, and that it is over."""
    assert (load.unusual(), load.unanswered()) == ({}, []), load.unusual()
    rows = rows_of(load, alignd.journal_folder, was_full=was_full)
    traffic.check_lines(load, rows)
    traffic.check_stored(rows, lambda: traffic.sqlite_ids(alignd.settings["store.path"]))
    said = [line for line in events(alignd, "journal") if word in line]
    unjournaled = alignd.log().count(" journaled=no")
    seen("%d answered as on any day, %d of them said journaled=no and came into the journal later, longest"
         " %.1f s; %s", len(load.answered()), unjournaled, load.longest_s, said[0] if said else "(not said)")
    assert said, events(alignd, "journal")
    assert alignd.stop() == 0


def fill(path):
    """The rest of the disk."""
    with open(os.path.join(path, "filler"), "wb", buffering=0) as out:
        for size in (65536, 4096, 1):
            try:
                while out.write(b"x" * size) == size:
                    pass
            except OSError as fault:
                assert fault.errno == errno.ENOSPC, fault
    return out.name


def test_disk_full(lab):
    promised("journal's disk full: mail goes on, lines wait in bounded memory and are written when there"
             " is room, it is said")
    alignd = make_daemon(lab, start=False)
    mount(lab, alignd.journal_folder, "size=8m")
    alignd.start()
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        filler = fill(alignd.journal_folder)
        alignd.wait_log("cannot write")
        load.wait_for_more(MORE)
        os.unlink(filler)
        alignd.wait_log("writing goes on")
        load.wait_for_more(MORE)
    check_disk(alignd, load, "No space left", was_full=True)


def test_disk_read_only(lab):
    promised("journal's disk read-only: the same")
    alignd = make_daemon(lab)
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        unmount = mount(lab, alignd.journal_folder, "ro")
        alignd.wait_log("cannot write")
        load.wait_for_more(MORE)
        unmount()
        alignd.wait_log("writing goes on")
        load.wait_for_more(MORE)
    check_disk(alignd, load, "Read-only")


def test_folder_removed(lab):
    promised("journal's folder moved away: it is made again, what is answered from then on is in it")
    alignd = make_daemon(lab, {"store.driver": "none"})
    folders = [alignd.journal_folder]
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        for number in range(5):
            load.wait_for_more(MORE // 5)
            folders.append("%s.%d" % (alignd.journal_folder, number))
            wait_until(lambda: os.path.isdir(alignd.journal_folder), "the folder to be made again")
            os.rename(alignd.journal_folder, folders[-1])
            load.wait_for_more(MORE // 5)
    rows = rows_of(load, *folders)
    traffic.check_lines(load, rows)
    assert (load.unusual(), load.unanswered()) == ({}, []), load.unusual()
    seen("moved away 5 times under load: %d answered, each in one of the folders once", len(load.answered()))
    assert alignd.stop() == 0


def check_slow(alignd, load):
    """Nothing is lost, and nobody was held for long."""
    rows = rows_of(load, alignd.journal_folder)
    traffic.check_lines(load, rows)
    traffic.check_stored(rows, lambda: traffic.sqlite_ids(alignd.settings["store.path"]))
    assert (load.unusual(), load.unanswered()) == ({}, []), load.unusual()
    assert load.longest_s < BUSY * HOLD_S, load.longest_s
    assert alignd.stop() == 0


def test_disk_stands_still(lab):
    promised("journal's disk hangs till the next day: those under way wait %d s at most, then nobody; lines wait in"
             " memory" % HOLD_S)
    shim = Shim(lab)
    alignd = make_daemon(lab, shim=shim)
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        shim.set(hang=1)
        load.wait_for_more(MORE)
        waited = load.waited(0.9 * HOLD_S)
        shim.set(hang=0, clock_ms=DAY_MS)
        load.wait_for_more(MORE)
    unjournaled = alignd.log().count(" journaled=no")
    seen("%d answered, %d of them while it hung (journaled=no) and in the journal afterwards; %d waited, longest"
         " %.1f s", len(load.answered()), unjournaled, waited, load.longest_s)
    assert unjournaled >= MORE - GENTLE["threads"], unjournaled
    assert 1 <= waited < MORE // 2, waited      # those under way, and what a busy machine holds up
    check_slow(alignd, load)


def test_disk_slow(lab):
    promised("journal's disk slow: where a write takes 0.3 s, answers wait for it; where it takes 3 s, %d s at"
             " most, and lines wait in memory" % HOLD_S)
    shim = Shim(lab)
    alignd = make_daemon(lab, shim=shim)
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE // 5)
        shim.set(slow_ms=300)
        load.wait_for_more(MORE // 5)
        waited = load.waited(0.3)
        early = alignd.log().count(" journaled=no")
        shim.set(slow_ms=3000)
        load.wait_for_more(MORE)
        shim.set(slow_ms=0)
        load.wait_for_more(MORE // 5)
    late = alignd.log().count(" journaled=no") - early
    seen("%d answered; 0.3 s a write: %d waited for theirs, %d went without; 3 s: %d said journaled=no and came"
         " into the journal later; longest %.1f s", len(load.answered()), waited, early, late, load.longest_s)
    assert waited >= MORE // 5 - GENTLE["threads"], waited
    assert early <= GENTLE["threads"] < late, early     # a busy machine
    check_slow(alignd, load)


def test_disk_errors(lab):
    promised("every write fails (EIO): as a full disk")
    shim = Shim(lab)
    alignd = make_daemon(lab, shim=shim)
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        shim.set(error=errno.EIO)
        alignd.wait_log("cannot write")
        load.wait_for_more(MORE)
        shim.set(error=0)
        alignd.wait_log("writing goes on")
        load.wait_for_more(MORE)
    check_disk(alignd, load, "Input/output error")


def test_store_gone(lab):
    """Its folder is moved away and comes back; a store that stays away is made again."""
    promised("the store's file gone: mail goes on; the store is made anew from the journal")
    folder = lab.make_folder("store", owner=(65534, 65534))
    alignd = make_daemon(lab, {"store.path": os.path.join(folder, "store.sqlite")})
    with traffic.Traffic(alignd.settings["socket"], **GENTLE) as load:
        load.wait_for_more(MORE)
        os.rename(folder, folder + ".away")
        load.wait_for_more(MORE)
        lab.make_folder("store", owner=(65534, 65534))
        load.wait_for_more(MORE)
    rows = rows_of(load, alignd.journal_folder)
    traffic.check_lines(load, rows)
    traffic.check_stored(rows, lambda: traffic.sqlite_ids(alignd.settings["store.path"]))
    assert (load.unusual(), load.unanswered()) == ({}, []), load.unusual()
    seen("%d answered as on any day, each in the new store once; %s", len(load.answered()),
         events(alignd, "store")[-1])
    assert alignd.stop() == 0
