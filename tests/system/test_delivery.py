"""What becomes of quarantined mail behind alignd: Sieve, header checks, and
ports and settings of Postfix that the README names.

alignd over TCP, started as root; Postfix outside a chroot. Needs: postfix, nsd,
python3-dkim; dovecot-core, dovecot-lmtpd, dovecot-sieve for the Sieve case.
"""

import os
import shutil
import subprocess

import cases
import domains
import filtered
import servers
import smtp_client
from filtered import has, message, our_result, values_of
from lab import PATIENCE_S, need_program, wait_until

CHECKS = os.path.join(servers.TOP, "contrib", "postfix", "header_checks")
SIEVE = os.path.join(servers.TOP, "contrib", "sieve", "alignd-quarantine.sieve")
ACCEPT, UNFILTERED, SIEVED, REDIRECTED = range(10031, 10035)


def setup(lab):
    """One Postfix, with a port for each way of doing it."""
    checks = os.path.join(lab.folder, "header_checks")
    shutil.copy(CHECKS, checks)
    with open(CHECKS, encoding="ascii") as sample:
        rule = [line for line in sample if line.startswith("#   /^")][0].lstrip("# ")
    lab.write("redirect_checks", rule.replace("example.com", "receiver.example"))
    lab.write("mailboxes", "/^quarantine@/ quarantine/\n/./ inbox/\n")
    services = []
    for port, options in (
            (ACCEPT, ["-o milter_default_action=accept"]),
            (UNFILTERED, ["-o smtpd_milters="]),
            (SIEVED, ["-o cleanup_service_name=sieved"]),
            (REDIRECTED, ["-o cleanup_service_name=redirected"])):
        services.append("127.0.0.1:%d inet n - n - - smtpd" % port)
        services += ["  " + option for option in options]
    services += ["sieved unix n - n - 0 cleanup", "  -o milter_header_checks=",
                 "redirected unix n - n - 0 cleanup",
                 "  -o milter_header_checks=regexp:%s/redirect_checks" % lab.folder]
    return filtered.PostfixSite(lab, chroot=False, services=services, settings={
        "milter_header_checks": "regexp:" + checks,
        "virtual_mailbox_maps": "regexp:%s/mailboxes" % lab.folder,
        # What the port SIEVED gets is for a domain of its own.
        "transport_maps": "inline:{ { sieve.example = lmtp:inet:127.0.0.1:10024 } }"})


def send(port, octets, address=domains.STRANGER, **arguments):
    xclient = {"ADDR": address, "NAME": "[UNAVAILABLE]"}
    return smtp_client.send(servers.Place("127.0.0.1", port), octets, xclient=xclient, **arguments)


def spoofed(**fields):
    return message("boss@mild.example", **fields)


def test_tcp(_, site):
    """The same over an inet socket."""
    cases.passes_by_spf(site)
    cases.passes_by_dkim(site)
    cases.rejects(site)
    cases.forged_fields_are_removed(site)
    cases.many_messages_per_connection(site, 30)


def test_tcp_stop_under_load(_, site):
    cases.stops_under_load(site)


def test_header_checks_sample(_, site):
    """The expression fits our field and nothing else."""
    postmap = need_program("postmap", package="postfix")

    def ask(field):
        done = subprocess.run([postmap, "-c", site.mta.config_folder, "-q", field,
                               "regexp:" + CHECKS], stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout.decode()
    held = (0, "HOLD under quarantine by alignd\n")
    assert ask("X-Alignd-Quarantine: author=mild.example; asked=quarantine") == held
    assert ask("x-alignd-quarantine: author=mild.example") == held
    for other in ("X-Alignd-Quarantine-Not: x", "Subject: X-Alignd-Quarantine: x",
                  "Old-X-Alignd-Quarantine: x", "X-Alignd: x"):
        assert ask(other) == (1, ""), other


def test_header_checks_hold(_, site):
    """Our field holds a message; one that a sender wrote does not."""
    site.use()
    forged = "%s: forged\n" % cases.QUARANTINE
    delivered = site.deliver(message(above=forged))
    assert values_of(delivered, cases.QUARANTINE) == []
    answer = site.send(spoofed(above=forged), address=domains.STRANGER)
    assert answer.code == 250, answer
    held = site.held()
    assert len(held) == 1, held
    has(site.mta.log(), "under quarantine by alignd")
    assert site.mta.inbox.messages() == []
    site.mta.release(held[0]["queue_id"])
    assert len(values_of(site.mta.inbox.take(), cases.QUARANTINE)) == 1
    site.check_quiet()


def test_header_checks_redirect(_, site):
    site.use()
    answer = send(REDIRECTED, spoofed())
    assert answer.code == 250, answer
    delivered = servers.Maildir(os.path.join(os.path.dirname(site.mta.inbox.path),
                                             "quarantine")).take()
    has(our_result(delivered), "dmarc=fail")
    assert site.mta.inbox.messages() == []
    site.check_quiet()


def test_sieve(lab, site):
    """Postfix, LMTP, Dovecot: what alignd has marked goes to Junk, and only that."""
    site.use()
    dovecot = servers.Dovecot(lab, sieve=SIEVE)
    forged = "%s: forged\n" % cases.QUARANTINE
    to_sieve = {"recipients": ["inbox@sieve.example"]}
    for octets, address, mailbox, result in (
            (message(above=forged), domains.CLIENT, None, "dmarc=pass"),
            (spoofed(), domains.STRANGER, "Junk", "dmarc=fail"),
            (spoofed(above=forged), domains.STRANGER, "Junk", "dmarc=fail")):
        answer = send(SIEVED, octets, address, sender="sender@good.example", **to_sieve)
        assert answer.code == 250, answer
        delivered = dovecot.folder("inbox", mailbox).take()
        has(our_result(delivered, later_hops=1), result)
        assert len(values_of(delivered, cases.QUARANTINE)) == (1 if mailbox else 0)
    assert dovecot.folder("inbox").messages() == []
    site.check_quiet()


def test_unfiltered_port(_, site):
    """Submission and re-injection with -o smtpd_milters= are not shown to alignd."""
    site.use()
    lines = len(site.alignd.journal())
    answer = send(UNFILTERED, message("ceo@strict.example"))
    assert answer.code == 250, answer
    assert values_of(site.mta.inbox.take(), "Authentication-Results") == []
    assert len(site.alignd.journal()) == lines


def test_away(_, site):
    """For a dry run: with milter_default_action = accept mail goes on when alignd is away."""
    site.use({"dry_run": True})
    assert site.alignd.stop() == 0
    assert send(ACCEPT, message()).code == 250
    assert values_of(site.mta.inbox.take(), "Authentication-Results") == []
    answer = site.send(message())
    assert answer.code // 100 == 4, answer
    site.use()
    wait_until(lambda: site.send(message()).code == 250, "alignd to be found again")
    site.mta.inbox.clear()
