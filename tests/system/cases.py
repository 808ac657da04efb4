"""What must hold through Postfix and through Sendmail alike.

Each case takes a Site of filtered.py. test_postfix.py and test_sendmail.py
call them by name.
"""

import re
import smtplib
import threading
import time

import domains
import load
import servers
from filtered import OUR_ID, fields_of, has, message, our_result, values_of
from lab import run_program, wait_until

QUARANTINE = "X-Alignd-Quarantine"
SILENT_PORT = domains.DNS_PORT + 1


def queue_id_of(answer):
    return re.search(r"\(([A-Za-z0-9]+)\)", answer.text).group(1)


def passes_by_spf(site):
    site.use()
    delivered = site.deliver(message())
    result = our_result(delivered)
    has(result, "spf=pass smtp.mailfrom=good.example", "dkim=none", "dmarc=pass",
        "header.from=good.example", "policy.dmarc=")
    site.last_line("author=good.example result=pass")
    site.check_quiet()


def passes_by_spf_with_ipv6(site):
    site.use()
    has(our_result(site.deliver(message(), address=domains.CLIENT6)), "spf=pass", "dmarc=pass")
    site.last_line("client=%s" % domains.CLIENT6)
    site.check_quiet()


def passes_by_dkim(site):
    """Both canonicalizations: the simple one needs each octet of each field."""
    site.use()
    for key, how in ((site.domains.rsa, "relaxed/relaxed"), (site.domains.rsa, "simple/simple"),
                     (site.domains.ed25519, "relaxed/simple")):
        octets = message("author@signed.example", subject="a  folded\n\t  subject ",
                         body=".\n..dots\n\nblank  space \n\n\n")
        delivered = site.deliver(key.sign(octets, canonicalization=how),
                                 sender="bounce@forwarder.example", address=domains.STRANGER)
        has(our_result(delivered), "spf=pass smtp.mailfrom=forwarder.example",
            "dkim=pass header.d=signed.example", "header.s=" + key.selector, "dmarc=pass")
    site.check_quiet()


def changed_body_fails(site):
    site.use()
    signed = site.domains.rsa.sign(message("author@signed.example"))
    answer = site.send(signed.replace(b"Hello.", b"Hallo."), sender="bounce@forwarder.example",
                       address=domains.STRANGER)
    assert (answer.stage, answer.code) == ("message", 550), answer
    has(answer.text, "5.7.1 rejected by DMARC policy of signed.example",
        "SPF pass but not aligned", "no aligned DKIM signature passed")
    site.check_quiet()


def rejects(site):
    """The reply says whose policy, what failed and the queue id under which it is known."""
    alignctl = servers.alignctl_program()
    site.use()
    answer = site.send(message("ceo@strict.example"), sender="ceo@strict.example",
                       address=domains.STRANGER)
    assert (answer.stage, answer.code) == ("message", 550), answer
    queue_id = queue_id_of(answer)
    assert answer.text == "5.7.1 rejected by DMARC policy of strict.example: SPF fail, " \
        "no aligned DKIM signature (%s)" % queue_id, answer.text
    wait_until(lambda: queue_id in site.mta.log(), "the queue id in the log")
    has(site.last_line("done=reject"), queue_id + ": author=strict.example result=fail asked=reject")
    row = site.alignd.journal()[-1]
    assert (row["queue_id"], row["chosen"], row["done"]) == (queue_id, "reject", "reject"), row
    assert site.mta.inbox.messages() == []
    told = run_program([alignctl, "show", queue_id, "-c", site.alignd.config])
    has(told, queue_id, "strict.example", "reject", domains.STRANGER)
    site.check_quiet()


def writes_what_a_relay_is_read_by(site):
    """As a gateway of ours it would name its client so that internal_relays can read it."""
    config = site.lab.write("relay.conf", servers.settings_text(
        {"dry_run": True, "authserv_id": OUR_ID, "internal_relays": ["203.0.113.200"]}))
    zone = site.lab.write("relay.zone", "")
    site.use({"dry_run": True})
    for address, helo in ((domains.CLIENT, "client.good.example"), (domains.CLIENT6, "six.example"),
                          (domains.STRANGER, "[%s]" % domains.CLIENT)):
        delivered = site.lab.write("relay.eml", site.deliver(message(), address=address, helo=helo))
        told = run_program([servers.alignctl_program(), "check", delivered, "-c", config, "--zone", zone,
                            "--ip", "203.0.113.200"])
        has(re.sub(" +", " ", told), "internal relay 203.0.113.200, Received fields read: 1",
            "client %s\n" % address, "HELO %s\n" % helo)


