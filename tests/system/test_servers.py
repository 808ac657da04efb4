"""The servers themselves, without alignd: what the other tests stand on."""

import os
import smtplib
import socket

import dns.message
import dns.query
import dns.rcode

import servers
import sign
import smtp_client
from lab import PATIENCE_S, wait_until

MESSAGE = smtp_client.message("""
From: Author <author@example.com>
To: inbox@receiver.example
Subject: one
Date: Mon, 4 May 2026 10:20:30 +0000
Message-ID: <one@example.com>
""")


def check_postfix(postfix):
    answer = smtp_client.send(postfix, MESSAGE,
                              xclient={"ADDR": "192.0.2.77", "NAME": "client.example.com",
                                       "HELO": "helo.example.com"})
    assert (answer.stage, answer.code) == ("message", 250), answer
    delivered = postfix.inbox.take()
    assert b"Subject: one" in delivered
    assert b"from helo.example.com (client.example.com [192.0.2.77])" in delivered, delivered


def test_postfix(lab):
    postfix = servers.Postfix(lab)
    check_postfix(postfix)
    assert postfix.queue() == []
    answer = smtp_client.send(postfix, MESSAGE, recipients=["not an address"])
    assert (answer.stage, answer.code // 100) == ("rcpt", 5), answer
    postfix.stop()
    assert not servers.can_connect((postfix.address, postfix.port))


def test_postfix_in_a_chroot(lab):
    """Debian's own master.cf: smtpd looks for the filter's socket below the queue folder."""
    postfix = servers.Postfix(lab, name="chrooted", chroot=True, settings={
        "smtpd_milters": "unix:/filter/filter.sock", "milter_default_action": "tempfail"})
    with open(os.path.join(postfix.config_folder, "master.cf"), encoding="utf-8") as ours, \
            open("/usr/share/postfix/master.cf.dist", encoding="utf-8") as packaged:
        assert ours.read() == packaged.read()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.join(lab.make_folder("chrooted", "queue", "filter"), "filter.sock"))
        os.chmod(listener.getsockname(), 0o666)
        listener.listen(5)
        listener.settimeout(PATIENCE_S)
        with socket.create_connection((postfix.address, postfix.port), PATIENCE_S):
            listener.accept()[0].close()        # smtpd has reached it from inside
    postfix.set(smtpd_milters="")
    check_postfix(postfix)
    postfix.stop()


def test_sendmail(lab):
    sendmail = servers.Sendmail(lab)
    source = lab.add_address("192.0.2.77")
    answer = smtp_client.send(sendmail, MESSAGE, source=source, helo="helo.example.com")
    assert (answer.stage, answer.code) == ("message", 250), answer
    delivered = sendmail.inbox.take()
    assert b"Subject: one" in delivered
    assert b"[192.0.2.77]" in delivered and b"helo.example.com" in delivered, delivered
    assert "0" in sendmail.queue("-qQ")
    assert "from=<sender@example.com>" in sendmail.log()
    sendmail.stop()


def test_sendmail_with_a_dead_filter(lab):
    """F=T in the plug-in line: no filter, no mail."""
    sendmail = servers.Sendmail(lab, name="filtered", filters=[
        "INPUT_MAIL_FILTER(`alignd', `S=local:/run/no-such.sock, F=T, T=C:1m;S:30s;R:1m;E:5m')dnl"])
    with open(sendmail.config, encoding="utf-8") as config:
        assert "Xalignd, S=local:/run/no-such.sock, F=T" in config.read()
    answer = smtp_client.send(sendmail, MESSAGE)
    assert answer.code // 100 == 4, answer
    assert sendmail.inbox.messages() == []


def test_nsd(lab):
    nsd = servers.Nsd(lab, {"example.com": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'})

    def ask(name, kind):
        return dns.query.udp(dns.message.make_query(name, kind), nsd.address, port=nsd.port,
                             timeout=PATIENCE_S)
    assert '"v=DMARC1; p=reject"' in ask("_dmarc.example.com", "TXT").to_text()
    assert ask("none.example.com", "TXT").rcode() == dns.rcode.NXDOMAIN
    assert ask("elsewhere.example.net", "A").rcode() == dns.rcode.NXDOMAIN
    nsd.stop()


def test_silent_dns(lab):
    silent = servers.SilentDns(lab)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"question", (silent.address, silent.port))
        wait_until(lambda: silent.questions() == 1, "the question")


def test_dovecot_files_quarantined_mail(lab):
    dovecot = servers.Dovecot(lab, sieve=os.path.join(
        servers.TOP, "contrib", "sieve", "alignd-quarantine.sieve"))

    def deliver(message):
        with smtplib.LMTP(dovecot.address, dovecot.port) as lmtp:
            lmtp.sendmail("sender@example.com", ["inbox@receiver.example"], message)
    deliver(MESSAGE)
    assert b"Subject: one" in dovecot.folder("inbox").take()
    deliver(b"X-Alignd-Quarantine: example.com\r\n" + MESSAGE)
    assert b"Subject: one" in dovecot.folder("inbox", "Junk").take()
    assert dovecot.folder("inbox").messages() == []


def test_signing():
    """Both algorithms, and the l= and t=y forms that other tests use."""
    rsa = sign.Key("example.com", "rsa")
    other = sign.Key("example.com", "ed", kind="ed25519")
    for key in (rsa, other):
        signed = key.sign(MESSAGE)
        assert sign.verifies(signed, rsa, other)
        assert not sign.verifies(signed.replace(b"Subject: one", b"Subject: two"), rsa, other)
        assert not sign.verifies(signed)
    assert b"l=" in rsa.sign(MESSAGE, length=True)
    assert "t=y; p=" in rsa.record("t=y; ")
    assert rsa.zone_line().count('"') >= 4      # more than one string


def test_settings_text():
    text = servers.settings_text({"dry_run": True, "dmarc.pct": "honor", "dmarc.mode": 2,
                                  "rules": [{"id": "a\"b"}], "list": ["x", "y"]})
    assert text == ('dry_run = true;\ndmarc = {\n\tpct = "honor";\n\tmode = 2;\n};\n'
                    'rules = ( {\n\tid = "a\\"b";\n} );\nlist = [ "x", "y" ];\n'), text
