"""alignd killed (SIGKILL) under load behind Postfix, with each value of
milter_default_action: what Postfix does without an answer is what it was told to do, and
no message is lost between the two.

Needs: postfix, nsd, python3-dkim.
"""

import collections
import random
import re
import signal
import smtplib
import threading
import time

import filtered
import traffic
from common import amount, promised, seen
from lab import wait_for_more, wait_until

CASE_TIMEOUT_S = 900
KILLS = amount("ACTION_KILLS", 1)       # with each value
CLIENTS = 4
ALL_KILLS = 4 * KILLS           # one journal for all values
PROMISES = {
    "tempfail": "nothing is delivered that was not judged; the sender keeps the rest",
    "reject": "nothing is delivered that was not judged; the sender is told of the rest",
    "accept": "everything is delivered at once, judged or not",
    "quarantine": "everything is taken; what was not judged is held",
}


def setup(lab):
    site = filtered.PostfixSite(lab, chroot=False, settings={"enable_long_queue_ids": "yes"})
    site.use({"store.driver": "sqlite"})
    return site


class Senders:
    """Clients that send message after message, and what each was told."""

    def __init__(self, site):
        self.site = site
        self.lock = threading.Lock()
        self.told = {}                  # subject: (code, queue id); code 0: nothing
        self.faults = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True)
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _work(self, worker):
        number = 0
        while not self.over.is_set():
            number += 1
            subject = "kill-%d-%d-%d." % (id(self), worker, number)
            try:
                self._send(subject)
            except Exception as fault:  # pylint: disable=broad-except
                self.faults.append("%s: %s" % (type(fault).__name__, fault))

    def _send(self, subject):
        code, queue_id = 0, None
        try:
            answer = self.site.send(filtered.message(subject=subject))
            code = answer.code
            queue_id = (re.findall(r"queued as (\w+)", answer.text) or [None])[0]
        except (smtplib.SMTPException, OSError):
            pass                        # Postfix hung up
        with self.lock:
            self.told[subject] = (code, queue_id)
        if code != 250:
            time.sleep(0.05)

    def codes(self):
        with self.lock:
            return collections.Counter(code for code, _ in self.told.values())

    def wait_for_more(self, count):
        wait_for_more(lambda: self.codes()[250], count, "accepted messages", lambda: self.faults)

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join(70)
        assert self.faults == [], self.faults[:5]


def kill_often(site, senders, choose):
    for _ in range(KILLS):
        senders.wait_for_more(choose.randrange(5, 25))
        time.sleep(choose.random() * 0.05)
        site.alignd.process.kill(signal.SIGKILL)
        site.alignd.process.wait()
        time.sleep(choose.random() * 0.3)       # some come while it is away
        site.alignd.start()
    senders.wait_for_more(10)


def subject_of(octets):
    return re.search(rb"^Subject: (\S+)", octets, re.MULTILINE).group(1).decode()


def held_subjects(site):
    """Subjects of what is on hold; they are removed."""
    rows = [row for row in site.mta.queue() if row["queue_name"] == "hold"]
    found = [subject_of(site.mta.read_queued(row["queue_id"]).encode()) for row in rows]
    site.mta.clear_hold()
    return found


def check(site, senders, action):
    """Where each message is by what its sender was told."""
    taken = {subject: queue_id for subject, (code, queue_id) in senders.told.items() if code == 250}
    unsure = [subject for subject, (code, _) in senders.told.items() if code == 0]
    held = held_subjects(site)
    wait_until(lambda: site.mta.queue() == [] and len(site.mta.inbox.paths()) >= len(taken) - len(held),
               "the deliveries")
    delivered = {}
    for octets in site.mta.inbox.messages():
        assert subject_of(octets) not in delivered, "delivered twice"
        delivered[subject_of(octets)] = octets
    site.mta.inbox.clear()
    assert len(set(held)) == len(held) and not set(held) & set(delivered), "held and delivered"
    assert (set(delivered) | set(held)) - set(unsure) == set(taken) - set(unsure), \
        "lost, or taken against what was said"
    judged = {subject for subject, octets in delivered.items()
              if filtered.values_of(octets, "Authentication-Results")}
    lines = collections.Counter(row["queue_id"] for row in site.alignd.journal(ALL_KILLS))
    # killed between the field and the line: no answer, and with "accept" the message is taken so
    half = [subject for subject in judged if taken.get(subject) and lines[taken[subject]] == 0]
    assert len(half) <= (KILLS * CLIENTS if action == "accept" else 0), ("judged, but not in the journal", half)
    assert not [subject for subject, name in taken.items() if name and lines[name] > 1], "twice in the journal"
    traffic.check_stored(site.alignd.journal(ALL_KILLS), lambda: traffic.sqlite_ids(site.alignd.settings["store.path"]))
    unjudged = len(delivered) - len(judged)
    seen("%d kills; senders were told %s; delivered %d, of them not judged %d; held %d; the others in journal and"
         " store once, but for %d killed between field and line", KILLS,
         ", ".join("%s %d times" % (code or "nothing", n) for code, n in sorted(senders.codes().items())),
         len(delivered), unjudged, len(held), len(half))
    assert unjudged == 0 or action == "accept", unjudged
    assert not held or action == "quarantine", held
    refused = sum(n for code, n in senders.codes().items() if code >= 400)
    felt = {"accept": unjudged, "quarantine": len(held)}.get(action, refused)
    assert felt > 0 or KILLS == 1, "%d kills that nobody felt" % KILLS


def kills(site, action, refusals):
    promised("milter_default_action = %s, alignd killed %d times: %s" % (action, KILLS, PROMISES[action]))
    site.mta.set(milter_default_action=action)
    site.deliver(filtered.message())
    senders = Senders(site)
    try:
        kill_often(site, senders, random.Random(action))
    finally:
        senders.stop()
    check(site, senders, action)
    assert {code // 100 for code in senders.codes()} <= refusals | {0, 2}, senders.codes()
    site.deliver(filtered.message())


def test_tempfail(_lab, site):
    kills(site, "tempfail", {4})


def test_reject(_lab, site):
    kills(site, "reject", {4, 5})


def test_accept(_lab, site):
    kills(site, "accept", {4})


def test_quarantine(_lab, site):
    kills(site, "quarantine", {4})
