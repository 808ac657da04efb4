"""An MTA with alignd behind it: what the cases of both MTAs share.

One name server, one alignd and one MTA serve all cases of a file; a case says
with use() which settings it wants, and alignd reads them by a reload.
"""

import re

import domains
import servers
import smtp_client
from lab import wait_until

OUR_ID = servers.HOST_NAME
SETTINGS = {
    "dry_run": False,
    "mode": "honor",
    "quarantine.method": "header",
    "authres.write": "always",
    "journal.min_free": 0,
    "dns.servers": ["127.0.0.1@%d" % domains.DNS_PORT],
}
number = 0


def message(author="author@good.example", above="", body="Hello.\n", **fields):
    """Octets to send, with a subject that no other message has; `above`: further lines
    on top, `fields`: other values for from_, to, subject, date."""
    global number  # pylint: disable=global-statement
    number += 1
    values = {"from_": author, "to": "inbox@receiver.example", "subject": "number %d" % number,
              "date": "Mon, 4 May 2026 10:20:30 +0000"}
    values.update(fields)
    header = above + "".join("%s: %s\n" % (name.strip("_").capitalize(), value)
                             for name, value in values.items())
    return smtp_client.message(header + "Message-ID: <%d@sender.example>" % number, body)


def fields_of(delivered):
    """The header of a delivered message: (name, value) in order, folds kept."""
    header = delivered.replace(b"\r\n", b"\n").split(b"\n\n", 1)[0].decode("utf-8", "surrogateescape")
    found = []
    for line in header.split("\n"):
        if line[0] in " \t":
            found[-1][1] += "\n" + line
        else:
            name, value = line.split(":", 1)
            found.append([name, value])
    return [(name, value) for name, value in found]


def values_of(delivered, wanted):
    return [value for name, value in fields_of(delivered)
            if name.strip().lower() == wanted.lower()]


def our_result(delivered, later_hops=0):
    """The value of our Authentication-Results field in one line. It is the only
    one of our name, and stands above the trace of its MTA; `later_hops`: of how
    many servers behind that one."""
    fields = fields_of(delivered)
    names = [name.lower() for name, _ in fields]
    first = fields[names.index("authentication-results")][1]
    above = names[:names.index("authentication-results")]
    assert above.count("received") == later_hops, names
    assert first.startswith(" %s;" % OUR_ID), repr(first)
    claims = [value for value in values_of(delivered, "Authentication-Results")
              if OUR_ID in value.lower()]
    assert claims == [first], claims
    for line in first.split("\n"):
        assert len(line) < 998 and "\r" not in line, repr(first)
    return re.sub(r"\s+", " ", first).strip()


def has(text, *words):
    for word in words:
        assert word in text, "%r is not in %r" % (word, text)


class Client(smtp_client.Client):
    sender = "sender@good.example"


class Site:
    """Base of the two below, which add: mta, client(), milter_errors(), held()."""

    # Fields that the MTA writes itself.
    own_fields = {"return-path", "received"}

    def __init__(self, lab, settings, **options):
        self.lab = lab
        self.domains = domains.Domains()
        self.nsd = servers.Nsd(lab, {".": self.domains.zone()}, port=domains.DNS_PORT)
        self.alignd = servers.Alignd(lab, dict(SETTINGS, **settings), **options).start()
        self.first = self.alignd.settings
        self.mta = None
        self.expected_errors = 0

    def use(self, changes=None):
        """These settings over the first ones are in force when this returns."""
        wanted = dict(self.first, **(changes or {}))
        is_other = wanted != self.alignd.settings
        self.alignd.settings = {}
        self.alignd.write_settings(wanted)
        if not self.alignd.process.is_running():
            self.alignd.start()
        elif is_other:
            self.reload()

    def reload(self, result="new settings in force"):
        """HUP, and what alignd says about it."""
        before = len(self.reloads())
        self.alignd.reload()
        wait_until(lambda: len(self.reloads()) > before, "the reload")
        assert self.reloads()[before:] == [result], self.reloads()[before:]

    def reloads(self):
        return re.findall(r'^event=reload result="([^"]*)"', self.alignd.log(), re.MULTILINE)

    def send(self, octets, address=domains.CLIENT, helo="client.good.example", **arguments):
        with self.client(address, helo) as client:
            return client.send(octets, **arguments)

    def deliver(self, octets, **arguments):
        """Sends a message that must be taken; what is delivered."""
        answer = self.send(octets, **arguments)
        assert (answer.stage, answer.code) == ("message", 250), answer
        return self.mta.inbox.take()

    def last_line(self, word):
        """alignd's last log line about a message, which must have this word."""
        found = [line for line in self.alignd.log().splitlines() if " done=" in line]
        has(found[-1], word)
        return found[-1]

    def expect_errors(self):
        """Up to here the MTA may have complained: alignd was away. What it logs comes by way of
        another process, in order."""
        global number  # pylint: disable=global-statement
        number += 1
        mark = "mark %d." % number
        self.mta.write_log(mark)
        wait_until(lambda: mark in self.mta.log(), "the MTA's log")
        self.expected_errors = len(self.milter_errors())

    def check_quiet(self):
        """Nobody has complained about the filter, or the filter about anybody."""
        errors = self.milter_errors()[self.expected_errors:]
        assert errors == [], errors
        bad = [line for line in self.alignd.log().splitlines()
               if re.search(r"event=(unjudged|journal|reply|negotiate|message|failure)|"
                            r"journaled=no|done=\"?failed|Sanitizer|runtime error", line)]
        assert bad == [], bad


