"""Name servers that are dead, silent, slow, that lie, or fail for everything, and that come
back: mail is answered in time, nothing forged passes, nothing genuine is refused, and what
comes afterwards is judged as on any day.
"""

import time

import harness
import milter
import samples
import traffic
from common import amount, make_daemon, promised, seen
from lab import wait_until

CASE_TIMEOUT_S = 900
MORE = amount("FAULT_MESSAGES", 12)
DOMAINS = 40000                 # a name is asked once: caches do not help, nor keep failures
BUDGET_S = 5                    # a name server that is only held up has more time than that
SETTINGS = {"dns.budget_ms": BUDGET_S * 1000, "dns.timeout_ms": 4000}
RECOVERY_S = 60
PORT = 53                       # where libunbound asks from, no other server's port is taken meanwhile
ZONE = samples.ZONE + "".join(
    'd%d.example TXT "v=spf1 ip4:192.0.2.1 -all"\n_dmarc.d%d.example TXT "v=DMARC1; p=reject"\n' % (n, n)
    for n in range(DOMAINS))


def compose(kind, number):
    """Authors of whom nothing is known yet."""
    domain = "d%d.example" % (number % DOMAINS)
    text = samples.message("a@" + domain)
    if kind == "genuine":
        return text, dict(samples.GENUINE, sender="<bounce@%s>" % domain)
    return text, samples.SPOOFED


class Place:
    """A name server at one port that can be away."""

    def __init__(self, lab):
        self.port = PORT
        self.start()
        lab.defer(self.stop)

    def stop(self):
        if self.server is not None:
            self.server.__exit__()
        self.server = None

    def start(self):
        self.server = harness.NameServer(ZONE, self.port)

    def command(self, *texts):
        for text in texts:
            self.server.command(text)


def spoil(lab, what, do, undo, is_failure=True):
    """Traffic before, while, and after; `is_failure`: no answer of use comes meanwhile."""
    promised("%s: an answer in dns.budget_ms, %s; right again by itself" % (
        what, "temperror, nothing passes, nothing is rejected" if is_failure else "the right one"))
    place = Place(lab)
    alignd = make_daemon(lab, dict(SETTINGS, **{"dns.servers": ["127.0.0.1@%d" % place.port]}))
    with traffic.Traffic(alignd.settings["socket"], compose=compose, kinds=("genuine", "spoofed"),
                         pause_s=0.01) as load:
        load.wait_for_more(MORE)
        assert load.unusual() == {}, load.unusual()
        do(place)
        marks = [traffic.mark(load)]
        load.wait_for_more(MORE // 2 if is_failure else MORE)
        if not is_failure:
            load.wait_for_each_kind()
        marks.append(traffic.mark(load))
        undo(place)
        took_s = recover(alignd)
        marks.append(traffic.mark(load))
        load.wait_for_more(MORE)
        load.wait_for_each_kind()
    rows = alignd.journal()
    traffic.check_lines(load, rows)
    meanwhile = [row["result"] for row in traffic.begun_between(rows, *marks[:2])]
    after = [row["result"] for row in traffic.begun_between(rows, marks[2], traffic.mark())]
    seen("%d messages meanwhile: %s; longest %.1f s; right again after %.1f s", len(meanwhile),
         ", ".join(sorted(set(meanwhile))), load.longest_s, took_s)
    assert set(meanwhile) == ({"temperror"} if is_failure else {"pass", "fail"}), meanwhile
    assert not load.unanswered() and load.unusual().keys() <= {"spoofed continue"}, load.unusual()
    assert set(after) == {"pass", "fail"}, after
    # an answer is not held beyond the budget; the machine may be busy
    assert load.longest_s < 4 * BUDGET_S, load.longest_s
    assert alignd.stop() == 0


def is_right(alignd):
    """A genuine message of a new author passes and a forged one is rejected."""
    for kind, wanted in (("genuine", "continue"), ("spoofed", "reject")):
        number = next(traffic.numbers)
        text, envelope = compose(kind, number)
        answer = milter.send_message(alignd.settings["socket"], text, queue_id="R%d" % number, **envelope)
        if answer.action != wanted:
            return False
        if kind == "genuine" and "dmarc=pass" not in answer.inserted("Authentication-Results")[0]:
            return False
    return True


def recover(alignd):
    """Until it judges as on any day: how long it took."""
    start = time.monotonic()
    for _ in range(5):
        wait_until(lambda: is_right(alignd), "right answers", RECOVERY_S)
    return time.monotonic() - start


def test_dead(lab):
    spoil(lab, "name server dead", lambda place: place.stop(), lambda place: place.start())


def test_silent(lab):
    spoil(lab, "name server silent", lambda place: place.command("silent *"),
          lambda place: place.command("normal"))


def test_forwarder_fails(lab):
    spoil(lab, "forwarder that answers SERVFAIL for all", lambda place: place.command("servfail *"),
          lambda place: place.command("normal"))


def test_refuses(lab):
    spoil(lab, "name server that refuses all", lambda place: place.command("refuse *"),
          lambda place: place.command("normal"))


def test_slow(lab):
    spoil(lab, "name server slow (200 ms an answer)", lambda place: place.command("delay 200 *"),
          lambda place: place.command("normal"), is_failure=False)


def test_too_slow(lab):
    spoil(lab, "name server slower than dns.timeout_ms", lambda place: place.command("delay 9000 *"),
          lambda place: place.command("normal"))


def test_lies_about_the_question(lab):
    spoil(lab, "answers with another question's id", lambda place: place.command("wrong-id *"),
          lambda place: place.command("normal"))


def test_garbage(lab):
    spoil(lab, "answers that are no DNS messages", lambda place: place.command("garbage *"),
          lambda place: place.command("normal"))


def test_truncates(lab):
    spoil(lab, "every answer cut short over UDP", lambda place: place.command("truncate *"),
          lambda place: place.command("normal"), is_failure=False)
