#!/usr/bin/python3
"""Makes the messages and the DNS that measuring works on. The same arguments give
the same octets, wherever this is run.

    bench/corpus.py [options] FOLDER

FOLDER gets `index` and the messages (read by bench/load, see mails.h there), and
`zone`, records in the form of a master file and of tests/nameserver.py. Signatures
are made by dkimpy, which shares nothing with what is measured. What each message
should be judged is known from how it was made:

  share  story         DMARC  what it is
    40%  plain         pass   from the domain's own host, signed by the domain (RSA-2048; every
                              fifth domain Ed25519)
    12%  subdomain     pass   news.DOMAIN in From and envelope, signed by DOMAIN
    10%  provider      pass   sent and bounced by a provider, two signatures: DOMAIN's and its own
     8%  unsigned      pass   from the domain's own host, no signature
     6%  forwarded     pass   passed on unchanged: SPF of the forwarder's only, signature intact
     4%  both          pass   two signatures of DOMAIN, RSA and Ed25519
     6%  list          fail   subject and body changed by a list, which signs itself
     6%  forged        fail   from a stranger's host, no signature
     4%  broken        fail   forwarded, with its body changed on the way
     4%  none          none   a domain without DMARC record, signed
"""

import argparse
import collections
import math
import os
import random
import shutil
import sys

sys.dont_write_bytecode = True

import dkim  # noqa: E402

import keys  # noqa: E402

