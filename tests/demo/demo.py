#!/usr/bin/python3
"""The main job in one minute: a name server with a demo zone and alignd, both on
loopback, and eight messages over the real milter protocol; first in a dry run,
then enforcing. Ends by itself and leaves nothing running.
"""

import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
for folder in ('', 'session', 'system'):
    sys.path.insert(0, os.path.join(TESTS, folder))

import harness          # noqa: E402
import sign             # noqa: E402

FORGER = dict(address='203.0.113.66', host='host.forger.example', helo='host.forger.example',
              sender='<x@forger.example>')


def message(author, subject):
    return ('%sTo: <you@receiver.example>\r\nSubject: %s\r\n'
            'Date: Mon, 04 May 2026 10:00:00 +0000\r\nMessage-ID: <%s@demo.example>\r\n'
            '\r\nHello.\r\n' % (author, subject, subject.replace(' ', '.')))


def samples(key):
    """(what it is, message, envelope): the eight messages."""
    def signed(text):
        return key.sign(text.encode())

    bank = signed(message('From: The Bank <info@bank.example>\r\n', 'your statement'))
    return [
        ('genuine', bank,
         dict(address='192.0.2.1', host='mail.bank.example', helo='mail.bank.example',
              sender='<bounce@bank.example>')),
        ('genuine, forwarded (DKIM only)', bank,
         dict(address='198.51.100.10', host='forwarder.example', helo='forwarder.example',
              sender='<you@forwarder.example>')),
        ('forged, p=reject', message('From: info@bank.example\r\n', 'pay now'), FORGER),
        ('forged subdomain, sp=none', message('From: x@news.company.example\r\n', 'news'), FORGER),
        ('forged name that is not there, np=reject',
         message('From: x@billing.shop.example\r\n', 'your bill'), FORGER),
        ('forged, outside the sample of pct', message('From: x@slow.example\r\n', 'slow'), FORGER),
        ('forged, in test (t=y)', message('From: x@trial.example\r\n', 'trial'), FORGER),
        ('two From fields',
         message('From: x@forger.example\r\nFrom: info@bank.example\r\n', 'which one'), FORGER),
    ]


def run(settings, server, messages):
    """Sends the messages to an alignd with these settings: [(journal line, answer)]."""
    settings = dict(settings, mode='honor', **server.settings())
    with harness.Daemon(settings) as daemon:
        answers = [daemon.send(text, queue_id='DEMO%d' % (number + 1),
                               recipients=('<you@receiver.example>',), **envelope)
                   for number, (_, text, envelope) in enumerate(messages)]
        daemon.message_lines(len(messages))
        # a disk that stands still lets the answers go first
        harness.wait_for('the journal', lambda: len(daemon.journal()) >= len(messages))
        return list(zip(daemon.journal(), answers))


def answer_words(answer):
    if answer.reply:
        return answer.reply
    if answer.quarantine:
        return 'held'
    if answer.inserted('X-Alignd-Quarantine'):
        return '250, marked for Junk'
    return '250'


def print_table(title, messages, results):
    print('\n%s\n' % title)
    print('  %-41s %-11s %-11s %-11s %-15s' % ('message', 'asked', 'chosen', 'done', 'why'))
    for (what, _, _), (line, answer) in zip(messages, results):
        print('  %-41s %-11s %-11s %-11s %s' % (what, line['asked'], line['chosen'], line['done'],
                                                line['why']))
    refused = [answer_words(answer) for _, answer in results if answer.reply]
    for reply in refused[:1]:
        print('\n  what the sender of the forged message is told:\n    %s' % reply)


def print_one(message_row, line, answer):
    what, text, _ = message_row
    text = text if isinstance(text, bytes) else text.encode()
    head = answer.apply(text).split(b'\r\n\r\n')[0].decode('latin-1')
    print('\nThe header as it is delivered: %s\n' % what)
    for row in head.replace('\r\n', '\n').split('\n'):
        print('  ' + row.replace('\t', '    '))
    print('\nIts line in the journal (one JSON object a line; read it with jq):\n')
    print('  ' + json.dumps(line, separators=(',', ':'), ensure_ascii=False))


PLUG_IN = '''
To plug alignd in, after "sudo make install" (the packaged settings are a dry run):

  Postfix on Debian (its smtpd runs in a chroot, so the socket lies below its queue):
    sudo install -d -o alignd -g postfix -m 2750 /var/spool/postfix/alignd
    sudo install -D -m 644 -t /etc/systemd/system/alignd.service.d contrib/systemd/postfix-socket.conf
    # /etc/alignd/alignd.conf:  socket = "local:/var/spool/postfix/alignd/alignd.sock";
    sudo systemctl daemon-reload && sudo systemctl restart alignd
    sudo postconf -e 'smtpd_milters = unix:/alignd/alignd.sock' \\
                     'milter_default_action = accept'
    sudo postfix reload

  Sendmail (sendmail.mc, then make and restart):
    INPUT_MAIL_FILTER(`alignd', `S=local:/run/alignd/alignd.sock, T=S:30s;R:60s;E:5m')
    (when enforcing, with "F=T, " before the T=)

README.md tells the rest: other ports, own networks, enforcing, Sieve.
'''


def main():
    key = sign.Key('bank.example', 's1')
    with open(os.path.join(HERE, 'demo.zone')) as zone:
        text = zone.read()
    record = key.record()
    text += '%s TXT %s\n' % (key.name, ' '.join('"%s"' % record[i:i + 200]
                                                for i in range(0, len(record), 200)))
    messages = samples(key)
    with harness.NameServer(text) as server:
        dry = run({'dry_run': True, 'authres.write': 'always'}, server, messages)
        enforced = run({'dry_run': False, 'quarantine.method': 'header'}, server, messages)
    print_table('Dry run: what would be done is decided and written down; nothing is done.',
                messages, dry)
    print_table('Enforcing (mode = "honor", quarantine.method = "header").', messages, enforced)
    print_one(messages[5], *enforced[5])
    print(PLUG_IN)


if __name__ == '__main__':
    main()