class PostfixSite(Site):
    """chroot=True: Debian's master.cf as it is and a socket below the queue folder,
    alignd started as its own user, as its unit does; otherwise over TCP, as root.
    Further words go to Alignd."""

    own_fields = Site.own_fields | {"x-original-to", "delivered-to"}

    def __init__(self, lab, chroot, settings=None, services=(), **alignd):
        socket_name, where, options = "inet:10891@127.0.0.1", "inet:127.0.0.1:10891", {}
        if chroot:
            servers.need_program("postfix")
            folder = lab.make_folder("postfix", "queue", "alignd", mode=0o2750,
                                     owner=(servers.NOBODY, servers.group_id("postfix")))
            socket_name, where = "local:%s/alignd.sock" % folder, "unix:/alignd/alignd.sock"
            options = {"as_user": servers.NOBODY}
        options.update(alignd)
        super().__init__(lab, {"socket": socket_name, "socket_mode": "0660", "group": ""},
                         **options)
        main = {"smtpd_milters": where, "non_smtpd_milters": where,
                "milter_default_action": "tempfail",
                "smtpd_authorized_xclient_hosts": "127.0.0.0/8, " + domains.CLIENT}
        main.update(settings or {})
        self.mta = servers.Postfix(lab, settings=main, chroot=chroot, services=services)

    def client(self, address=domains.CLIENT, helo="client.good.example", **more):
        words = None
        if address != domains.LOOPBACK:
            words = {"ADDR": ("IPV6:" if ":" in address else "") + address,
                     "NAME": "[UNAVAILABLE]", "HELO": helo}
            words.update(more)
        return Client(self.mta, helo, xclient=words)

    def milter_errors(self):
        return [line for line in self.mta.log().splitlines()
                if re.search(r"(warning|error|fatal|panic).*milter", line, re.IGNORECASE)]

    def held(self):
        return self.mta.wait_queue("hold")


class SendmailSite(Site):
    """Sendmail's default time-outs: nothing but the socket and F=T is said."""

    def __init__(self, lab):
        servers.sendmail_root()
        super().__init__(lab, {"socket_mode": "0660"})
        self.mta = servers.Sendmail(lab, filters=[
            "INPUT_MAIL_FILTER(`alignd', `S=%s, F=T')dnl" % self.alignd.settings["socket"]],
            lines=["DAEMON_OPTIONS(`Name=MTA6, Family=inet6, Addr=::1, Port=10027')dnl"])

    def client(self, address=domains.CLIENT, helo="client.good.example"):
        where = self.mta
        if ":" in address:
            where = servers.Place("::1", 10027)
        if address == domains.LOOPBACK:
            return Client(where, helo)
        return Client(where, helo, source=self.lab.add_address(address))

    def milter_errors(self):
        return [line for line in self.mta.log().splitlines()
                if re.search(r"milter.*(error|timeout|unsafe|unreachable)", line, re.IGNORECASE)
                and ": header:" not in line]
