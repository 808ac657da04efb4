"""Connections that speak the milter protocol as an MTA does, many at once, for as
long as the block runs; and what must be true of what they were told.

A message was answered when its end of message was: from then on its line must
stay, whatever happens to the daemon.
"""

import collections
import itertools
import os
import random
import sqlite3
import threading
import time

import milter
import samples
from lab import PATIENCE_S, wait_for_more, wait_until

THREADS = 6
PER_CONNECTION = 5
numbers = itertools.count(1)

# name: the message, its envelope, what becomes of it when nothing is wrong
KINDS = {
    "genuine": (samples.message(), samples.GENUINE, "continue"),
    "spoofed": (samples.message(), samples.SPOOFED, "reject"),
    "long": (samples.message(body="x" * 40000 + "\r\n"), samples.SPOOFED, "reject"),
}


class Traffic:
    """`where`: the daemon's socket. `kinds`: names of `compose`'s, which gives a kind's message
    and its envelope; `pause_s`: after each message."""

    def __init__(self, where, threads=THREADS, kinds=("genuine", "spoofed", "long"), pause_s=0,
                 compose=lambda kind, number: KINDS[kind][:2]):
        self.where = where
        self.kinds = kinds
        self.compose = compose
        self.pause_s = pause_s
        self.lock = threading.Lock()
        self.answers = {}               # queue id: what was said to its end, None: nothing
        self.kind_of = {}               # queue id: its kind
        self.begun = set()              # numbers of those under way
        self.refused = collections.Counter()    # answers before the end of a message
        self.broken = collections.Counter()     # connections that ended by themselves
        self.waits_s = []               # for each answer to the end of a message
        self.faults = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True)
                        for n in range(threads)]
        for thread in self.threads:
            thread.start()

    def _work(self, seed):
        choose = random.Random(seed)
        while not self.over.is_set():
            try:
                with milter.Client(self.where, timeout=PATIENCE_S) as mta:
                    self._connection(mta, choose)
            except TimeoutError as fault:
                self.faults.append("no answer within %d s: %r" % (PATIENCE_S, fault))
            except (OSError, milter.Closed) as fault:
                with self.lock:
                    self.broken[type(fault).__name__] += 1
                time.sleep(0.02)
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append("%s: %s" % (type(fault).__name__, fault))

    def _connection(self, mta, choose):
        kind = choose.choice(self.kinds)
        _, envelope = self.compose(kind, 0)
        for answer in (mta.connect(envelope.get("host", "mail.example.com"), envelope["address"]),
                       mta.helo(envelope.get("helo", "mail.example.com"))):
            if self._is_refused("connect", answer):
                return
        for _ in range(PER_CONNECTION):
            if self.over.is_set() or not self._message(mta, kind):
                break
            time.sleep(self.pause_s)
        mta.quit()

    def _message(self, mta, kind):
        with self.lock:
            number = next(numbers)
            self.begun.add(number)
        try:
            return self._send(mta, kind, number)
        finally:
            with self.lock:
                self.begun.discard(number)

    def _send(self, mta, kind, number):
        text, envelope = self.compose(kind, number)
        queue_id = "Q%d" % number
        early = mta.message(envelope["sender"], ["<b@receiver.example>"], text, queue_id, last=False)
        if self._is_refused("message", early):
            return False
        with self.lock:
            self.answers[queue_id] = None
            self.kind_of[queue_id] = kind
        start = time.monotonic()
        answer = mta.eom(macros={"i": queue_id})
        with self.lock:
            self.answers[queue_id] = answer.action
            self.waits_s.append(time.monotonic() - start)
        return True

    @property
    def longest_s(self):
        with self.lock:
            return max(self.waits_s, default=0)

    def waited(self, seconds):
        """How many waited so long or longer."""
        with self.lock:
            return sum(wait_s >= seconds for wait_s in self.waits_s)

    def _is_refused(self, stage, answer):
        if answer is None or answer.action == "continue":
            return False
        with self.lock:
            self.refused["%s %s" % (stage, answer.action)] += 1
        time.sleep(0.02)
        return True

    def answered(self):
        with self.lock:
            return [name for name, action in self.answers.items() if action is not None]

    def unanswered(self):
        with self.lock:
            return [name for name, action in self.answers.items() if action is None]

    def under_way(self):
        with self.lock:
            return set(self.begun)

    def unusual(self):
        """Answers other than those of a daemon that has all it needs; without those not given."""
        with self.lock:
            return dict(collections.Counter(
                "%s %s" % (self.kind_of[name], action) for name, action in self.answers.items()
                if action not in (None, KINDS[self.kind_of[name]][2])))

    def wait_for_more(self, count):
        """Until `count` further messages have been answered."""
        wait_for_more(lambda: len(self.answered()), count, "answers", lambda: self.faults)

    def wait_for_each_kind(self):
        """Until a message of each kind that begins now or later has been answered."""
        first = next(numbers)

        def kinds():
            return {self.kind_of[name] for name in self.answered() if int(name[1:]) > first}
        wait_until(lambda: self.faults or kinds() == set(self.kinds), "an answer to each kind")

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE_S + 10)
        assert self.faults == [], self.faults[:5]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        if kind is None:
            self.stop()


def mark(load=None):
    """For begun_between(): now; with a load: and wait for the answers to what began before."""
    number = next(numbers)
    if load is not None:
        wait_until(lambda: number < min(load.under_way(), default=number + 1),
                   "the answers to what is under way")
    return number


def begun_between(rows, first, last):
    """Lines of the load's messages that began between two marks."""
    return [row for row in rows if row["queue_id"][0] == "Q" and first < int(row["queue_id"][1:]) < last]


def check_lines(traffic, rows):
    """Every message that was answered has one line, every other one at most one. How many
    of the others have one."""
    lines = collections.Counter(row["queue_id"] for row in rows)
    assert sum(lines.values()) == len({row["id"] for row in rows}), "a line id twice"
    answered, unanswered = traffic.answered(), traffic.unanswered()
    bad = {name: lines[name] for name in answered if lines[name] != 1}
    assert bad == {}, ("answered, but not in the journal once", bad)
    bad = {name: lines[name] for name in unanswered if lines[name] > 1}
    assert bad == {}, ("not answered, and more than once in the journal", bad)
    return sum(lines[name] for name in unanswered)


def check_stored(rows, stored):
    """What the journal has is in the store, each line once; `stored` gives the ids there."""
    wanted = sorted(row["id"] for row in rows)
    wait_until(lambda: len(stored()) >= len(wanted), "%d lines in the store" % len(wanted), 2 * PATIENCE_S)
    assert sorted(stored()) == wanted


def sqlite_ids(path):
    """Ids of the lines in the store, as often as they are there."""
    if not os.path.exists(path):
        return []
    with sqlite3.connect("file:%s?mode=ro" % path, uri=True, timeout=30) as base:
        try:
            return ["%s-%d" % row for row in base.execute(
                "SELECT sources.name, messages.seq FROM messages"
                " JOIN sources ON sources.id = messages.source")]
        except sqlite3.OperationalError:        # it is about to be made
            return []
