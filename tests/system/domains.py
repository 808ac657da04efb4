"""The world outside, for the tests: who may send for whom, in one zone.

NSD serves it as the root zone, so that each step of a tree walk up to the top
level gets an answer. The client at CLIENT (CLIENT6) may send for good.example;
the one at STRANGER only for forwarder.example, which has no DMARC record.
"""

import sign

CLIENT = "192.0.2.77"
CLIENT6 = "2001:db8::77"
STRANGER = "203.0.113.9"
LOOPBACK = "127.0.0.1"

DNS_PORT = 530                  # libunbound asks from ports above 1023: none is in its way
IDN = "b\u00fccher.example"
IDN_ASCII = "xn--bcher-kva.example"

POLICIES = """
good.example.               TXT "v=spf1 ip4:192.0.2.77 ip6:2001:db8::77 -all"
_dmarc.good.example.        TXT "v=DMARC1; p=reject"
helo.good.example.          TXT "v=spf1 ip4:192.0.2.77 -all"
signed.example.             TXT "v=spf1 -all"
_dmarc.signed.example.      TXT "v=DMARC1; p=reject"
strict.example.             TXT "v=spf1 ip4:198.51.100.1 -all"
_dmarc.strict.example.      TXT "v=DMARC1; p=reject"
mild.example.               TXT "v=spf1 ip4:198.51.100.1 -all"
_dmarc.mild.example.        TXT "v=DMARC1; p=quarantine"
forwarder.example.          TXT "v=spf1 ip4:203.0.113.9 -all"
xn--bcher-kva.example.      TXT "v=spf1 ip4:192.0.2.77 -all"
_dmarc.xn--bcher-kva.example. TXT "v=DMARC1; p=reject"
"""


class Domains:
    """The zone with the keys of signed.example, made for this run."""

    def __init__(self):
        self.rsa = sign.Key("signed.example", "rsa")
        self.ed25519 = sign.Key("signed.example", "ed", kind="ed25519")

    def zone(self):
        return POLICIES + self.rsa.zone_line() + "\n" + self.ed25519.zone_line() + "\n"
