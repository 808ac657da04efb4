#!/usr/bin/python3
"""Writes the signed messages (*.eml) and the key records (zone) of the DKIM tests.

The signer is independent of the code under test: dkimpy signs whatever it can
sign; what no honest signer writes is put together here with dkimpy's
canonicalization and signed with the cryptography package. The output is
committed, so the tests need no Python; run this again after a change:

    tests/data/dkim/make.py

The private keys in keys/ are for these tests only. They are made when they are
missing; signatures are the same on every run. A line "X-Fill: @N@" stands for N
letters "a", written short here and filled in by the reader.
"""
import base64
import hashlib
import os
import re
import textwrap

import dkim
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from dkim.canonicalization import CanonicalizationPolicy

HERE = os.path.dirname(os.path.abspath(__file__))
SIGNED_AT = 1700000000
FUTURE = 4102444800
dkim.time.time = lambda: SIGNED_AT

messages = {}
zone = []

HEADER = b"""\
Received: from mail.example.com (mail.example.com [192.0.2.25])\r
\tby mx.receiver.example; Mon, 4 May 2026 10:20:30 +0000\r
From: Joe  Doe <joe@example.com>\r
To: "Jane \xc3\xa4" <jane@receiver.example>\r
Subject:  several   blanks\tand a\r
\t fold \r
Date: Mon, 4 May 2026 10:20:29 +0000\r
Message-ID: <1@example.com>\r
X-Unsigned: one\r
"""
BODY = b"""\
First line, with trailing blanks  \t \r
\tand  a line \t that begins  with a tab\r
\r
 \t\r
8-bit: \xc3\xa4\xff\r
.\r
last line\r
\r
 \r
\r
"""
MESSAGE = HEADER + b"\r\n" + BODY
NAMES = [b"From", b"To", b"Subject", b"Date", b"Message-ID"]


def key(name):
    """The private key of that name: rsaBITS or ed25519."""
    path = os.path.join(HERE, "keys", name + ".pem")
    if not os.path.exists(path):
        if name.startswith("ed25519"):
            made = ed25519.Ed25519PrivateKey.generate()
        else:
            made = rsa.generate_private_key(65537, int(name[3:]))
        form = serialization.PrivateFormat.PKCS8
        if name.startswith("rsa"):
            form = serialization.PrivateFormat.TraditionalOpenSSL
        pem = made.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        with open(path, "wb") as out:
            out.write(b"This private key is public: it serves the tests and nothing else.\n" + pem)
    with open(path, "rb") as pem:
        return serialization.load_pem_private_key(pem.read(), None)


def public(name, form="spki"):
    """The octets of p=."""
    pub = key(name).public_key()
    if name.startswith("ed25519"):
        return pub.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    formats = {"spki": serialization.PublicFormat.SubjectPublicKeyInfo,
               "pkcs1": serialization.PublicFormat.PKCS1}
    return pub.public_bytes(serialization.Encoding.DER, formats[form])


def p_of(name, form="spki"):
    return base64.b64encode(public(name, form)).decode()


def record(selector, *texts, domain="example.com"):
    """One TXT per text, in character-strings of at most 255 octets."""
    for text in texts:
        parts = [text[i:i + 255] for i in range(0, len(text), 255)] or [""]
        quoted = " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
                          for part in parts)
        zone.append("%s._domainkey.%s TXT %s" % (selector, domain, quoted))


def outcome(selector, word, domain="example.com"):
    zone.append("%s._domainkey.%s TXT %s" % (selector, domain, word))


def by_dkimpy(message, name, selector, domain=b"example.com", canon=(b"relaxed", b"simple"),
              names=None, **more):
    """Signs with dkimpy and puts the field on top."""
    if name.startswith("ed25519"):
        seed = key(name).private_bytes(serialization.Encoding.Raw,
                                       serialization.PrivateFormat.Raw,
                                       serialization.NoEncryption())
        private, algorithm = base64.b64encode(seed), b"ed25519-sha256"
    else:
        private = key(name).private_bytes(serialization.Encoding.PEM,
                                          serialization.PrivateFormat.TraditionalOpenSSL,
                                          serialization.NoEncryption())
        algorithm = b"rsa-sha256"
    signer = dkim.DKIM(message, signature_algorithm=algorithm, minkey=512)
    return signer.sign(selector, domain, private, canonicalize=canon,
                       include_headers=names or NAMES, **more) + message


