"""alignd behind Sendmail with its default time-outs for a filter's replies.

Needs: Sendmail unpacked (get-sendmail.sh), m4, nsd, python3-dkim.
"""

import cases
import filtered
import servers
import smtp_client
from filtered import has, message, our_result, values_of
from lab import wait_until


def setup(lab):
    return filtered.SendmailSite(lab)


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


def test_quarantine_by_header(_, site):
    cases.quarantines_by_header(site)


def test_override(_, site):
    cases.overrides(site)


def test_quarantine_by_reject(_, site):
    cases.quarantine_may_be_a_reject(site)


def test_quarantine_by_hold(_, site):
    """Sendmail keeps the reason, where the postmaster sees it."""
    cases.send_to_hold(site)
    text = wait_until(lambda: "mild.example" in site.mta.queue("-qQ") and site.mta.queue("-qQ"),
                      "the message in quarantine")
    has(text, "QUARANTINE: author=mild.example; asked=quarantine; why=", "boss@mild.example")
    assert site.mta.inbox.messages() == []
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


def test_null_sender(_, site):
    cases.null_sender(site)


def test_8_bit(_, site):
    cases.raw_8_bit(site)


def test_8_bit_sender(_, site):
    """Sendmail takes one without SMTPUTF8; no octet of it reaches the header."""
    site.use({"authres.addresses": "full"})
    delivered = site.deliver(message("author@good.example"), sender="j\u00fcrgen@good.example")
    result = our_result(delivered)
    has(result, "spf=pass smtp.mailfrom=good.example", "dmarc=pass")
    assert result.isascii(), result
    site.check_quiet()


def test_several_messages(_, site):
    cases.several_messages_per_connection(site)


def test_large_message(_, site):
    cases.a_large_message(site)


def test_silent_dns(_, site):
    cases.silent_dns_for_the_whole_budget(site)


def test_stop_in_flight(_, site):
    cases.stop_finishes_the_message_in_flight(site)


def test_reload_under_load(_, site):
    cases.reloads_under_load(site)


def test_stop_under_load(_, site):
    cases.stops_under_load(site)


def test_away(lab, site):
    """F=T: no filter, no mail. Without F=, as for a dry run: unjudged mail."""
    plain = servers.Sendmail(lab, name="plain", port=10028, filters=[
        "INPUT_MAIL_FILTER(`alignd', `S=%s')dnl" % site.alignd.settings["socket"]])
    assert site.alignd.stop() == 0
    answer = site.send(message())
    assert answer.code // 100 == 4, answer
    answer = smtp_client.send(plain, message())
    assert answer.code == 250, answer
    assert values_of(plain.inbox.take(), "Authentication-Results") == []
    site.use()
    wait_until(lambda: site.send(message()).code == 250, "alignd to be found again")
    has(our_result(site.mta.inbox.take()), "dmarc=pass")