VERSION = 2                     # of what is made: bench/run keeps corpora by it
NOW = 1790000000                # when everything was signed: September 2026
DATE = "Mon, 21 Sep 2026 14:13:20 +0000"
SIGNED = [b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"]
RECIPIENT = "<user@example.org>"
FORWARDER, LISTS, PROVIDER, STRANGER = ("forwarder.example", "lists.example", "provider.example",
                                        "stranger.example")
WORDS = """account address after again amount answer before between board budget change committee
contract customer date delivery department detail draft during early evening example figure
first following further general group holiday important invoice letter library machine market
meeting member message minutes money month morning number office order paper party people
person place plan point problem project question reason receipt report result room school
second service several signature site small station statement street summer system table
ticket time tomorrow travel understand week weekend window winter with within without work""".split()

# "numbered", by --story only: XXXXXXX is for bench/load -n, four authors to ask for.
STORIES = [("plain", 40), ("subdomain", 12), ("provider", 10), ("unsigned", 8), ("forwarded", 6),
           ("both", 4), ("list", 6), ("forged", 6), ("broken", 4), ("none", 4)]

Row = collections.namedtuple("Row", "client address helo sender dmarc spf dkim text")


def txt(name, text):
    parts = [text[i:i + 250] for i in range(0, len(text), 250)]
    return "%s. 3600 IN TXT %s" % (name, " ".join('"%s"' % part for part in parts))


def address_of(number):
    """Of the documentation networks (RFC 5737, RFC 3849): IPv4 first."""
    networks = ("192.0.2.", "198.51.100.", "203.0.113.")
    if number < 3 * 250:
        return networks[number // 250] + str(number % 250 + 1)
    return "2001:db8:%x::25" % number


class Domain:
    """A sender: its host, its keys and what it publishes. Of eight, five need one look-up
    for SPF, the others two or three, one after the other: a:, mx:, include:."""

    def __init__(self, name, number, maker, has_dmarc=True):
        self.name, self.number = name, number
        self.host = "mail." + name
        self.address = address_of(number)
        if number % 5 == 4:
            self.key = maker.ed25519(name, "e1")
        else:
            self.key = maker.rsa(name, "s1")
        self.other = maker.ed25519(name, "e2") if number % 10 == 0 else None
        self.has_dmarc = has_dmarc

    def spf(self):
        kind = "ip6" if ":" in self.address else "ip4"
        own = {1: "a:" + self.host, 3: "mx:" + self.name, 6: "include:_spf." + self.name}.get(
            self.number % 8, kind + ":" + self.address)
        return "v=spf1 %s include:_spf.%s -all" % (own, PROVIDER)

    def records(self):
        yield "%s. 3600 IN %s %s" % (self.host, "AAAA" if ":" in self.address else "A",
                                     self.address)
        yield "%s. 3600 IN MX 10 %s." % (self.name, self.host)
        for name in (self.name, "news." + self.name):
            yield txt(name, self.spf())
        yield txt(self.host, "v=spf1 a -all")
        yield txt("_spf." + self.name, "v=spf1 %s:%s -all" % (
            "ip6" if ":" in self.address else "ip4", self.address))
        if self.has_dmarc:
            policy = ("none", "quarantine", "reject")[self.number % 3]
            strict = "; adkim=r; aspf=r" if self.number % 7 == 0 else ""
            yield txt("_dmarc." + self.name, "v=DMARC1; p=%s; rua=mailto:dmarc@%s%s" % (
                policy, self.name, strict))
        for key in (self.key, self.other):
            if key is not None:
                yield txt(key.name, key.record)


class World:
    """All domains, and what is at home in none of them."""

    def __init__(self, seed, count):
        maker = keys.Maker(seed)
        self.domains = [Domain("d%03d.example" % n, n + 10, maker) for n in range(count)]
        quiet = max(1, count // 25)
        self.quiet = [Domain("q%03d.example" % n, count + n + 10, maker, has_dmarc=False)
                      for n in range(quiet)]
        self.others = {name: Domain(name, n, maker, has_dmarc=False) for n, name in
                       enumerate((FORWARDER, LISTS, PROVIDER, STRANGER))}

    def zone(self):
        for domain in self.domains + self.quiet:
            yield from domain.records()
        for domain in self.others.values():
            # their own SPF includes nobody, or the provider's would include itself
            yield from (line for line in domain.records() if "include:" not in line)
            yield txt(domain.name, "v=spf1 ip4:%s -all" % domain.address)


class Maker:
    """Makes messages, one after the other, each out of its own number's chance."""

    def __init__(self, options):
        self.options = options
        self.world = World(options.seed, options.domains)

    def chance(self, number):
        return random.Random("%s message %d" % (self.options.seed, number))

    def size(self, rng):
        """Many small, few large."""
        low, high = self.options.octets
        return int(low * math.exp(rng.random() ** 1.5 * math.log(high / low)))

    @staticmethod
    def body(rng, octets):
        """Lines of words; long bodies repeat what they have, in another order."""
        lines = []
        while sum(map(len, lines)) + 2 * len(lines) < min(octets, 8192):
            lines.append(" ".join(rng.choices(WORDS, k=rng.randint(3, 9))))
        stock, total = list(lines), sum(map(len, lines)) + 2 * len(lines)
        while total < octets:
            lines.append(rng.choice(stock))
            total += len(lines[-1]) + 2
        return "\r\n".join(lines) + "\r\n"

    def letter(self, rng, author, number):
        """Header and body without any signature."""
        octets = self.size(rng)
        fields = [
            "From: %s <%s>" % (" ".join(rng.choices(WORDS, k=2)).title(), author),
            "To: %s" % RECIPIENT,
            "Subject: " + " ".join(rng.choices(WORDS, k=rng.randint(2, 8))),
            "Date: " + DATE,
            "Message-ID: <%d.%08x@%s>" % (number, rng.getrandbits(32), author.partition("@")[2]),
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii;\r\n\tformat=flowed",
            "X-Mailer: " + " ".join(rng.choices(WORDS, k=2)),
            "Accept-Language: en",
        ]
        return "\r\n".join(fields) + "\r\n\r\n" + self.body(rng, octets)

    @staticmethod
    def sign(text, key, domain=None):
        """`text` with a signature of the key above it."""
        field = dkim.sign(text.encode(), key.selector.encode(), (domain or key.domain).encode(),
                          key.private, canonicalize=(b"relaxed", b"relaxed"),
                          signature_algorithm=b"rsa-sha256" if key.kind == "rsa"
                          else b"ed25519-sha256", include_headers=SIGNED)
        return field.decode() + text

    @staticmethod
    def received(rng, by, helo, address):
        return ("Received: from %s (%s [%s])\r\n\tby %s with ESMTPS id %08X\r\n\tfor %s; %s\r\n"
                % (helo, helo, address, by, rng.getrandbits(32), RECIPIENT, DATE))

    def through(self, rng, domain, text):
        """The field that the domain's own host has added."""
        return self.received(rng, domain.host, "desk.%s" % domain.name, "2001:db8:ffff::1") + text

    @staticmethod
    def row(host, sender, dmarc, spf, signature, text):
        return Row(host.host, host.address, host.host, "<%s>" % sender, dmarc, spf, signature,
                   text)

    # The stories

    def plain(self, rng, domain, number):
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        for more in range(1, self.options.signatures):
            text = self.sign(text, self.world.domains[
                (number + more) % len(self.world.domains)].key)
        return self.row(domain, "jo@" + domain.name, "pass", "pass", "pass",
                        self.through(rng, domain, text))

    def subdomain(self, rng, domain, number):
        author = "letter@news." + domain.name
        text = self.sign(self.letter(rng, author, number), domain.key)
        return self.row(domain, author, "pass", "pass", "pass", self.through(rng, domain, text))

    def provider(self, rng, domain, number):
        host = self.world.others[PROVIDER]
        text = self.sign(self.letter(rng, "shop@" + domain.name, number), domain.key)
        text = self.sign(text, host.key)
        sender = "bounce-%d@%s" % (number, host.name)
        return self.row(host, sender, "pass", "pass", "pass", self.through(rng, host, text))

    def unsigned(self, rng, domain, number):
        text = self.letter(rng, "jo@" + domain.name, number)
        return self.row(domain, "jo@" + domain.name, "pass", "pass", "none",
                        self.through(rng, domain, text))

    def forwarded(self, rng, domain, number):
        host = self.world.others[FORWARDER]
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        text = ("Authentication-Results: %s; dmarc=pass header.from=%s\r\n" % (
            host.host, domain.name) + self.received(rng, host.host, domain.host, domain.address)
                + self.through(rng, domain, text))
        return self.row(host, "SRS0=%04x=aa=%s=jo@%s" % (number, domain.name, host.name), "pass",
                        "pass", "pass", text)

    def both(self, rng, domain, number):
        domain = self.world.domains[domain.number // 10 * 10 % len(self.world.domains)]
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        text = self.sign(text, domain.other or domain.key)
        return self.row(domain, "jo@" + domain.name, "pass", "pass", "pass",
                        self.through(rng, domain, text))

    def list(self, rng, domain, number):
        host = self.world.others[LISTS]
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        text = text.replace("\r\nSubject: ", "\r\nSubject: [dev] ", 1)
        text += "-- \r\ndev mailing list\r\n"
        text = "List-Id: <dev.%s>\r\nPrecedence: list\r\n" % host.name + text
        text = self.sign(text, host.key)
        return self.row(host, "dev-bounces@" + host.name, "fail", "pass", "pass",
                        self.through(rng, host, text))

    def forged(self, rng, domain, number):
        host = self.world.others[STRANGER]
        text = self.letter(rng, "boss@" + domain.name, number)
        text = "Authentication-Results: mx.example.org; dmarc=pass header.from=%s\r\n" % (
            domain.name) + text
        return self.row(host, "boss@" + domain.name, "fail", "fail", "none", text)

    def broken(self, rng, domain, number):
        host = self.world.others[FORWARDER]
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        text += "This message was looked at by a machine.\r\n"
        return self.row(host, "jo@" + host.name, "fail", "pass", "fail",
                        self.received(rng, host.host, domain.host, domain.address) + text)

    def none(self, rng, _domain, number):
        domain = self.world.quiet[number % len(self.world.quiet)]
        text = self.sign(self.letter(rng, "jo@" + domain.name, number), domain.key)
        return self.row(domain, "jo@" + domain.name, "none", "pass", "pass",
                        self.through(rng, domain, text))

    def numbered(self, rng, _domain, number):
        host = self.world.others[STRANGER]
        text = self.letter(rng, "jo@nXXXXXXXa.example", number)
        text = text.replace("\r\nTo:", "".join(
            ",\r\n\tjo@nXXXXXXX%s.example" % letter for letter in "bcd") + "\r\nTo:", 1)
        return self.row(host, "jo@nXXXXXXXa.example", "none", "none", "none", text)

    def message(self, number):
        rng = self.chance(number)
        names, weights = zip(*STORIES)
        story = self.options.story or rng.choices(names, weights)[0]
        domains = self.world.domains
        domain = domains[number % len(domains)] if self.options.distinct else \
            domains[int(len(domains) * rng.random() ** 1.5)]
        return story, getattr(self, story)(rng, domain, number)


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="ascii", newline="") as out:
        out.write(text)


def make(options, folder):
    """Writes the corpus; the folder is new."""
    dkim.time.time = lambda: NOW        # t= of the signatures
    maker = Maker(options)
    os.makedirs(os.path.join(folder, "m"))
    write(folder, "zone", "".join(line + "\n" for line in maker.world.zone()))
    index = ["# file client address helo mail-from rcpt-to dmarc spf dkim\n"]
    for number in range(options.messages):
        story, row = maker.message(number)
        name = "m/%05d-%s.eml" % (number, story)
        write(folder, name, row.text)
        index.append("\t".join((name, row.client, row.address, row.helo, row.sender, RECIPIENT,
                                row.dmarc, row.spf, row.dkim)) + "\n")
    write(folder, "index", "".join(index))


def octets_range(text):
    low, _, high = text.partition(":")
    return int(low), int(high or low)


def parse(arguments):
    parser = argparse.ArgumentParser(description="makes a corpus for bench/load")
    parser.add_argument("--messages", type=int, default=1200)
    parser.add_argument("--domains", type=int, default=300)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--octets", type=octets_range, default=(2000, 100000), metavar="MIN:MAX",
                        help="of the bodies")
    parser.add_argument("--story", choices=[name for name, _ in STORIES] + ["numbered"],
                        help="one story for all")
    parser.add_argument("--signatures", type=int, default=1, help="of each plain message")
    parser.add_argument("--distinct", action="store_true", help="domains in turn, not by chance")
    parser.add_argument("folder")
    return parser.parse_args(arguments)


def main():
    options = parse(sys.argv[1:])
    if os.path.exists(options.folder):
        sys.exit("%s is there already" % options.folder)
    partial = options.folder.rstrip("/") + ".part"
    shutil.rmtree(partial, ignore_errors=True)
    make(options, partial)
    os.rename(partial, options.folder)


if __name__ == "__main__":
    main()