def splits_recipients(site):
    """One whose rules differ is told to come separately; the MTA goes on with the others."""
    site.use({"recipients_differ": "split", "rules": [
        {"id": "desk", "match": {"recipient": "desk@receiver.example"}, "action": "accept"}]})
    with site.client(domains.STRANGER) as client:
        def begin(*wanted):
            client.smtp.docmd("MAIL", "FROM:<ceo@strict.example>")
            for name, code in wanted:
                answer = client.smtp.docmd("RCPT", "TO:<%s@receiver.example>" % name)
                assert answer[0] == code, (name, answer)
            return answer[1].decode()

        has(begin(("inbox", 250), ("desk", 452)), "4.5.3", "separately")
        client.smtp.rset()
        begin(("inbox", 250), ("desk", 452), ("other", 250))
        try:
            code = client.smtp.data(message("ceo@strict.example"))[0]
        except smtplib.SMTPDataError as refusal:
            code = refusal.smtp_code
        assert code == 550, code
        has(site.last_line("done=reject"), "recipients=2", "put_off=1")
        begin(("desk", 250), ("inbox", 452))
        assert client.smtp.data(message("ceo@strict.example"))[0] == 250
    has(our_result(site.mta.inbox.take()), "dmarc=fail")
    has(site.last_line("done=accept"), "rule=desk", "recipients=1", "put_off=1")
    site.check_quiet()


def names_recipients_without_a_domain(site):
    """<desk> and <desk%receiver.example> are desk's, however little they look like it."""
    site.use({"rules": [{"id": "desk", "match": {"recipient": "desk@receiver.example"},
                         "action": "accept"}]})
    site.mta.set(myorigin="receiver.example")
    with site.client(domains.STRANGER) as client:
        for address in "desk", "desk%receiver.example", "receiver.example!desk":
            client.smtp.docmd("MAIL", "FROM:<ceo@strict.example>")
            answer = client.smtp.docmd("RCPT", "TO:<%s>" % address)
            assert answer[0] == 250, (address, answer)
            assert client.smtp.data(message("ceo@strict.example"))[0] == 250
            has(our_result(site.mta.inbox.take()), "dmarc=fail")
            has(site.last_line("done=accept"), "rule=desk", "recipients=1")


def quarantines_by_header(site):
    site.use()
    delivered = site.deliver(message("boss@mild.example"), sender="boss@mild.example",
                             address=domains.STRANGER)
    has(our_result(delivered), "dmarc=fail", "dis=quarantine", "header.from=mild.example")
    values = values_of(delivered, QUARANTINE)
    assert values == [" author=mild.example; asked=quarantine; why=requested; result=fail"], values
    site.last_line("done=quarantine")
    site.check_quiet()


def overrides(site):
    """Mode "override": p=reject stays one while nothing looks like a list post."""
    forgery = message("ceo@strict.example")
    doubtful = message("ceo@strict.example", above="List-Id: <talk.lists.example>\n")

    def deliver(text):
        return site.deliver(text, sender="ceo@strict.example", address=domains.STRANGER)

    site.use({"mode": "override"})
    answer = site.send(forgery, sender="ceo@strict.example", address=domains.STRANGER)
    assert (answer.stage, answer.code) == ("message", 550), answer
    has(answer.text, "5.7.1", "DMARC policy of strict.example")
    delivered = deliver(doubtful)
    values = values_of(delivered, QUARANTINE)
    assert len(values) == 1, values
    has(values[0], "why=not-corroborated", "missing=not-list-shaped")
    has(our_result(delivered), "dmarc=fail", "p=reject dis=quarantine")
    site.use({"mode": "override", "override.reject": "accept"})
    delivered = deliver(forgery)
    assert values_of(delivered, QUARANTINE) == []
    has(our_result(delivered), "dmarc=fail", "p=reject dis=none")
    has(site.last_line("done=accept"), "asked=reject chosen=accept")
    site.check_quiet()


def quarantine_may_be_a_reject(site):
    site.use({"quarantine.method": "reject"})
    answer = site.send(message("boss@mild.example"), sender="boss@mild.example",
                       address=domains.STRANGER)
    assert (answer.stage, answer.code) == ("message", 550), answer
    has(answer.text, "5.7.1", "mild.example")
    site.check_quiet()


def send_to_hold(site):
    """A message that the MTA keeps for good; the octets that were sent."""
    site.use({"quarantine.method": "hold"})
    octets = message("boss@mild.example")
    answer = site.send(octets, sender="boss@mild.example", address=domains.STRANGER)
    assert (answer.stage, answer.code) == ("message", 250), answer
    site.last_line("done=hold")
    return octets