def split(message):
    header, _, body = message.partition(b"\r\n\r\n")
    fields = [line.split(b":", 1) for line in
              re.split(rb"\r\n(?![ \t])", header)]
    return [(n, v + b"\r\n") for n, v in fields], body


def select(fields, names):
    """The fields that h= covers, each name from the bottom up (RFC 6376 5.4.2)."""
    left, chosen = list(fields), []
    for name in names:
        for i in range(len(left) - 1, -1, -1):
            if left[i][0].strip().lower() == name.lower():
                chosen.append(left.pop(i))
                break
    return chosen


def by_hand(message, name="rsa2048", selector=b"s2048", canon=b"relaxed/simple", names=None,
            tags=(), drop=(), digest=hashes.SHA256, equals=b"=", last=b"b=", **fixed):
    """Signs with any tags: `fixed` overrides a tag, `tags` are added in front,
    `drop` leaves some out. The field is put on top."""
    method = CanonicalizationPolicy.from_c_value(canon)
    fields, body = split(message)
    names = NAMES if names is None else names
    limit = int(fixed["l"]) if fixed.get("l", b"").isdigit() else None
    canonical = method.canonicalize_body(body)
    algorithm = digest().name.encode()
    kind = b"ed25519" if name.startswith("ed25519") else b"rsa"
    hashed = hashlib.new(digest().name, canonical[:limit]).digest()
    values = {b"v": b"1", b"a": kind + b"-" + algorithm, b"c": canon, b"d": b"example.com",
              b"s": selector, b"t": b"%d" % SIGNED_AT, b"h": b" : ".join(names),
              b"bh": base64.b64encode(hashed)}
    values.update((k.encode(), v) for k, v in fixed.items())
    pairs = list(tags) + [(k, v) for k, v in values.items() if k.decode() not in drop]
    value = b" " + b";\r\n\t".join(k + equals + v for k, v in pairs) + b"; " + last
    covered = method.canonicalize_headers(select(fields, names))
    covered += [(n, v.rstrip(b"\r\n")) for n, v in
                method.canonicalize_headers([(b"DKIM-Signature", value + b"\r\n")])]
    text = b"".join(n + b":" + v for n, v in covered)
    if kind == b"ed25519":
        signed = key(name).sign(hashlib.sha256(text).digest())
    else:
        signed = key(name).sign(text, padding.PKCS1v15(), digest())
    folded = b"\r\n\t ".join(textwrap.wrap(base64.b64encode(signed).decode(), 64)[i].encode()
                             for i in range(len(textwrap.wrap(base64.b64encode(signed).decode(), 64))))
    if "b" in drop:
        value = value[:-len(b"; " + last)]
        folded = b""
    return b"DKIM-Signature:" + value + folded + b"\r\n" + message


def canonical_forms():
    for header in (b"simple", b"relaxed"):
        for body in (b"simple", b"relaxed"):
            name = "%s-%s" % (header.decode(), body.decode())
            messages[name] = by_dkimpy(MESSAGE, "rsa2048", b"s2048", canon=(header, body))
    for form in (b"simple", b"relaxed"):
        word = form.decode()
        messages["empty-body-" + word] = by_dkimpy(HEADER + b"\r\n", "rsa2048", b"s2048",
                                                   canon=(b"relaxed", form))
        messages["no-line-end-" + word] = by_dkimpy(
            HEADER + b"\r\nno line end", "rsa2048", b"s2048", canon=(b"relaxed", form))
        messages["only-line-ends-" + word] = by_dkimpy(
            HEADER + b"\r\n\r\n\r\n\r\n", "rsa2048", b"s2048", canon=(b"relaxed", form))
        messages["lone-cr-" + word] = by_hand(
            HEADER + b"\r\na lone \r CR,\rtwo \r\r and\r\r\nlast\r\n", canon=b"relaxed/" + form)
        messages["nul-in-body-" + word] = by_hand(
            HEADER + b"\r\na NUL \0 here\r\n", canon=b"relaxed/" + form)


