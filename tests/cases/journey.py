"""Builds a case's message and takes it along its way: signed by its author,
changed by a list, sealed by a forwarder.

Signatures and seals are made by dkimpy, which shares nothing with alignd, with
keys of this run; the zone gets the public ones. key=wrong signs with a key that
is published nowhere.
"""

import base64
import copy
import os
import re
import shlex
import sys

import dkim

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'system'))
import sign  # noqa: E402

DEFAULTS = (('To', '<you@tenant.example>'), ('Subject', 'hello'),
            ('Date', 'Mon, 04 May 2026 10:00:00 +0000'), ('Message-ID', '<1@sender.example>'))
SIGNED = 'from:to:subject:date:message-id'


class Keys:
    """One pair of keys for all domains and one that nobody publishes, by kind."""

    def __init__(self):
        self.made = {}

    def get(self, domain, selector, kind='rsa', which='right'):
        if (kind, which) not in self.made:
            self.made[kind, which] = sign.Key(domain, selector, kind)
        key = copy.copy(self.made[kind, which])
        key.domain, key.selector = domain, selector
        return key


class Journey:
    """`message`: the octets at the end; `zone`: lines with the keys of those who signed."""

    def __init__(self, case, keys):
        self.case, self.keys, self.zone, self.sets = case, keys, [], 0
        self.message = first_message(case.message)
        for self.number, step, rest in case.journey:
            getattr(self, step)(rest)

    def words(self, rest, known):
        """`d=example.com authres="..."` as a dict."""
        pairs = dict(word.partition('=')[::2] for word in shlex.split(rest))
        for name in pairs:
            if name not in known:
                raise self.fault('"%s" is none of: %s' % (name, ' '.join(known)))
        if 'd' not in pairs:
            raise self.fault('d= is missing: whose signature is it?')
        return pairs

    def fault(self, text):
        return self.case.fault(self.number, text)

    def key(self, words):
        """The key to sign with; the right one is published in any case."""
        domain, selector, kind = words['d'], words.get('s', 's'), words.get('a', 'rsa')
        published = self.keys.get(domain, selector, kind)
        line = published.zone_line().replace('. 60 IN TXT', ' TXT')
        if line not in self.zone:
            self.zone.append(line)
        return self.keys.get(domain, selector, kind, words.get('key', 'right'))

    # steps

    def sign(self, rest):
        words = self.words(rest, ('d', 's', 'a', 'h', 'c', 'key'))
        self.message = self.key(words).sign(
            self.message, headers=words.get('h', SIGNED).encode().split(b':'),
            canonicalization=words.get('c', 'relaxed/relaxed'))

    def seal(self, rest):
        words = self.words(rest, ('d', 's', 'a', 'h', 'cv', 'authres', 'key'))
        self.sets += 1
        cv = words.get('cv', 'none' if self.sets == 1 else 'pass')
        self.message = seal(self.message, self.key(words), self.sets, cv,
                            words.get('authres', 'none'), words.get('h', SIGNED))

    def subject(self, rest):
        self.change('Subject', lambda value: ' %s%s' % (rest, value))

    def footer(self, rest):
        self.message += rest.encode() + b'\r\n'

    def field(self, rest):
        """On top, where each hop adds its own."""
        self.message = rest.encode() + b'\r\n' + self.message

    def replace(self, rest):
        name, _, value = rest.partition(':')
        self.change(name, lambda _: value)

    def remove(self, rest):
        self.change(rest, lambda _: None)

    def change(self, name, changed):
        """The first field of this name."""
        head, blank, body = self.message.partition(b'\r\n\r\n')
        found = re.search(rb'(?im)^%s:(.*(?:\r\n[ \t].*)*)(\r\n|\Z)' % name.encode(), head + b'\r\n')
        if not found:
            raise self.fault('the message has no %s' % name)
        value = changed(found.group(1).decode().rstrip('\r'))
        new = b'' if value is None else b'%s:%s\r\n' % (name.encode(), value.encode())
        head = (head + b'\r\n')[:found.start()] + new + (head + b'\r\n')[found.end():]
        self.message = head.removesuffix(b'\r\n') + blank + body


def first_message(text):
    """What the case says of it; what it leaves out is added, but never a From."""
    head, _, body = text.strip('\n').partition('\n\n')
    for name, value in DEFAULTS:
        if not re.search(r'(?im)^%s\s*:' % name, head):
            head += '\n%s: %s' % (name, value)
    text = head.lstrip('\n') + '\n\n' + (body or 'Hello.') + '\n'
    return text.encode().replace(b'\n', b'\r\n')


RELAXED = dkim.CanonicalizationPolicy.from_c_value(b'relaxed/relaxed')
ARC = (b'arc-authentication-results', b'arc-message-signature', b'arc-seal')


class Sealer(dkim.DomainSigner):
    """One ARC set. dkimpy signs each field; its own ARC signer would choose the
    instance, cv and what is signed by itself."""

    def __init__(self, message, key):
        super().__init__(message)
        self.key, self.signature_algorithm = key, b'%s-sha256' % key.kind.encode()
        self.hasher = dkim.HASH_ALGORITHMS[self.signature_algorithm]
        self.private = dkim.parse_pem_private_key(key.private) if key.kind == 'rsa' else \
            dkim.nacl.signing.SigningKey(key.private, dkim.nacl.encoding.Base64Encoder)

    def body_hash(self):
        return base64.b64encode(self.hasher(RELAXED.canonicalize_body(self.body)).digest())

    def field(self, name, instance, tags, names):
        """`names` are looked for in self.headers from the bottom upwards."""
        tags = [(b'i', instance), (b'a', self.signature_algorithm)] + tags + \
            [(b'd', self.key.domain.encode()), (b's', self.key.selector.encode()),
             (b'b', b'0' * 60)]         # as long as the line that b= shall begin
        return name, b' ' + self.gen_header(tags, names, RELAXED, name, self.private)


def seal(message, key, instance, cv, results, signed):
    """The message with one more ARC set on top (RFC 8617 5.1)."""
    sealer, number = Sealer(message, key), b'%d' % instance
    names = tuple(signed.lower().encode().split(b':'))
    results = (b'ARC-Authentication-Results',
               b' i=%s; %s; %s\r\n' % (number, key.domain.encode(), results.encode()))
    signature = sealer.field(b'ARC-Message-Signature', number, [
        (b'c', b'relaxed/relaxed'), (b'h', b':'.join(names)), (b'bh', sealer.body_hash())], names)
    sealer.headers = [signature, results] + sealer.headers
    top = sealer.field(b'ARC-Seal', number, [(b'cv', cv.encode())], ARC * instance)
    return b''.join(name + b':' + value for name, value in (top, signature, results)) + message