def dry_run_leaves_no_trace(site):
    """With authres.write = "never" even forged fields stay: nothing is added or removed."""
    above = "Authentication-Results: %s; dmarc=pass header.from=strict.example\n" % OUR_ID + \
        "%s: forged\nX-Other:  two  blanks\n\tand a fold \n" % QUARANTINE
    wanted = {"dry_run": True, "authres.write": "never", "quarantine.method": "hold"}
    site.use(wanted)
    for author in ("ceo@strict.example", "boss@mild.example", "author@good.example"):
        octets = message(author, above=above)
        delivered = site.deliver(octets, sender=author, address=domains.STRANGER)
        sent = octets.replace(b"\r\n", b"\n")
        assert delivered.endswith(sent), delivered.decode()
        added = {name.lower() for name, _ in fields_of(delivered[:-len(sent)] + b"\n")}
        assert added <= site.own_fields, added
        has(site.last_line("dry_run=yes"), "done=none", "author=" + author.split("@")[1])
    chosen = [row["chosen"] for row in site.alignd.journal()[-3:]]
    assert chosen == ["reject", "quarantine", "reject"], chosen
    site.check_quiet()


def dry_run_tells_in_the_header(site):
    site.use({"dry_run": True})
    delivered = site.deliver(message("ceo@strict.example"), sender="ceo@strict.example",
                             address=domains.STRANGER)
    has(our_result(delivered), "dmarc=fail", "p=reject dis=none", "dry-run")
    assert values_of(delivered, QUARANTINE) == []
    site.check_quiet()


def forged_fields_are_removed(site):
    """In any spelling, whatever stands between them; those of others stay as they are."""
    site.use({"authres.strip_ids": ["mx2.receiver.example"]})
    other = "Authentication-Results: other%d.example; spf=pass smtp.mailfrom=other%d.example\n"
    ours = (
        "Authentication-Results: mx.receiver.example; dmarc=pass header.from=good.example\n",
        "authentication-RESULTS: MX.Receiver.Example; dmarc=pass\n",
        "Authentication-Results: \"mx.receiver.example\" 1; dmarc=pass\n",
        "Authentication-Results: \"mx\\.receiver.example\"; dmarc=pass\n",
        "Authentication-Results: (a (nested) comment) mx.receiver.example (;) 1; dmarc=pass\n",
        "Authentication-Results:\n\tmx.receiver.example;\n\tdmarc=pass\n",
        "Authentication-Results: mx.receiver.example.; dmarc=pass\n",
        "Authentication-Results: mx.receiver.example\n",
        "Authentication-Results: mx2.receiver.example; dmarc=pass\n",
        "Authentication-Results: (never closed mx.receiver.example; dmarc=pass\n",
    )
    above = "".join(other % (n, n) + field + "%s: forged %d\n" % (QUARANTINE, n)
                    for n, field in enumerate(ours))
    above += "x-alignd-QUARANTINE:\tforged\n" + other % (98, 98) + ours[0] + ours[1]
    delivered = site.deliver(message(above=above))
    has(our_result(delivered), "dmarc=pass")
    values = values_of(delivered, "Authentication-Results")
    kept = [re.search(r"other(\d+)\.example;", value).group(1) for value in values[1:]]
    assert kept == [str(n) for n in range(len(ours))] + ["98"], values
    assert values_of(delivered, QUARANTINE) == [], delivered.decode()
    has(site.last_line("done=accept"), "forged_fields=%d" % (len(ours) + 2))
    site.check_quiet()


def forged_fields_of_quarantined_mail(site):
    """The field that a delivery agent acts on is ours, and the only one."""
    site.use()
    above = "".join("%s: asked=none; forged\n" % QUARANTINE for _ in range(5))
    delivered = site.deliver(message("boss@mild.example", above=above), sender="boss@mild.example",
                             address=domains.STRANGER)
    values = values_of(delivered, QUARANTINE)
    assert len(values) == 1 and "asked=quarantine" in values[0], values
    assert fields_of(delivered)[0][0].lower() in site.own_fields | {
        QUARANTINE.lower(), "authentication-results"}
    site.check_quiet()


def a_trusted_hop_keeps_its_fields(site):
    site.use({"authres.trusted_hops": [domains.CLIENT + "/32"]})
    above = "Authentication-Results: %s; dmarc=pass header.from=inner.example\n" % OUR_ID
    delivered = site.deliver(message(above=above))
    values = values_of(delivered, "Authentication-Results")
    assert len(values) == 2 and "inner.example" in values[1], values
    site.check_quiet()