def key_sizes():
    for name in ("rsa512", "rsa1023", "rsa1024", "rsa2048", "rsa4096", "rsa4104"):
        selector = "s" + name[3:]
        record(selector, "v=DKIM1; k=rsa; p=" + p_of(name))
        messages[name] = by_dkimpy(MESSAGE, name, selector.encode())
    messages["rsa512-altered"] = messages["rsa512"].replace(b"Joe", b"Jim")
    record("ed", "v=DKIM1; k=ed25519; p=" + p_of("ed25519"))
    messages["ed25519"] = by_dkimpy(MESSAGE, "ed25519", b"ed")
    messages["ed25519-altered"] = messages["ed25519"].replace(b"Joe", b"Jim")


def lengths():
    # the canonical body ends before its empty last lines
    messages["length-exact"] = by_dkimpy(MESSAGE, "rsa2048", b"s2048",
                                         canon=(b"relaxed", b"relaxed"), length=True)
    messages["length-surplus"] = messages["length-exact"] + b"An advertisement\r\n"
    # only white space is added: the canonical form does not grow
    messages["length-blank"] = messages["length-exact"] + b" \t\r\n\r\n"
    messages["length-zero"] = by_hand(MESSAGE, l=b"0")
    messages["length-too-long"] = by_hand(MESSAGE, l=b"9999")
    messages["length-huge"] = by_hand(MESSAGE, l=b"18446744073709551616")
    messages["length-negative"] = by_hand(MESSAGE, l=b"-1")
    messages["length-in-line"] = by_hand(MESSAGE, l=b"20")


