"""alignd behind Postfix with Debian's unmodified master.cf: smtpd in a chroot,
the socket below the queue folder, alignd started as a user of its own.

Needs: postfix, nsd, python3-dkim.
"""

import os

import cases
import domains
import filtered
import servers
from filtered import has, message, our_result, values_of
from lab import wait_until


def setup(lab):
    return filtered.PostfixSite(lab, chroot=True)


def test_master_cf_is_debians(_, site):
    with open(os.path.join(site.mta.config_folder, "master.cf"), encoding="utf-8") as ours, \
            open("/usr/share/postfix/master.cf.dist", encoding="utf-8") as packaged:
        text = ours.read()
        assert text == packaged.read()
    assert any(line.split()[:5] == ["smtp", "inet", "n", "-", "y"] for line in text.splitlines())
    path = site.alignd.settings["socket"].partition(":")[2]
    status = os.stat(path)
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == \
        (0o660, servers.NOBODY, servers.group_id("postfix"))


def test_pass(_, site):
    cases.passes_by_spf(site)


def test_pass_ipv6(_, site):
    cases.passes_by_spf_with_ipv6(site)


def test_pass_dkim(_, site):
    cases.passes_by_dkim(site)


def test_changed_body(_, site):
    cases.changed_body_fails(site)


def test_reject(_, site):
    cases.rejects(site)


def test_relay(_, site):
    cases.writes_what_a_relay_is_read_by(site)


def test_split_recipients(_, site):
    cases.splits_recipients(site)


def test_recipients_without_a_domain(_, site):
    cases.names_recipients_without_a_domain(site)


def test_quarantine_by_header(_, site):
    cases.quarantines_by_header(site)


def test_override(_, site):
    cases.overrides(site)


def test_quarantine_by_reject(_, site):
    cases.quarantine_may_be_a_reject(site)


def test_quarantine_by_hold(_, site):
    cases.send_to_hold(site)
    held = site.held()
    assert [row["sender"] for row in held] == ["boss@mild.example"], held
    queued = site.mta.read_queued(held[0]["queue_id"])
    has(queued, "Authentication-Results: %s;" % filtered.OUR_ID, "dmarc=fail")
    assert cases.QUARANTINE.lower() not in queued.lower()
    assert site.mta.inbox.messages() == []
    site.mta.release(held[0]["queue_id"])
    has(our_result(site.mta.inbox.take()), "dmarc=fail")
    site.check_quiet()


def test_dry_run(_, site):
    cases.dry_run_leaves_no_trace(site)


def test_dry_run_with_header(_, site):
    cases.dry_run_tells_in_the_header(site)


def test_forged_fields(_, site):
    cases.forged_fields_are_removed(site)


def test_forged_quarantine(_, site):
    cases.forged_fields_of_quarantined_mail(site)


def test_trusted_hop(_, site):
    cases.a_trusted_hop_keeps_its_fields(site)


def test_tempfail(_, site):
    cases.tempfails_when_told(site)


def test_exempt_loopback(_, site):
    cases.exempts_loopback(site)


def test_exempt_networks(_, site):
    cases.exempts_own_networks(site)


def test_exempt_authenticated(_, site):
    """No field on mail that leaves the site, but a forged one is removed."""
    site.use()
    above = "Authentication-Results: %s; dmarc=pass\n" % filtered.OUR_ID
    with site.client(domains.STRANGER, LOGIN="somebody") as client:
        answer = client.send(message("ceo@strict.example", above=above))
    assert answer.code == 250, answer
    delivered = site.mta.inbox.take()
    assert values_of(delivered, "Authentication-Results") == [], delivered.decode()
    site.last_line("exempt=authenticated")
    site.check_quiet()


def test_exempt_local(_, site):
    """What a local program submits reaches alignd by non_smtpd_milters."""
    site.use({"exempt.networks": []})
    site.mta.submit(message("ceo@strict.example"), "ceo@strict.example", "inbox@receiver.example")
    has(our_result(site.mta.inbox.take()), "none (exempt: local)")
    site.last_line("exempt=local")
    site.check_quiet()


def test_null_sender(_, site):
    cases.null_sender(site)


def test_8_bit(_, site):
    cases.raw_8_bit(site)


def test_smtputf8(_, site):
    """U-labels and a local part in UTF-8: domains are judged and written as A-labels."""
    site.use({"authres.addresses": "full"})
    address = "j\u00fcrgen@" + domains.IDN
    delivered = site.deliver(message("\u201eJ\u00fcrgen\u201c <%s>" % address), sender=address,
                             mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    has(our_result(delivered), "spf=pass", "dmarc=pass", "header.from=" + domains.IDN_ASCII,
        "@" + domains.IDN_ASCII)
    answer = site.send(message("\u201eJ\u00fcrgen\u201c <%s>" % address), sender=address,
                       mail_options=["SMTPUTF8"], address=domains.STRANGER)
    assert answer.code == 550, answer
    has(answer.text, "policy of %s:" % domains.IDN_ASCII)
    site.check_quiet()


def test_several_messages(_, site):
    cases.several_messages_per_connection(site)


def test_large_message(_, site):
    cases.a_large_message(site)


def test_large_field(_, site):
    """Postfix hands over fields of up to about 100 kB, more than libmilter takes by default."""
    site.use()
    field = "X-Large: %s\n" % "\n ".join(["x" * 900] * 100)
    has(our_result(site.deliver(message(above=field))), "dmarc=pass")
    site.check_quiet()


def test_xclient(_, site):
    """Who the client is changes within the connection: the last word counts."""
    site.use()
    with site.client(domains.CLIENT) as client:
        assert client.send(message()).code == 250
        has(our_result(site.mta.inbox.take()), "dmarc=pass")
        code, _ = client.smtp.docmd("XCLIENT", "ADDR=%s NAME=other.example" % domains.STRANGER)
        assert code == 220
        client.smtp.ehlo("other.example")
        assert client.send(message()).code == 550
    site.last_line("client=%s" % domains.STRANGER)
    with site.client("192.0.2.99", NAME="[TEMPUNAVAIL]") as client:
        assert client.send(message()).code == 550
    site.check_quiet()


def test_silent_dns(_, site):
    cases.silent_dns_for_the_whole_budget(site)


def test_stop_in_flight(_, site):
    cases.stop_finishes_the_message_in_flight(site)


def test_reload_under_load(_, site):
    cases.reloads_under_load(site)


def test_stop_under_load(_, site):
    cases.stops_under_load(site)


def test_away(_, site):
    """milter_default_action = tempfail: no filter, no mail, nothing lost."""
    assert site.alignd.stop() == 0
    answer = site.send(message())
    assert answer.code == 451, answer
    site.use()
    wait_until(lambda: site.send(message()).code == 250, "alignd to be found again")
    has(our_result(site.mta.inbox.take()), "dmarc=pass")