def tempfails_when_told(site):
    """DNS that does not answer: by setting, the sender is told to come again."""
    silent = servers.SilentDns(site.lab, port=SILENT_PORT)
    quick = {"dns.servers": ["127.0.0.1@%d" % SILENT_PORT], "dns.budget_ms": 700,
             "dns.timeout_ms": 600}
    try:
        site.use(dict(quick, **{"dmarc.on_temperror": "tempfail"}))
        answer = site.send(message())
        assert (answer.stage, answer.code) == ("message", 451), answer
        has(answer.text, "4.7.1", "good.example", "(%s)" % queue_id_of(answer))
        has(site.last_line("done=tempfail"), "result=temperror")
        site.use(dict(quick, **{"dmarc.on_temperror": "accept"}))
        has(our_result(site.deliver(message())), "spf=temperror", "dmarc=temperror")
    finally:
        site.use()
        silent.stop()
    site.check_quiet()


def exempts_loopback(site):
    """Not evaluated, but said; forged fields go all the same."""
    site.use()
    above = "Authentication-Results: %s; dmarc=pass\n%s: forged\n" % (OUR_ID, QUARANTINE)
    delivered = site.deliver(message("ceo@strict.example", above=above),
                             sender="ceo@strict.example", address=domains.LOOPBACK)
    result = our_result(delivered)
    assert result == "%s; none (exempt: network)" % OUR_ID, result
    assert values_of(delivered, QUARANTINE) == []
    site.last_line("exempt=network")
    assert site.alignd.journal()[-1]["exempt"] == "network"
    site.check_quiet()


def exempts_own_networks(site):
    site.use({"exempt.networks": [domains.STRANGER + "/32"]})
    delivered = site.deliver(message("ceo@strict.example"), sender="ceo@strict.example",
                             address=domains.STRANGER)
    has(our_result(delivered), "none (exempt: network)")
    site.use({"exempt.networks": []})
    answer = site.send(message("ceo@strict.example"), sender="ceo@strict.example",
                       address=domains.LOOPBACK)
    assert answer.code == 550, answer
    site.check_quiet()


def null_sender(site):
    """SPF is asked about the HELO name, and says so."""
    site.use()
    delivered = site.deliver(message("mailer-daemon@helo.good.example"), sender="",
                             helo="helo.good.example")
    has(our_result(delivered), "spf=pass smtp.helo=helo.good.example", "dmarc=pass")
    answer = site.send(message("mailer-daemon@strict.example"), sender="", helo="strict.example",
                       address=domains.STRANGER)
    assert answer.code == 550, answer
    site.check_quiet()


def raw_8_bit(site):
    """Octets over 127 in body, subject and phrase, without any declaration."""
    site.use()
    delivered = site.deliver(message("Andr\u00e9 <author@good.example>", subject="gr\u00fc\u00dfe",
                                     body="\u00e4\u00f6\u00fc \udcff\udc80\n"))
    has(our_result(delivered), "dmarc=pass", "header.from=good.example")
    assert b"\xc3\xa4\xc3\xb6\xc3\xbc \xff\x80" in delivered
    site.check_quiet()


