"""MTAs that are killed in every state of the protocol, and time-outs on both sides."""

import os
import signal
import time

import filtered
import milter
import samples
import smtp_client
import traffic
from common import Shim, amount, descriptors, events, make_daemon, promised, seen
from lab import wait_until
from test_names import SETTINGS, Place

CASE_TIMEOUT_S = 900
TIMES = amount("FAULT_TIMES", 3)
PLACES = 40                     # less than are killed


def steps(mta, domain):
    """(state, what leads to it), in order; the last leaves the daemon at work."""
    yield "connected", lambda: None
    yield "negotiated", mta.negotiate
    yield "connect", lambda: mta.connect("mail.example.com", "192.0.2.1")
    yield "helo", mta.helo
    yield "mail", lambda: mta.mail("<b@%s>" % domain)
    yield "rcpt", lambda: mta.rcpt("<c@receiver.example>")
    yield "data", mta.data
    yield "header", lambda: mta.header("From", " a@" + domain)
    yield "end of header", mta.eoh
    yield "body", lambda: mta.body("x" * 100000)


# in the middle of a packet: behind which state, what is sent
PIECES = {"half a length": ("helo", b"\0\0"), "half a header packet": ("header", b"\0\0\1\0LSubj"),
          "half a body packet": ("body", b"\0\0\xff\xffBxxx")}


def play(where, state, domain):
    """An MTA that gets to this state."""
    mta = milter.Client(where, negotiate=False)
    last, piece = PIECES.get(state, (state, b""))
    for name, step in steps(mta, domain):
        step()
        if name == last:
            mta.send_raw(piece)
            return mta
    mta.macros(b"E", {"i": "KILLED"})
    mta.send(b"E")
    return mta


def kill_in(where, state, domain):
    """A process that is killed when it has got there."""
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            mta = play(where, state, domain)    # kept open
            os.write(tell, b"x")
            while mta:
                time.sleep(60)
        finally:
            os._exit(1)
    os.close(tell)
    assert os.read(ready, 1) == b"x", "the MTA did not get to " + state
    os.close(ready)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


STATES = ("connected", "negotiated", "connect", "helo", "mail", "rcpt", "data", "header",
          "end of header", "body", "end of message") + tuple(PIECES)


def test_killed_in_every_state(lab):
    promised("MTA killed in each of %d states: nothing of its message and no place is left taken,"
             " others are served" % len(STATES))
    place = Place(lab)
    alignd = make_daemon(lab, dict(SETTINGS, **{
        "store.driver": "none", "dns.servers": ["127.0.0.1@%d" % place.port],
        "limits.connections": PLACES}))
    where = alignd.settings["socket"]
    milter.send_message(where, samples.message(), **samples.GENUINE)
    place.command("silent *")           # so that the end of message has to wait
    before = descriptors(alignd)
    for number in range(TIMES):
        for state in STATES:
            kill_in(where, state, "d%d.example" % number)
    place.command("normal")
    wait_until(lambda: len(alignd.journal()) == 1 + TIMES, "the lines of those who ended a message")
    wait_until(lambda: descriptors(alignd) <= before, "the descriptors to be freed")
    with traffic.Traffic(where) as load:
        load.wait_for_more(20)
    assert (load.unusual(), load.unanswered(), load.refused) == ({}, [], {}), load.refused
    rows = alignd.journal()
    gone = [row["done"] for row in rows if row["queue_id"] == "KILLED"]
    traffic.check_lines(load, [row for row in rows if row["queue_id"][0] == "Q"])
    assert len(gone) == TIMES, gone
    assert len(rows) == 1 + TIMES + len(load.answered()), len(rows)
    assert alignd.stop() == 0
    stop = events(alignd, "stop")
    assert len(stop) == 1 and "unfinished" not in stop[0], stop
    seen("%d killed; lines only of the %d that had ended their message (done: %s); descriptors as before,"
         " all of the %d places free; no message in flight at the stop", TIMES * len(STATES), TIMES, ", ".join(sorted(set(gone))), PLACES)


