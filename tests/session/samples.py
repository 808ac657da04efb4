"""Zone and messages that the session tests share."""

SENDER_IP = '192.0.2.1'         # may send for every domain below (SPF)
OTHER_IP = '198.51.100.7'       # may send for none

ZONE = '''
# who may send, and what the owner asks for
example.com                 TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.example.com          TXT "v=DMARC1; p=reject"
quarantine.example          TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.quarantine.example   TXT "v=DMARC1; p=quarantine"
none.example                TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.none.example         TXT "v=DMARC1; p=none"
norecord.example            TXT "v=spf1 ip4:192.0.2.1 -all"
broken.example              SERVFAIL
_dmarc.broken.example       SERVFAIL
mail.example.com            TXT "v=spf1 ip4:192.0.2.1 -all"
attacker.example            TXT "v=spf1 ip4:198.51.100.7 -all"
xn--bcher-kva.example       TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.xn--bcher-kva.example TXT "v=DMARC1; p=reject"
'''


def message(author='a@example.com', fields=(), body='Hello\r\n'):
    """A message from `author`, with more header fields (whole lines) on top."""
    lines = list(fields)
    if author is not None:
        lines.append('From: %s' % author)
    lines += ['To: b@receiver.example', 'Subject: test', 'Date: Mon, 04 May 2026 10:00:00 +0000',
              'Message-ID: <1@sender.example>']
    return '\r\n'.join(lines) + '\r\n\r\n' + body


GENUINE = dict(sender='<bounce@example.com>', address=SENDER_IP)
SPOOFED = dict(sender='<x@attacker.example>', address=OTHER_IP, helo='attacker.example',
               host='attacker.example')
