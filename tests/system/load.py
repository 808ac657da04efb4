"""Many clients at once, while the filter is reloaded or stopped and started."""

import collections
import re
import smtplib
import threading
import time

import filtered
from lab import wait_for_more, wait_until

CLIENTS = 6
PER_CONNECTION = 4


class Load:
    """Clients that send messages while the block runs; each message is tried
    again until it is accepted, as a sender's queue does."""

    def __init__(self, site):
        self.site = site
        self.lock = threading.Lock()
        self.accepted = []
        self.refusals = []
        self.faults = []
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(n,), daemon=True)
                        for n in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def _work(self, worker):
        count = 0
        try:
            while not self.over.is_set():
                names = ["load-%d-%d." % (worker, count + n) for n in range(PER_CONNECTION)]
                count += PER_CONNECTION
                self._hand_over(names)
        except Exception as fault:  # pylint: disable=broad-except
            self.faults.append("%s: %s" % (type(fault).__name__, fault))

    def _hand_over(self, names):
        """All of these, over as many connections as it takes."""
        end = time.monotonic() + 60
        while names:
            if time.monotonic() > end:
                raise AssertionError("not accepted for 60 s: %s" % names)
            with self.site.client() as client:
                while names:
                    answer = client.send(filtered.message(subject=names[0]))
                    if answer.code != 250:
                        break
                    with self.lock:
                        self.accepted.append(names.pop(0))
            if names:
                assert answer.code // 100 == 4, answer
                with self.lock:
                    self.refusals.append(answer)
                time.sleep(0.05)

    def wait_for_more(self, count):
        """Until `count` further messages have been accepted."""
        wait_for_more(lambda: len(self.accepted), count, "accepted messages", lambda: self.faults)

    def wait_for_refusal(self):
        """Until one more message has been refused."""
        wait_for_more(lambda: len(self.refusals), 1, "refusals", lambda: self.faults)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(70)
        if kind is None:
            self.check()

    def check(self):
        """What was delivered is what was accepted, each once, and judged."""
        assert self.faults == [], self.faults[:5]
        inbox = self.site.mta.inbox
        wait_until(lambda: len(inbox.paths()) >= len(self.accepted),
                   "%d deliveries" % len(self.accepted))
        delivered = inbox.messages()
        inbox.clear()
        names = [re.search(rb"^Subject: (\S+)", octets, re.MULTILINE).group(1).decode()
                 for octets in delivered]
        assert sorted(names) == sorted(self.accepted), \
            (collections.Counter(names) - collections.Counter(self.accepted),
             collections.Counter(self.accepted) - collections.Counter(names))
        for octets in delivered:
            filtered.has(filtered.our_result(octets), "dmarc=pass")
