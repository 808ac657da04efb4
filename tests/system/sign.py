"""Signs messages with dkimpy, an implementation that shares nothing with ours."""

import base64

try:
    import dkim
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption
    from cryptography.hazmat.primitives.serialization import PrivateFormat, PublicFormat
    import nacl.signing  # noqa: F401  dkimpy's Ed25519
except ImportError:
    dkim = None

from lab import Needs

SIGNED = [b"from", b"to", b"subject", b"date", b"message-id"]


class Key:
    """A key made for this run. `kind`: "rsa" or "ed25519"."""

    def __init__(self, domain, selector, kind="rsa", bits=2048):
        if dkim is None:
            raise Needs("python3-dkim, python3-nacl and python3-cryptography")
        self.domain = domain
        self.selector = selector
        self.kind = kind
        if kind == "rsa":
            key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
            self.private = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL,
                                             NoEncryption())
            public = key.public_key().public_bytes(Encoding.DER,
                                                   PublicFormat.SubjectPublicKeyInfo)
        else:
            key = ed25519.Ed25519PrivateKey.generate()
            self.private = base64.b64encode(key.private_bytes(
                serialization.Encoding.Raw, PrivateFormat.Raw, NoEncryption()))
            public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.b64encode(public).decode()

    @property
    def name(self):
        return "%s._domainkey.%s" % (self.selector, self.domain)

    def record(self, tags=""):
        """The key record's text (RFC 6376 3.6.1); tags: "t=y; " and the like."""
        return "v=DKIM1; k=%s; %sp=%s" % (self.kind, tags, self.public)

    def zone_line(self, tags=""):
        """The record in a master file: absolute name, strings of at most 255 octets."""
        text = self.record(tags)
        parts = [text[i:i + 250] for i in range(0, len(text), 250)]
        return "%s. 60 IN TXT %s" % (self.name, " ".join('"%s"' % part for part in parts))

    def sign(self, message, headers=None, canonicalization="relaxed/relaxed", length=False,
             identity=None):
        """The message with a DKIM-Signature field above it."""
        header, body = canonicalization.encode().split(b"/")
        field = dkim.sign(message, self.selector.encode(), self.domain.encode(), self.private,
                          identity=identity.encode() if identity else None,
                          canonicalize=(header, body), length=length,
                          signature_algorithm=b"rsa-sha256" if self.kind == "rsa"
                          else b"ed25519-sha256",
                          include_headers=headers or SIGNED)
        return field + message


def verifies(message, *keys):
    """What dkimpy says about the top signature, with only these keys in its DNS."""
    def text_of(name, timeout=5):  # pylint: disable=unused-argument
        wanted = name.decode() if isinstance(name, bytes) else name
        for key in keys:
            if wanted.rstrip(".").lower() == key.name.lower():
                return key.record().encode()
        return None
    return dkim.verify(message, dnsfunc=text_of)
