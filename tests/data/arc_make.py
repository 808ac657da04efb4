#!/usr/bin/python3
"""Writes arc.yml, the project's own ARC cases, in the format of the public suite,
and arc/, the messages and the zone of tests/auth/test_arc.c.

The sealer is independent of the code under test: dkimpy seals what it can seal;
what no honest sealer writes, and Ed25519, is put together here with dkimpy's
canonical forms and signed with the cryptography package. Every chain that is to
pass and that dkimpy understands is verified by dkimpy as well. The output is
committed, so the tests need no Python; run this again after a change:

    tests/data/arc_make.py

The private keys are those of dkim/keys; signatures are the same on every run.
"""
import base64
import hashlib
import os
import re
import textwrap

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from dkim.canonicalization import CanonicalizationPolicy, Relaxed

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNED_AT = 1700000000
FUTURE = 4102444800

HEADER = b"""\
Received: from mail.example.com (mail.example.com [192.0.2.25])\r
    by mx.list.example; Mon, 4 May 2026 10:20:30 +0000\r
From: Joe  Doe <joe@example.com>\r
To: list@list.example\r
Subject:  several   blanks\tand a\r
    fold\r
Date: Mon, 4 May 2026 10:20:29 +0000\r
Message-ID: <1@example.com>\r
"""
BODY = b"""\
First line, with trailing blanks  \t \r
    and a  line that begins with blanks\r
\r
last line\r
\r
"""
NAMES = [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
RESULTS = b"dmarc=pass header.from=example.com; arc=none smtp.remote-ip=192.0.2.25"

cases = []
records = {}


def key(name):
    with open(os.path.join(HERE, "dkim", "keys", name + ".pem"), "rb") as pem:
        return serialization.load_pem_private_key(pem.read(), None)


def p_of(name):
    public = key(name).public_key()
    if name == "ed25519":
        octets = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    else:
        octets = public.public_bytes(serialization.Encoding.DER,
                                     serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(octets).decode()


def pem_of(name):
    return key(name).private_bytes(serialization.Encoding.PEM,
                                   serialization.PrivateFormat.TraditionalOpenSSL,
                                   serialization.NoEncryption())


def sign(name, text, digest=hashes.SHA256):
    if name == "ed25519":
        signed = key(name).sign(hashlib.sha256(text).digest())
    else:
        signed = key(name).sign(text, padding.PKCS1v15(), digest())
    return b"\r\n    ".join(line.encode() for line in
                            textwrap.wrap(base64.b64encode(signed).decode(), 72))


def relaxed(name, value):
    return b":".join(Relaxed.canonicalize_headers([(name, value + b"\r\n")])[0])


def tag_list(tags, equals=b"="):
    return b" " + b";\r\n    ".join(k + equals + v for k, v in tags)


def override(tags, changes):
    """Changed tags keep their place, new ones go behind, None drops one."""
    changes = {k.rstrip("_").encode(): v for k, v in (changes or {}).items()}
    known = [k for k, _ in tags]
    tags = [(k, changes.get(k, v)) for k, v in tags]
    tags += [(k, v) for k, v in changes.items() if k not in known]
    return [(k, v) for k, v in tags if v is not None]


class Chain:
    """A message and the sets that were put on it."""

    def __init__(self, header=HEADER, body=BODY):
        self.fields = [tuple(line.split(b":", 1)) for line in
                       re.split(rb"\r\n(?![ \t])", header.rstrip(b"\r\n"))]
        self.body = body
        self.sets = []          # [results, message signature, seal], each a value

    def selected(self, names):
        """The fields that h= covers, each name from the bottom up (RFC 6376 5.4.2)."""
        left, chosen = self.all_fields(), []
        for name in names:
            for i in range(len(left) - 1, -1, -1):
                if left[i][0].strip().lower() == name.strip().lower():
                    chosen.append(left.pop(i))
                    break
        return chosen

    def all_fields(self):
        arc = []
        for results, message, seal in reversed(self.sets):
            arc += [(b"ARC-Seal", seal), (b"ARC-Message-Signature", message),
                    (b"ARC-Authentication-Results", results)]
        return [f for f in arc if f[1] is not None] + self.fields

    def add(self, results=RESULTS, d=None, s=b"s1", name="rsa1024", cv=None, names=None,
            canon=b"relaxed/relaxed", message=None, seal=None, aar=None, equals=b"=",
            message_key=None, digest=hashes.SHA256, seal_digest=hashes.SHA256,
            after=b"", limit=None):
        """Seals: `message` and `seal` change tags before they are signed."""
        n = len(self.sets) + 1
        d = d or b"d%d.example" % n
        names = NAMES if names is None else names
        results = aar if aar is not None else b" i=%d; %s;\r\n    %s" % (n, d, results)
        kind = b"ed25519-sha256" if name == "ed25519" else b"rsa-sha256"
        message_kind = b"ed25519-sha256" if (message_key or name) == "ed25519" else b"rsa-sha256"
        method = CanonicalizationPolicy.from_c_value(canon)
        body = method.canonicalize_body(self.body)[:limit]
        tags = [(b"i", b"%d" % n), (b"a", message_kind), (b"c", canon), (b"d", d), (b"s", s),
                (b"t", b"%d" % SIGNED_AT), (b"h", b":".join(names)),
                (b"bh", base64.b64encode(hashlib.sha256(body).digest()))]
        value = tag_list(override(tags, message) + [(b"b", b"")], equals)
        covered = method.canonicalize_headers([(k, v + b"\r\n") for k, v in self.selected(names)])
        covered += [(k, v.rstrip(b"\r\n")) for k, v in
                    method.canonicalize_headers([(b"ARC-Message-Signature", value + b"\r\n")])]
        text = b"".join(k + b":" + v for k, v in covered)
        value += sign(message_key or name, text, digest)
        tags = [(b"i", b"%d" % n), (b"a", kind), (b"cv", cv or (b"none" if n == 1 else b"pass")),
                (b"d", d), (b"s", s), (b"t", b"%d" % SIGNED_AT)]
        sealed = tag_list(override(tags, seal) + [(b"b", b"")], equals)
        text = b"".join(relaxed(b"ARC-Authentication-Results", a)
                        + relaxed(b"ARC-Message-Signature", b) + relaxed(b"ARC-Seal", c)
                        for a, b, c in self.sets)
        text += relaxed(b"ARC-Authentication-Results", results)
        text += relaxed(b"ARC-Message-Signature", value)
        text += relaxed(b"ARC-Seal", sealed + after).rstrip(b"\r\n")
        self.sets.append([results, value, sealed + sign(name, text, seal_digest) + after])
        return self

    def many(self, n):
        for _ in range(n):
            self.add()
        return self

    def text(self):
        return b"".join(k + b":" + v + b"\r\n" for k, v in self.all_fields()) + b"\r\n" + self.body


def find(name, **_):
    record = records.get(name.decode().rstrip(".").lower())
    return record.encode() if isinstance(record, str) else None


def put(name, cv, chain, reason=None, oldest=None, dkimpy=True):
    message = chain if isinstance(chain, bytes) else chain.text()
    if cv == "Pass" and dkimpy:
        verdict, _, why = dkim.arc_verify(message, dnsfunc=find)
        assert verdict == b"pass", (name, verdict, why)
    cases.append((name, cv, message, reason, oldest))


def item(text):
    """The item of the test list that the next cases are for."""
    cases.append((text,))


def one():
    return Chain().add()


def two():
    return Chain().many(2)


def swap(chain, part, old, new, instance=1):
    """Changes a field after it was signed."""
    value = chain.sets[instance - 1][part]
    assert old in value, (old, value)
    chain.sets[instance - 1][part] = value.replace(old, new, 1)
    return chain


AAR, AMS, SEAL = 0, 1, 2
FIELD = {AAR: "ARC-Authentication-Results", AMS: "ARC-Message-Signature", SEAL: "ARC-Seal"}
PART = {AAR: "authentication results", AMS: "message signature", SEAL: "seal"}


def keys():
    good = "v=DKIM1; k=rsa; p=" + p_of("rsa1024")
    for n in range(1, 6):
        records["s1._domainkey.d%d.example" % n] = good
    records["s2._domainkey.other.example"] = "v=DKIM1; k=rsa; p=" + p_of("rsa2048")
    records["ed._domainkey.d1.example"] = "v=DKIM1; k=ed25519; p=" + p_of("ed25519")
    records["small._domainkey.d1.example"] = "v=DKIM1; k=rsa; p=" + p_of("rsa512")
    records["almost._domainkey.d1.example"] = "v=DKIM1; k=rsa; p=" + p_of("rsa1023")
    records["revoked._domainkey.d1.example"] = "v=DKIM1; p="
    records["garbage._domainkey.d1.example"] = "v=DKIM1; p=AAAA"
    records["wrong._domainkey.d1.example"] = "v=DKIM1; k=rsa; p=" + p_of("rsa2048")
    records["service._domainkey.d1.example"] = "v=DKIM1; s=tlsrpt; p=" + p_of("rsa1024")
    records["strict._domainkey.d1.example"] = "v=DKIM1; t=s; p=" + p_of("rsa1024")
    records["several._domainkey.d1.example"] = ["v=spf1 -all", "v=DKIM1; p=" + p_of("rsa2048"), good]
    records["slow._domainkey.d1.example"] = "TIMEOUT"
    records["failing._domainkey.d1.example"] = "SERVFAIL"


def by_dkimpy():
    message = b"Authentication-Results: d1.example; dmarc=pass header.from=example.com\r\n" + \
        HEADER + b"\r\n" + BODY
    for n in range(1, 4):
        fields = dkim.arc_sign(message, b"s1", b"d%d.example" % n, pem_of("rsa1024"),
                               b"d%d.example" % n, include_headers=[b"from", b"to", b"subject"],
                               timestamp=SIGNED_AT)
        message = b"".join(fields) + b"Authentication-Results: d%d.example; arc=pass\r\n" % (n + 1) \
            + message
        put("sealed by dkimpy %d" % n, "Pass", message, oldest=0)


def chains():
    item("none; one set pass; 2..5 sets pass")
    put("no sets", "None", Chain())
    put("no header", "None", b"\r\nbody\r\n")
    put("nothing", "None", b"")
    for n in range(1, 6):
        put("%d sets" % n, "Pass", Chain().many(n), oldest=0)
    by_dkimpy()
    item("AMS 1 broken by a later change with N=2 (still pass, oldest-pass 2)")
    chain = one()
    chain.fields = [(k, b" [list] x" if k == b"Subject" else v) for k, v in chain.fields]
    put("subject changed before set 2", "Pass", chain.add(), oldest=2)
    chain = one()
    chain.body += b"-- \r\nthe list\r\n"
    put("footer before set 2", "Pass", chain.add(), oldest=2)
    chain = Chain().many(3)
    chain.body += b"-- \r\nthe list\r\n"
    put("footer before set 4", "Pass", chain.many(2), oldest=4)
    chain = one()
    chain.body += b"-- \r\nthe list\r\n"
    put("footer before set 2 of 4", "Pass", chain.many(3), oldest=2)
    put("message signature 1 of no algorithm", "Pass",
        Chain().add(message={"a": b"rsa-md5"}).add(), oldest=2, dkimpy=False)


def structure():
    item("AS missing, AMS missing, AAR missing")
    for n in (1, 2):
        for part in (SEAL, AMS, AAR):
            for instance in range(1, n + 1):
                chain = Chain().many(n)
                chain.sets[instance - 1][part] = None
                put("%s %d of %d missing" % (FIELD[part], instance, n), "Fail", chain,
                    "set %d has no %s" % (instance, PART[part]))
    item("gap in instances")
    chain = Chain().many(3)
    chain.sets[1] = [None, None, None]
    put("set 2 of 3 missing", "Fail", chain, "set 2 has no authentication results")
    chain = two()
    chain.sets[0] = [None, None, None]
    put("set 1 of 2 missing", "Fail", chain, "set 1 has no authentication results")
    item("duplicate instance")
    for part in (SEAL, AMS, AAR):
        for above in (True, False):
            chain = one()
            field = (FIELD[part].encode(), chain.sets[0][part])
            text = chain.text()
            copy = field[0] + b":" + field[1] + b"\r\n"
            if above:
                text = copy + text
            else:
                text = text.replace(b"\r\n\r\n", b"\r\n" + copy + b"\r\n", 1)
            put("two of %s, %s" % (FIELD[part], "above" if above else "below"), "Fail", text,
                "set 1 has two %s fields" % FIELD[part])
    item("instance 0, 51, empty, non-numeric")
    for part in (SEAL, AMS, AAR):
        for number in (b"0", b"51", b"", b"x", b"1x", b"-1", b"+1", b"001", b"1 1", b"4294967297"):
            put("%s i=%s" % (FIELD[part], number.decode()), "Fail",
                swap(one(), part, b"i=1", b"i=" + number),
                FIELD[part] + (": no instance" if part == AAR else ": bad i="))
        put("%s without i=" % FIELD[part], "Fail", swap(one(), part, b"i=1;", b""),
            FIELD[part] + (": no instance" if part == AAR else ": no i="))
    put("i=01", "Pass", Chain().add(message={"i": b"01"}, seal={"i": b"01"}), oldest=0)
    item("i= not first in AAR")
    put("i= behind the authserv-id", "Fail", Chain().add(aar=b" d1.example; i=1; dmarc=pass"),
        "ARC-Authentication-Results: no instance")
    put("no semicolon behind i=", "Fail", Chain().add(aar=b" i=1 d1.example; dmarc=pass"),
        "ARC-Authentication-Results: no instance")
    put("comments around i=", "Pass", Chain().add(aar=b" (a) i (b) = (c) 1 (d); d1.example; none"),
        dkimpy=False)
    put("unreadable results", "Pass", Chain().add(aar=b" i=1; \"d1.example; ((("))
    item("cv wrong at 1 (pass) and at 2 (none)")
    put("cv=pass at 1", "Fail", Chain().add(cv=b"pass"), "seal of set 1: cv= is not none")
    put("cv=pass at 1 of 2", "Fail", Chain().add(cv=b"pass").add(), "seal of set 1: cv= is not none")
    put("cv=none at 2", "Fail", one().add(cv=b"none"), "seal of set 2: cv= is not pass")
    put("cv=none at 2 of 3", "Fail", one().add(cv=b"none").add(), "seal of set 2: cv= is not pass")
    put("cv=fail at 1 of 2", "Fail", Chain().add(cv=b"fail").add(), "seal of set 1: cv= is not none")
    for word in (b"", b"None", b"passed"):
        put("cv=%s" % word.decode(), "Fail", Chain().add(seal={"cv": word}), "seal of set 1: bad cv=")
    put("no cv", "Fail", Chain().add(seal={"cv": None}), "seal of set 1: no cv=")
    item("newest cv=fail")
    put("cv=fail at 1", "Fail", Chain().add(cv=b"fail"), "set 1 says that the chain failed")
    put("cv=fail at 2", "Fail", one().add(cv=b"fail"), "set 2 says that the chain failed")


def signed_fields():
    item("h in AS")
    put("h in the seal", "Fail", Chain().add(seal={"h": b"from"}), "seal of set 1: h= is not for a seal")
    put("h in the seal of 1", "Fail", Chain().add(seal={"h": b"from"}).add(),
        "seal of set 1: h= is not for a seal")
    put("bh in the seal", "Pass", Chain().add(seal={"bh": b"AAAA"}), dkimpy=False)
    item("AS named in AMS h")
    put("seal covered", "Fail", Chain().add(names=NAMES + [b"ARC-Seal"]),
        "message signature of set 1: ARC-Seal is in h=")
    put("seal covered by set 1", "Fail", Chain().add(names=[b"arc-seal"] + NAMES).add(),
        "message signature of set 1: ARC-Seal is in h=")
    put("other ARC fields covered", "Pass",
        one().add(names=NAMES + [b"ARC-Authentication-Results", b"ARC-Message-Signature"]), oldest=0)
    own = [b"ARC-Message-Signature"]
    put("names its own field", "Pass", Chain().add(names=NAMES + own), oldest=0, dkimpy=False)
    # which forbids a second one, but not the chain
    put("names its own field, twice", "Pass",
        Chain().add(names=NAMES + own).add(names=NAMES + own * 2), oldest=2, dkimpy=False)
    item("AAR modified; AMS 1 modified; seal of 1 modified")
    put("results of 1 modified", "Fail", swap(one(), AAR, b"example.com", b"example.org"),
        "seal of set 1: signature did not verify")
    put("results of 1 of 2 modified", "Fail", swap(two(), AAR, b"example.com", b"example.org"),
        "seal of set 2: signature did not verify")
    put("results of 1 folded anew", "Pass", swap(one(), AAR, b";\r\n    dmarc", b"; dmarc"), oldest=0)
    put("message signature 1 modified", "Fail", swap(one(), AMS, b"t=1700000000", b"t=1700000001"),
        "message signature of set 1: signature did not verify")
    put("message signature 1 of 2 modified", "Fail",
        swap(two(), AMS, b"t=1700000000", b"t=1700000001"), "seal of set 2: signature did not verify")
    put("seal 1 modified", "Fail", swap(one(), SEAL, b"t=1700000000", b"t=1700000001"),
        "seal of set 1: signature did not verify")
    put("seal 1 of 2 modified", "Fail", swap(two(), SEAL, b"t=1700000000", b"t=1700000001"),
        "seal of set 2: signature did not verify")
    chain = Chain().many(2)
    chain.sets[0][SEAL] = Chain().add(seal={"t": b"1700000001"}).sets[0][SEAL]
    put("seal 1 of 2 made anew", "Fail", chain, "seal of set 2: signature did not verify")
    put("sets of another message", "Fail",
        b"".join(k + b":" + v + b"\r\n" for k, v in two().all_fields()[:6])
        + b"From: Eve <eve@evil.example>\r\n\r\nbuy\r\n",
        "message signature of set 2: body hash mismatch")
    item("body changed")
    put("body changed", "Fail", one().text().replace(b"last line", b"next line"),
        "message signature of set 1: body hash mismatch")
    put("body longer", "Fail", two().text() + b"more\r\n", "message signature of set 2: body hash mismatch")
    put("subject changed", "Fail", one().text().replace(b"several", b"Several"),
        "message signature of set 1: signature did not verify")
    put("From added above", "Pass", b"From: Eve <eve@evil.example>\r\n" + one().text(), dkimpy=False)
    put("From added below", "Fail", one().text().replace(b"\r\n\r\n", b"\r\nFrom: x@evil.example\r\n\r\n", 1),
        "message signature of set 1: signature did not verify")
    put("From covered twice", "Fail", b"From: Eve <eve@evil.example>\r\n"
        + Chain().add(names=NAMES + [b"From"]).text(),
        "message signature of set 1: signature did not verify")
    item("header order")
    lines = re.split(rb"\r\n(?![ \t])", two().text().split(b"\r\n\r\n")[0])
    body = b"\r\n\r\n" + BODY
    put("fields turned round", "Pass", b"\r\n".join(reversed(lines)) + body, oldest=0,
        dkimpy=False)
    put("ARC fields at the end", "Pass", b"\r\n".join(lines[6:] + lines[:6]) + body, oldest=0)
    put("h= in another order", "Pass", Chain().add(names=NAMES[::-1]), oldest=0)
    put("two of a covered name, turned", "Fail",
        Chain(b"To: a@example.com\r\nTo: b@example.com\r\n" + HEADER).add(names=NAMES + [b"To", b"To"])
        .text().replace(b"To: a@", b"To: b@", 1),
        "message signature of set 1: signature did not verify")
    put("absent names in h=", "Pass", Chain().add(names=NAMES + [b"To", b"X-None"]), oldest=0)
    put("From not covered", "Pass", Chain().add(names=NAMES[1:]), oldest=0, dkimpy=False)
    put("nothing covered", "Pass", Chain().add(names=[]), oldest=0, dkimpy=False)


def tags():
    item("sha1")
    put("message signature by sha1", "Fail",
        Chain().add(message={"a": b"rsa-sha1"}, digest=hashes.SHA1),
        "message signature of set 1: rsa-sha1 is not accepted")
    put("seal by sha1", "Fail", Chain().add(seal={"a": b"rsa-sha1"}, seal_digest=hashes.SHA1),
        "seal of set 1: rsa-sha1 is not accepted")
    item("duplicate tags; upper-case tag names")
    put("message signature with two d", "Fail", swap(one(), AMS, b"d=d1.example;", b"d=d1.example; d=d1.example;"),
        "ARC-Message-Signature: duplicate tag")
    put("seal with two d", "Fail", swap(one(), SEAL, b"d=d1.example;", b"d=d1.example; d=d1.example;"),
        "ARC-Seal: duplicate tag")
    for tag in ("a", "bh", "d", "h", "s"):
        put("message signature with %s" % tag.upper(), "Fail",
            Chain().add(message={tag: None, tag.upper(): b"x"}), "message signature of set 1: no %s=" % tag)
    put("message signature with B", "Fail", swap(one(), AMS, b" b=", b" B="),
        "message signature of set 1: no b=")
    put("message signature with I", "Fail", swap(one(), AMS, b"i=1", b"I=1"), "ARC-Message-Signature: no i=")
    for tag in ("a", "cv", "d", "s"):
        put("seal with %s" % tag.upper(), "Fail", Chain().add(seal={tag: None, tag.upper(): b"x"}),
            "seal of set 1: no %s=" % tag)
    put("seal with B", "Fail", swap(one(), SEAL, b" b=", b" B="), "seal of set 1: no b=")
    put("seal with I", "Fail", swap(one(), SEAL, b"i=1", b"I=1"), "ARC-Seal: no i=")
    item("c= absent, empty, all four pairs")
    put("c absent", "Pass", Chain().add(canon=b"simple/simple", message={"c": None}), oldest=0, dkimpy=False)
    put("c absent, signed relaxed", "Fail", Chain().add(message={"c": None}),
        "message signature of set 1: body hash mismatch")
    put("c empty", "Fail", Chain().add(message={"c": b""}),
        "message signature of set 1: unknown canonicalization")
    put("c unknown", "Fail", Chain().add(message={"c": b"relaxed/nofws"}),
        "message signature of set 1: unknown canonicalization")
    put("c half", "Pass", Chain().add(canon=b"relaxed"), oldest=0)
    for head in (b"simple", b"relaxed"):
        for body in (b"simple", b"relaxed"):
            chain = Chain().add(canon=head + b"/" + body)
            name = (head + b"/" + body).decode()
            put(name, "Pass", chain, oldest=0, dkimpy=False)
            text = chain.text()
            put(name + ", blanks in a field", "Pass" if head == b"relaxed" else "Fail",
                text.replace(b"several   blanks", b"several blanks"),
                None if head == b"relaxed" else "message signature of set 1: signature did not verify")
            put(name + ", blanks in the body", "Pass" if body == b"relaxed" else "Fail",
                text.replace(b"blanks  \t \r\n", b"blanks\r\n"),
                None if body == b"relaxed" else "message signature of set 1: body hash mismatch")
    item("differing d/s in one set")
    put("other d and s in the seal", "Pass",
        Chain().add(name="rsa2048", message_key="rsa1024", seal={"d": b"other.example", "s": b"s2"}), oldest=0)
    put("key of the message signature for the seal", "Fail",
        Chain().add(seal={"d": b"other.example", "s": b"s2"}), "seal of set 1: signature did not verify")
    item("further tags")
    put("semicolon at the end", "Pass", Chain().add(after=b";"), oldest=0)
    put("two semicolons", "Fail", Chain().add(after=b";;"), "ARC-Seal: not a tag=value list")
    put("unknown tags", "Pass", Chain().add(message={"zz": b"b=x"}, seal={"zz": b"x"}), oldest=0)
    put("any v", "Pass", Chain().add(message={"v": b"2"}), oldest=0, dkimpy=False)
    put("blanks around equals", "Pass", Chain().add(equals=b" = "), oldest=0, dkimpy=False)
    put("d upper case", "Pass", Chain().add(d=b"D1.Example"), oldest=0)
    for what in ("message", "seal"):
        label = "message signature" if what == "message" else "seal"
        put("%s t empty" % label, "Fail", Chain().add(**{what: {"t": b""}}), "%s of set 1: bad t=" % label)
        put("%s t no number" % label, "Fail", Chain().add(**{what: {"t": b"soon"}}),
            "%s of set 1: bad t=" % label)
        put("%s t absent" % label, "Pass", Chain().add(**{what: {"t": None}}), oldest=0)
        put("%s d no domain" % label, "Fail", Chain().add(**{what: {"d": b"d1..example"}}),
            "%s of set 1: d= is not a domain" % label)
        put("%s of an unknown algorithm" % label, "Fail", Chain().add(**{what: {"a": b"rsa-md5"}}),
            "%s of set 1: unknown algorithm" % label)
    for part in (AMS, SEAL):
        chain = one()
        chain.sets[0][part] = re.sub(rb"b=\S+(\r\n    \S+)*$", b"b=", chain.sets[0][part])
        put("%s b empty" % PART[part], "Fail", chain, "%s of set 1: bad b=" % PART[part])
        chain = one()
        chain.sets[0][part] = re.sub(rb"b=\S+(\r\n    \S+)*$", b"b=!!!!", chain.sets[0][part])
        put("%s b garbage" % PART[part], "Fail", chain, "%s of set 1: bad b=" % PART[part])
    put("bh empty", "Fail", Chain().add(message={"bh": b""}), "message signature of set 1: bad bh=")
    put("expires later", "Pass", Chain().add(message={"x": b"%d" % FUTURE}), oldest=0)
    put("expired", "Fail", Chain().add(message={"x": b"%d" % (SIGNED_AT + 60)}),
        "message signature of set 1: signature expired")
    put("expired at 1 of 2", "Pass", Chain().add(message={"x": b"%d" % (SIGNED_AT + 60)}).add(), oldest=2,
        dkimpy=False)
    exact = b"%d" % len(Relaxed.canonicalize_body(BODY))
    put("l exact", "Pass", Chain().add(message={"l": exact}), oldest=0)
    put("l shorter", "Fail", Chain().add(message={"l": b"10"}, limit=10),
        "message signature of set 1: octets after the signed part")
    put("l longer", "Fail", Chain().add(message={"l": b"9999"}),
        "message signature of set 1: body is shorter than l=")


def key_records():
    item("key missing, key unusable, 512-bit key; key lookup timeout (fail)")

    def both(name, selector, why, key_name="rsa1024"):
        chain = Chain().add(s=selector, name=key_name)
        put(name, "Fail" if why else "Pass", chain,
            "message signature of set 1: " + why if why else None, None if why else 0, dkimpy=False)
        chain = Chain().add(name=key_name, message_key="rsa1024", seal={"s": selector})
        put(name + ", of the seal", "Fail" if why else "Pass", chain,
            "seal of set 1: " + why if why else None, None if why else 0, dkimpy=False)

    both("key missing", b"missing", "no key")
    both("key revoked", b"revoked", "key revoked")
    both("key garbage", b"garbage", "key cannot be decoded")
    both("another key", b"wrong", "signature did not verify")
    both("key for another service", b"service", "key is not for mail")
    both("key of 512 bits", b"small", "key too short", "rsa512")
    both("key of 1023 bits", b"almost", "key too short", "rsa1023")
    both("key of Ed25519", b"ed", None, "ed25519")
    both("key of Ed25519 for RSA", b"ed", "key is of another type")
    both("key that wants i= to be d=", b"strict", None)
    both("several records", b"several", None)
    both("key lookup timeout", b"slow", "key lookup timed out")
    both("key lookup failure", b"failing", "key lookup failed")
    put("key of set 1 missing", "Fail", Chain().add(message_key="rsa1024", seal={"s": b"missing"}).add(),
        "seal of set 1: no key")
    put("key of message signature 1 missing", "Pass", Chain().add(message={"s": b"missing"}).add(),
        oldest=2, dkimpy=False)
    put("key of message signature 1 slow", "Pass", Chain().add(message={"s": b"slow"}).add(),
        oldest=2, dkimpy=False)
    put("Ed25519 altered", "Fail",
        Chain().add(s=b"ed", name="ed25519").text().replace(b"several", b"Several"),
        "message signature of set 1: signature did not verify")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def block(message):
    """A literal block; one that cannot hold the text is quoted."""
    text = message.decode().replace("\r\n", "\n")
    if "\r" in text or text[:1] in ("", "\n", " "):
        return " " + quoted(text).replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    chomp = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    lines = text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")
    return " |" + chomp + "\n" + "\n".join("      " + line if line else "" for line in lines)


def write(out):
    out.write("# Our own ARC cases, by the items of a test list. Written by arc_make.py.\n---\n"
              "description: own\ntests:\n")
    for case in cases:
        if len(case) == 1:
            out.write("  # " + case[0] + "\n")
            continue
        name, cv, message, reason, oldest = case
        out.write("  %s:\n    message:%s\n    cv: %s\n" % (quoted(name), block(message), cv))
        if reason is not None:
            out.write("    reason: %s\n" % quoted(reason))
        if oldest is not None:
            out.write("    oldest-pass: %d\n" % oldest)
    out.write("txt-records:\n")
    for name, record in sorted(records.items()):
        if isinstance(record, list):
            out.write("  %s:\n%s" % (name, "".join("  - %s\n" % quoted(r) for r in record)))
        else:
            out.write("  %s: %s\n" % (name, quoted(record)))


def messages():
    """For what the format cannot say; `records` go into the zone."""
    files = {"none": Chain(), "two": two(), "five": Chain().many(5)}
    chain = Chain().many(3)
    chain.body += b"-- \r\nthe list\r\n"
    files["changed"] = chain.many(2)
    chain = Chain().add(names=NAMES[1:], results=b"""spf=pass smtp.mailfrom=joe@b.example.com;\r
    dkim=pass (1024-bit key) header.i=@Example.com header.b=ab/c;\r
    dmarc=pass (p=reject) header.from=example.com; iprev=pass smtp.remote-ip=192.0.2.25""")
    chain.add(name="ed25519", s=b"ed", d=b"d1.example", message_key="rsa1024", message={"s": b"s1"},
              results=b"arc=pass smtp.remote-ip=2001:DB8::25; dmarc=fail header.from=example.com")
    files["claims"] = chain.add(aar=b" i=3; d3.example; dmarc=pass (")
    files["long-results"] = Chain().add(results=b"none (" + b"x" * 5000 + b")")
    files["forged-results"] = swap(two(), AAR, b"none smtp", b"none; dkim=pass header.d=bank.example smtp")
    files["small-key"] = Chain().add(d=b"d1.example", s=b"small", name="rsa512")
    chain = Chain()
    for _ in range(50):
        chain.add(d=b"d1.example", results=b"none")
    files["fifty"] = chain
    chain = Chain()
    for n in range(1, 6):
        records["m%d._domainkey.d%d.example" % (n, n)] = records["s1._domainkey.d1.example"]
        chain.add(message={"s": b"m%d" % n, "a": b"rsa-md5" if n == 3 else b"rsa-sha256"})
    files["keys"] = chain
    chain = Chain()
    for n in range(1, 12):
        chain.add(d=b"d1.example", message={"l": b"%d" % n}, limit=n)
    files["lengths"] = chain
    fill = b"a" * 300000
    chain = Chain(HEADER + b"X-Fill: " + fill + b"\r\n")
    for _ in range(12):
        chain.add(d=b"d1.example", names=[b"From", b"X-Fill"])
    files["large"] = chain
    chain = Chain()
    chain.add().add(message={"x": b"%d" % (SIGNED_AT + 60)})
    files["expired"] = chain
    for name, chain in files.items():
        text = chain.text().replace(b"\r\n", b"\n").replace(fill, b"@%d@" % len(fill))
        with open(os.path.join(HERE, "arc", name + ".eml"), "wb") as out:
            out.write(text)


def write_zone(out):
    out.write("# Written by arc_make.py.\n")
    for name, record in sorted(records.items()):
        for text in record if isinstance(record, list) else [record]:
            parts = " ".join(quoted(text[i:i + 255]) for i in range(0, len(text), 255))
            out.write("%s TXT %s\n" % (name, text if text.isupper() else parts))


def main():
    keys()
    chains()
    structure()
    signed_fields()
    tags()
    key_records()
    names = [case[0] for case in cases if len(case) > 1]
    assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
    with open(os.path.join(HERE, "arc.yml"), "w", encoding="utf-8") as out:
        write(out)
    os.makedirs(os.path.join(HERE, "arc"), exist_ok=True)
    messages()
    with open(os.path.join(HERE, "arc", "zone"), "w", encoding="utf-8") as out:
        write_zone(out)


main()