def several_messages_per_connection(site):
    """Each is judged by itself: a reject, a reset or a refused recipient leaves nothing behind."""
    site.use()
    with site.client(domains.CLIENT) as client:
        answers = [client.send(message()).code]
        answers.append(client.send(message("ceo@strict.example")).code)
        answers.append(client.send(message()).code)
        client.smtp.docmd("MAIL", "FROM:<ceo@strict.example>")
        client.smtp.rset()
        answers.append(client.send(message("boss@mild.example")).code)
        answers.append(client.send(message(), recipients=["@"]).code // 100)
        answers.append(client.send(message()).code)
    assert answers == [250, 550, 250, 250, 5, 250], answers
    results = [our_result(octets) for octets in site.mta.inbox.take(4)]
    wanted = ["dmarc=pass", "dmarc=pass", "dmarc=fail", "dmarc=pass"]
    assert sorted(re.search(r"dmarc=\w+", result).group() for result in results) == sorted(wanted)
    site.check_quiet()


def many_messages_per_connection(site, count):
    site.use()
    with site.client() as client:
        answers = [client.send(message()).code for _ in range(count)]
    assert answers == [250] * count, answers
    for delivered in site.mta.inbox.take(count):
        has(our_result(delivered), "dmarc=pass")
    site.check_quiet()


def a_large_message(site):
    """Some megabytes and many fields: streamed, and the signature still holds."""
    site.use()
    above = "".join("X-Filler-%d: %s\n" % (n, "x" * 60) for n in range(200))
    octets = message("author@signed.example", above=above, body="0123456789" * 7 * 10 + "\n")
    octets += (b"line of a large body, once more\r\n" * 30000 * 3)
    delivered = site.deliver(site.domains.rsa.sign(octets), sender="bounce@forwarder.example",
                             address=domains.STRANGER)
    has(our_result(delivered), "dkim=pass", "dmarc=pass")
    assert len(values_of(delivered, "X-Filler-199")) == 1
    site.check_quiet()


def silent_dns_for_the_whole_budget(site):
    """Longer than Sendmail's 10 s for a reply: smfi_progress keeps the MTA waiting.
    Three servers, since libunbound soon gives one up."""
    ports = range(SILENT_PORT, SILENT_PORT + 3)
    silent = [servers.SilentDns(site.lab, port=port) for port in ports]
    site.use({"dns.servers": ["127.0.0.1@%d" % port for port in ports],
              "dns.budget_ms": 12000, "dns.timeout_ms": 12000})
    try:
        begin = time.monotonic()
        delivered = site.deliver(message())
        took_s = time.monotonic() - begin
        assert took_s > 11, took_s
        waited_ms = int(re.search(r" waited_ms=(\d+)", site.last_line("result=temperror")).group(1))
        assert waited_ms < 20000, waited_ms     # the machine may be busy
        assert sum(server.questions() for server in silent) > 0
    finally:
        site.use()
        for server in silent:
            server.stop()
    has(our_result(delivered), "spf=temperror", "dmarc=temperror")
    has(site.last_line("result=temperror"), "done=accept")
    site.check_quiet()


def reloads_under_load(site):
    """Nobody is told to come again because of a reload."""
    site.use()
    wrong = "failed: the old settings stay in force"
    with load.Load(site) as running:
        for n in range(12):
            running.wait_for_more(8)
            if n % 3 == 0:                      # and with a fault in the settings now and then
                site.alignd.write_settings({"dns.cache_entries": "many"})
                site.reload(wrong)
            site.alignd.write_settings({"dns.cache_entries": 1000 + n})
            site.reload()
        running.wait_for_more(8)
    assert running.refusals == [], running.refusals[:3]
    site.check_quiet()


def stops_under_load(site):
    """TERM three times: what was accepted is delivered, once, and judged."""
    site.use()
    before = site.alignd.log().count("event=stop ")
    said = site.lab.syslog.text("alignd[")      # by libmilter
    with load.Load(site) as running:
        for _ in range(3):
            running.wait_for_more(25)
            assert site.alignd.stop() == 0
            running.wait_for_refusal()          # nobody is there: the MTA says so by itself
            site.alignd.start()
        running.wait_for_more(25)
    assert site.alignd.log().count("event=stop ") == before + 3
    assert site.lab.syslog.text("alignd[") == said, site.lab.syslog.text("alignd[")
    has(site.alignd.log().rsplit("event=stop ", 1)[1], "failed=0")
    bad = [line for line in site.alignd.log().splitlines() if "unfinished_messages" in line]
    assert bad == [], bad
    site.expect_errors()


def stop_finishes_the_message_in_flight(site):
    """One waits for the DNS when TERM comes: it is answered, the next one is told to come again."""
    silent = servers.SilentDns(site.lab, port=SILENT_PORT)
    site.use({"dns.servers": ["127.0.0.1@%d" % SILENT_PORT], "dns.budget_ms": 60000,
              "dns.timeout_ms": 60000})
    stops = site.alignd.log().count("event=stopping")
    answers = []
    sender = threading.Thread(target=lambda: answers.append(site.send(message())), daemon=True)
    try:
        with site.client() as other:
            sender.start()
            wait_until(silent.questions, "a question")
            time.sleep(0.5)                     # mostly it is at its end by then
            site.alignd.process.kill(15)
            wait_until(lambda: site.alignd.log().count("event=stopping") > stops, "the stop to begin")
            late = other.send(message())
            assert (late.code // 100, answers) == (4, []), (late, answers)
        wait_until(lambda: silent.fail() or not sender.is_alive(), "the answer")
        assert [answer.code for answer in answers] == [250], answers
        assert site.alignd.process.wait() == 0
    finally:
        site.use()
        silent.stop()
    has(our_result(site.mta.inbox.take()), "dmarc=temperror")
    site.expect_errors()