def expect_hang_up(mta):
    with mta:
        try:
            raise AssertionError("an answer to nothing: %r" % (mta.receive(),))
        except milter.Closed:
            pass


def test_silent_mta(lab):
    """The time-out of an hour, made some seconds for this: longer than who speaks is held up."""
    promised("an MTA that says nothing for the time-out is hung up on, in any state; its message is forgotten")
    shim = Shim(lab, ALIGND_SHIM_TIMEOUT_S="6")
    alignd = make_daemon(lab, {"store.driver": "none"}, shim)
    where = alignd.settings["socket"]
    milter.send_message(where, samples.message(), **samples.GENUINE)
    before = descriptors(alignd)
    idle, busy, half = (play(where, state, "example.com") for state in ("helo", "body", "half a header packet"))
    for mta in (half, idle, busy):
        expect_hang_up(mta)
    wait_until(lambda: descriptors(alignd) <= before, "the descriptors to be freed")
    with traffic.Traffic(where) as load:
        load.wait_for_more(20)
    assert (load.unusual(), load.unanswered()) == ({}, [])
    assert alignd.stop() == 0
    assert "unfinished" not in events(alignd, "stop")[0]
    seen("hung up on: idle, in a message, in half a packet; descriptors as before; others served")


def test_impatient_mta(lab):
    """Postfix with less patience than the name servers want; then with enough for one
    sign of life of alignd's."""
    promised("Postfix's time-out (2 s) while alignd waits for the DNS: tempfail, not delivered, and said;"
             " with 8 s the signs of life that alignd gives each 3 s are enough")
    site = filtered.PostfixSite(lab, chroot=False)
    site.use({"dns.budget_ms": 11000, "dns.timeout_ms": 11000})
    site.deliver(filtered.message())
    for patience_s, wanted in ((2, 451), (8, 250)):
        site.mta.set(milter_content_timeout="%ds" % patience_s)
        os.killpg(site.nsd.process.pid, signal.SIGSTOP)
        try:
            number = len(site.alignd.journal())
            answer = site.send(filtered.message(author="a@new%d.example" % patience_s),
                               sender="b@new%d.example" % patience_s)
        finally:
            os.killpg(site.nsd.process.pid, signal.SIGCONT)
        assert answer.code == wanted, answer
        wait_until(lambda n=number: len(site.alignd.journal()) == n + 1, "the line")
        seen("patience %d s: %d %s; journal: result=%s done=%s", patience_s, answer.code, answer.text.split("\n")[0],
             site.alignd.journal()[-1]["result"], site.alignd.journal()[-1]["done"])
    assert len(site.mta.inbox.take(1)) > 0
    site.deliver(filtered.message())


def test_no_place(lab):
    """Other MTAs have all of limits.connections."""
    promised("all places taken: Postfix gets a clean tempfail and tells its client to come again; nothing is"
             " delivered; with a place free all is as on any day")
    site = filtered.PostfixSite(lab, chroot=False)
    site.use({"limits.connections": 2})
    site.deliver(filtered.message())
    where, number = site.alignd.settings["socket"], len(site.alignd.journal())
    others = [milter.Client(where) for _ in range(2)]
    for mta in others:
        # Postfix may still hang up from its last message
        wait_until(lambda m=mta: m.connect("mail.example.com", "192.0.2.1").action == "continue", "a place")
    answer = smtp_client.send(site.mta, filtered.message())
    seen("%s: %d %s", answer.stage, answer.code, answer.text.split("\n")[0])
    for mta in others:
        mta.close()
    assert answer.code == 451 and answer.text.startswith("4.3.2 "), answer
    assert len(site.alignd.journal()) == number, "judged all the same"
    assert len(events(site.alignd, "connections")) == 1, events(site.alignd, "connections")
    assert site.milter_errors() == [], site.milter_errors()
    wait_until(lambda: smtp_client.send(site.mta, filtered.message()).code == 250, "a place for Postfix")
    assert len(site.mta.inbox.take()) > 0
    site.deliver(filtered.message())