def damage():
    good = by_hand(MESSAGE)
    messages["by-hand"] = good
    messages["body-altered"] = good.replace(b"last line", b"next line")
    messages["subject-altered"] = good.replace(b"several", b"Several")
    messages["both-altered"] = messages["body-altered"].replace(b"several", b"Several")
    messages["blanks-in-subject"] = good.replace(b"several   blanks", b"several blanks")
    messages["from-added-above"] = b"From: Eve <eve@evil.example>\r\n" + good
    messages["oversigned"] = by_hand(MESSAGE, names=NAMES + [b"From", b"Subject", b"Absent"])
    messages["oversigned-broken"] = b"From: Eve <eve@evil.example>\r\n" + messages["oversigned"]
    messages["unsigned"] = MESSAGE
    no_from = re.sub(rb"From: [^\r]*\r\n", b"", MESSAGE)
    messages["no-from"] = by_hand(no_from)
    messages["unreadable-from"] = by_hand(MESSAGE.replace(b"From: Joe  Doe <joe@example.com>",
                                                         b"From: ((((;;,,<>\"@"))
    messages["two-from"] = by_hand(b"From: first@example.com\r\n" + MESSAGE)
    small = b"From: joe@example.com\r\nTo: jane@receiver.example\r\n\r\nbody\r\n"
    # every field covered, and more names than fields
    messages["all-covered"] = by_hand(small, names=[b"From", b"To", b"DKIM-Signature", b"Cc", b"Cc",
                                                    b"X", b"Y"])
    messages["covers-signature"] = by_hand(by_hand(MESSAGE, d=b"first.example"),
                                           names=NAMES + [b"DKIM-Signature"])
    messages["covers-broken-signature"] = by_hand(b"DKIM-Signature: v=1; d=example.com; s=x\r\n"
                                                  + MESSAGE, names=NAMES + [b"DKIM-Signature"])
    filled = HEADER + b"X-Fill: " + b"a" * 1000000 + b"\r\n\r\n" + BODY
    long_field = by_hand(filled, names=NAMES + [b"X-Fill"])
    messages["long-field"] = long_field.replace(b"a" * 1000000, b"@1000000@")
    record("s2048", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"), domain="first.example")


def tags():
    def put(name, **options):
        messages[name] = by_hand(MESSAGE, **options)

    put("expires-later", x=b"%d" % FUTURE)
    put("expired", x=b"%d" % (SIGNED_AT + 60))
    put("from-the-future", t=b"%d" % FUTURE)
    put("expires-before", t=b"%d" % SIGNED_AT, x=b"%d" % (SIGNED_AT - 60))
    put("no-time", drop=("t",))
    put("bad-time", t=b"soon")
    put("i-plain", i=b"joe@example.com")
    put("i-sub", i=b"joe@News.Example.com")
    put("i-domain-only", i=b"@example.com")
    put("i-semicolon", i=b"a=3Bdmarc=3Dpass@example.com")
    put("i-line-end", i=b"a=0D=0AX-Evil:=20b@example.com")
    put("i-nul", i=b"a=00b@example.com")
    put("i-half-code", i=b"a=4@example.com")
    put("i-elsewhere", i=b"joe@example.org")
    put("i-above", i=b"joe@com")
    put("i-no-at", i=b"example.com")
    put("i-lookalike", i=b"joe@notexample.com")
    put("d-upper", d=b"EXAMPLE.Com")
    put("d-dot", d=b"example.com.")
    put("d-no-domain", d=b"exa_mple..com")
    put("d-empty", d=b"")
    put("d-quotes", d=b'x"(;'.replace(b";", b")"))
    put("d-blank", d=b"exam ple.com")
    put("d-suffix", d=b"com", selector=b"s2048")
    record("s2048", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"), domain="com")
    put("s-quotes", s=b'x"(y')
    put("s-labels", s=b"A.b.c")
    record("a.b.c", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"))
    put("sha1", digest=hashes.SHA1)
    put("a-unknown", a=b"rsa-md5")
    put("a-case", a=b"RSA-SHA256")
    put("c-absent", drop=("c",), canon=b"simple/simple")
    put("c-half", c=b"relaxed", canon=b"relaxed/simple")
    put("c-unknown", c=b"relaxed/nofws")
    put("h-no-from", names=NAMES[1:])
    put("h-empty-names", h=b"From::To:Subject:Date:Message-ID:")
    put("h-too-many", h=b":".join([b"From"] + [b"x%d" % i for i in range(256)]))
    put("h-too-long", h=b":".join([b"From", b"x" * 4000]))
    put("h-bad-name", h=b"From:To Subject")
    put("q-dns", q=b"dns/txt")
    put("q-list", q=b"http/well-known : dns/txt")
    put("q-other", q=b"http/well-known")
    put("v-2", v=b"2")
    put("extra-tags", tags=[(b"zz", b"b=nothing"), (b"z", b"From:x|To:y")])
    put("blank-around-equals", equals=b" = ")
    put("blank-before-b", last=b"b =")
    put("blank-after-b", last=b"b=\r\n\t")
    put("tag-ending-in-b", tags=[(b"zb", b"x")])
    put("duplicate-tag", tags=[(b"d", b"example.org")])
    put("bad-tag-name", tags=[(b"1x", b"y")])
    put("8-bit", tags=[(b"n", b"\xe4")])
    put("utf-8", tags=[(b"n", b"\xc3\xa4")])
    for name in ("d-u-label", "d-u-label-upper", "d-not-utf-8", "d-no-u-label"):
        domain = {"d-u-label-upper": "B\u00dcCHER.example", "d-no-u-label": "b\u00fccher\u2028.example"}
        text = domain.get(name, "b\u00fccher.example")
        put(name, d=text.encode("latin-1" if name == "d-not-utf-8" else "utf-8"))
    put("i-u-label", d="b\u00fccher.example".encode(), i="j\u00f6e@news.b\u00fccher.example".encode())
    put("i-a-label", d="b\u00fccher.example".encode(), i=b"@xn--bcher-kva.example")
    put("s-u-label", s="schl\u00fcssel".encode())
    record("xn--schlssel-95a", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"))
    record("s2048", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"), domain="xn--bcher-kva.example")
    put("bh-short", bh=b"AAAA")
    put("bh-garbage", bh=b"*" * 44)
    for tag in ("v", "a", "d", "s", "h", "bh", "b"):
        put("no-" + tag, drop=(tag,))
    messages["b-garbage"] = re.sub(rb"; b=[^\r]*", b"; b=!!!!", by_hand(MESSAGE), count=1)
    messages["b-empty"] = re.sub(rb"; b=(?:[^\r]|\r\n[ \t])*", b"; b=", by_hand(MESSAGE), count=1)
    messages["b-short"] = re.sub(rb"; b=(?:[^\r]|\r\n[ \t])*", b"; b=QUJD", by_hand(MESSAGE), count=1)
    messages["not-a-list"] = b"DKIM-Signature: rubbish, nothing else\r\n" + MESSAGE


def key_records():
    """One message per selector, whose record has some peculiarity."""
    p = p_of("rsa2048")

    def put(selector, *texts, **options):
        record(selector, *texts)
        messages["key-" + selector] = by_hand(MESSAGE, selector=selector.encode(), **options)

    put("plain", "p=" + p)
    put("pkcs1", "v=DKIM1; p=" + p_of("rsa2048", "pkcs1"))
    put("padded", "v=DKIM1; p=" + base64.b64encode(public("rsa2048") + b"\0").decode())
    put("truncated", "v=DKIM1; p=" + base64.b64encode(public("rsa2048")[:-20]).decode())
    put("folded", "v=DKIM1; k=rsa; p=" + " ".join(p[i:i + 40] for i in range(0, len(p), 40)))
    put("garbage", "v=DKIM1; p=*****")
    put("revoked", "v=DKIM1; p=")
    put("no-p", "v=DKIM1; k=rsa")
    put("version", "v=DKIM2; p=" + p)
    put("version-last", "k=rsa; p=" + p + "; v=DKIM1")
    put("broken", "v=DKIM1; p=" + p + "; p=" + p)
    put("testing", "v=DKIM1; t=y; p=" + p)
    put("testing-both", "v=DKIM1; t=s : y; p=" + p)
    put("sha1-only", "v=DKIM1; h=sha1; p=" + p)
    put("sha-list", "v=DKIM1; h=sha1 : sha256; p=" + p)
    put("service", "v=DKIM1; s=tlsrpt; p=" + p)
    put("service-mail", "v=DKIM1; s=other:email; p=" + p)
    put("granularity", "v=DKIM1; g=news; p=" + p)
    put("service-any", "v=DKIM1; s=*; p=" + p)
    put("wrong-type", "v=DKIM1; k=ed25519; p=" + p_of("ed25519"))
    put("claims-ed", "v=DKIM1; k=ed25519; p=" + p)
    put("other-key", "v=DKIM1; p=" + p_of("rsa1024"))
    put("notes", "v=DKIM1; n=" + "x" * 1500 + "; p=" + p_of("rsa4096"), name="rsa4096")
    put("several", "v=DKIM1; p=" + p_of("rsa1024"), "v=spf1 -all", "v=DKIM1; p=" + p)
    put("several-none", "v=DKIM1; p=", "v=DKIM1; p=" + p_of("rsa1024"), "nothing")
    put("not-a-key", "v=spf1 -all")
    put("strict", "v=DKIM1; t=s; p=" + p, i=b"joe@news.example.com")
    put("strict-same", "v=DKIM1; t=s; p=" + p, i=b"joe@Example.com")
    put("strict-no-i", "v=DKIM1; t=s; p=" + p)
    ed = p_of("ed25519")
    put("ed-short", "v=DKIM1; k=ed25519; p=" + base64.b64encode(public("ed25519")[:31]).decode(),
        name="ed25519")
    put("ed-as-rsa", "v=DKIM1; p=" + ed, name="ed25519")
    put("even-exponent", "v=DKIM1; p=" + base64.b64encode(
        public("rsa2048").replace(b"\x02\x03\x01\x00\x01", b"\x02\x03\x01\x00\x02")).decode())
    for word in ("SERVFAIL", "TIMEOUT", "BOGUS", "BUSY", "NODATA", "NXDOMAIN"):
        selector = word.lower()
        outcome(selector, word)
        messages["key-" + selector] = by_hand(MESSAGE, selector=selector.encode())
    messages["key-absent"] = by_hand(MESSAGE, selector=b"absent")
    long_selector = b".".join([b"x" * 60] * 4)
    messages["key-long-name"] = by_hand(MESSAGE, selector=long_selector)
    altered = by_hand(MESSAGE, selector=b"servfail")
    messages["key-servfail-body-altered"] = altered.replace(b"last line", b"next line")


def many():
    two = by_dkimpy(by_dkimpy(MESSAGE, "rsa2048", b"s2048"), "ed25519", b"ed")
    messages["two-signatures"] = two
    messages["two-one-broken"] = two.replace(b"s=ed;", b"s=Ed;")
    message = MESSAGE
    for i, domain in enumerate([b"example.com", b"sub.example.com", b"com", b"d.example", b"c.example",
                                b"b.example", b"a.example"]):
        message = by_hand(message, d=domain)
        if i != 0:
            record("s2048", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"), domain=domain.decode())
    messages["seven-signatures"] = message
    record("tags", "v=DKIM1; k=rsa; p=" + p_of("rsa2048"), domain="sub.example.com")


def der(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    size = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2, "big")
    return bytes([tag]) + size + content


def integer(value):
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bare_cases():
    """Lines for the crypto test: name, algorithm, key, signature of SHA-256("data"), result, bits."""
    digest = hashlib.sha256(b"data").digest()
    lines = []

    def put(name, algorithm, octets, signature, result, bits=0):
        lines.append(" ".join([name, algorithm, base64.b64encode(octets).decode(),
                               base64.b64encode(signature).decode(), result, str(bits)]))

    signature = {}
    for name in ("rsa512", "rsa1023", "rsa1024", "rsa2048", "rsa4096", "rsa4104"):
        signature[name] = key(name).sign(b"data", padding.PKCS1v15(), hashes.SHA256())
        put(name, "rsa", public(name), signature[name], "ok", name[3:])
        put(name + "-pkcs1", "rsa", public(name, "pkcs1"), signature[name], "ok", name[3:])
    good = signature["rsa2048"]
    rsa, numbers = public("rsa2048"), key("rsa2048").public_key().public_numbers()
    put("flipped", "rsa", rsa, good[:-1] + bytes([good[-1] ^ 1]), "mismatch", 2048)
    put("other-digest", "rsa", rsa, key("rsa2048").sign(b"Data", padding.PKCS1v15(), hashes.SHA256()),
        "mismatch", 2048)
    put("sha1", "rsa", rsa, key("rsa2048").sign(b"data", padding.PKCS1v15(), hashes.SHA1()),
        "mismatch", 2048)
    put("pss", "rsa", rsa, bytes(range(256)), "mismatch", 2048)
    put("short", "rsa", rsa, good[:-1], "length", 2048)
    put("long", "rsa", rsa, good + b"\0", "length", 2048)
    put("leading-zero", "rsa", rsa, b"\0" + good, "length", 2048)
    put("padded-key", "rsa", rsa + b"\0", good, "none")
    put("cut-key", "rsa", rsa[:-1], good, "none")
    put("garbage-key", "rsa", b"no key at all", good, "none")
    put("too-long-key", "rsa", b"\x30" * 3000, good, "none")
    put("exponent-1", "rsa", der(0x30, integer(numbers.n), integer(1)), good, "none")
    put("exponent-4", "rsa", der(0x30, integer(numbers.n), integer(4)), good, "none")
    put("exponent-65-bits", "rsa", der(0x30, integer(numbers.n), integer(2 ** 64 + 1)), good, "none")
    put("exponent-34-bits", "rsa", der(0x30, integer(numbers.n), integer(2 ** 33 + 1)), good, "none")
    put("exponent-33-bits", "rsa", der(0x30, integer(numbers.n), integer(2 ** 32 + 1)), good, "mismatch", 2048)
    put("exponent-3", "rsa", der(0x30, integer(numbers.n), integer(3)), good, "mismatch", 2048)
    ed = key("ed25519").sign(digest)
    put("ed25519", "ed25519", public("ed25519"), ed, "ok", 256)
    put("ed25519-flipped", "ed25519", public("ed25519"), ed[:-1] + bytes([ed[-1] ^ 1]), "mismatch", 256)
    put("ed25519-short", "ed25519", public("ed25519"), ed[:-1], "length", 256)
    put("ed25519-31", "ed25519", public("ed25519")[:31], ed, "none")
    put("ed25519-33", "ed25519", public("ed25519") + b"\0", ed, "none")
    spki = key("ed25519").public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    put("ed25519-spki-as-rsa", "rsa", spki, ed, "none")
    put("ed25519-spki", "ed25519", spki, ed, "none")
    put("rsa-as-ed25519", "ed25519", rsa, good, "none")
    with open(os.path.join(HERE, "crypto-cases"), "w") as out:
        out.write("".join(line + "\n" for line in lines))


def main():
    bare_cases()
    for part in (canonical_forms, key_sizes, lengths, damage, tags, key_records, many):
        part()
    for name in os.listdir(HERE):
        if name.endswith(".eml"):
            os.remove(os.path.join(HERE, name))
    for name, message in messages.items():
        with open(os.path.join(HERE, name + ".eml"), "wb") as out:
            out.write(message)
    with open(os.path.join(HERE, "zone"), "w") as out:
        out.write("# Key records of the signed messages; written by make.py.\n")
        out.write("".join(line + "\n" for line in dict.fromkeys(zone)))
    print("%d messages" % len(messages))


if __name__ == "__main__":
    main()
