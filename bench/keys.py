"""Key pairs out of a seed, for corpora that are the same everywhere.

Not for anything but measuring: the primes of RSA keys are shared between keys,
because finding them is most of the time that making a key takes.
"""

import base64
import random

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)

EXPONENT = 65537
SMALL = [n for n in range(3, 4000, 2) if all(n % d for d in range(3, int(n ** 0.5) + 1, 2))]


def is_prime(number, rng):
    if any(number % small == 0 for small in SMALL):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(6):                          # Miller and Rabin
        x = pow(rng.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def prime(bits, rng):
    while True:
        number = rng.getrandbits(bits) | (3 << (bits - 2)) | 1
        if (number - 1) % EXPONENT and is_prime(number, rng):
            return number


class Key:
    """`private` as dkimpy wants it; `record` the text of the key record."""

    def __init__(self, domain, selector, kind, private, public):
        self.domain, self.selector, self.kind, self.private = domain, selector, kind, private
        self.name = "%s._domainkey.%s" % (selector, domain)
        self.record = "v=DKIM1; k=%s; p=%s" % (kind, base64.b64encode(public).decode())


class Maker:
    """Makes keys; the same seed and order give the same ones."""

    def __init__(self, seed):
        self.rng = random.Random("keys %s" % seed)
        self.primes = []
        self.pairs = []

    def _pair(self, bits):
        """Two primes that have not been together yet."""
        if not self.pairs:
            new = prime(bits // 2, self.rng)
            self.pairs = [(new, old) for old in self.primes]
            self.primes.append(new)
            return self._pair(bits)
        return self.pairs.pop()

    def rsa(self, domain, selector, bits=2048):
        p, q = self._pair(bits)
        d = pow(EXPONENT, -1, (p - 1) * (q - 1))
        numbers = rsa.RSAPrivateNumbers(
            p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q),
            rsa.RSAPublicNumbers(EXPONENT, p * q))
        key = numbers.private_key()
        return Key(domain, selector, "rsa",
                   key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
                   key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    def ed25519(self, domain, selector):
        seed = self.rng.getrandbits(256).to_bytes(32, "big")
        key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        return Key(domain, selector, "ed25519", base64.b64encode(seed),
                   key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
