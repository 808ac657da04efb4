"""Look-ups start as soon as their names are known: a name server that holds its
answers says which questions had come before end of message. Nothing is asked
after it that could have been asked before, and nothing twice.
"""

import threading

from harness import Daemon, NameServer, check, check_that, wait_for

ZONE = '''
# SPF of the sender: one include inside another
bounce.sender.example               TXT "v=spf1 include:spf.sender.example -all"
spf.sender.example                  TXT "v=spf1 include:hosts.sender.example -all"
hosts.sender.example                TXT "v=spf1 a:out.sender.example -all"
out.sender.example                  A   192.0.2.1
# the author has no record of its own; np and sp differ, so its existence matters
_dmarc.author.example               TXT "v=DMARC1; p=reject; sp=none; np=reject"
# a signer below the author's organization
s1._domainkey.sign.author.example       TXT "v=DKIM1; p="
_dmarc.sign.author.example              TXT "v=DMARC1; p=none"
'''

FIELDS = [
    ('DKIM-Signature', ' v=1; a=rsa-sha256; c=relaxed/relaxed; d=sign.author.example; s=s1; h=from;'
                       ' bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA'),
    ('From', ' x@news.author.example'),
    ('To', ' b@receiver.example'),
    ('Subject', ' early'),
    ('Date', ' Mon, 04 May 2026 10:00:00 +0000'),
]


def asked(server):
    return set(server.log('question'))


def wait_asked(server, *names):
    wait_for('questions %s' % ', '.join(names), lambda: set(names) <= asked(server))


def start(daemon):
    mta = daemon.client()
    mta.connect('mail.sender.example', '192.0.2.1')
    mta.helo('mail.sender.example')
    return mta


def test_each_step_asks_what_it_makes_known():
    """SPF and its walk at MAIL, keys and authors at their fields, the rest before the end"""
    with NameServer(ZONE) as server:
        server.command('hold *')
        with Daemon(server.patient()) as daemon:
            mta = start(daemon)
            server.command('forget')
            mta.mail('<a@bounce.sender.example>')
            wait_asked(server, 'bounce.sender.example TXT', '_dmarc.bounce.sender.example TXT',
                       '_dmarc.sender.example TXT')
            check_that('nothing of From yet',
                       not any('author' in question for question in asked(server)))
            mta.rcpt('<b@receiver.example>')
            mta.data({'i': 'EARLY1'})
            mta.header(*FIELDS[0])
            wait_asked(server, 's1._domainkey.sign.author.example TXT')
            mta.header(*FIELDS[1])
            wait_asked(server, '_dmarc.news.author.example TXT', '_dmarc.author.example TXT',
                       '_dmarc.example TXT')
            for field in FIELDS[2:]:
                mta.header(*field)
            mta.eoh()
            wait_asked(server, '_dmarc.sign.author.example TXT')
            # each answer lets the evaluation go on, still before end of message
            server.command('release *')
            wait_asked(server, 'spf.sender.example TXT', 'hosts.sender.example TXT',
                       'out.sender.example A', 'news.author.example A')
            mta.body(b'Hello\r\n')
            before = server.log('question')
            answer = mta.eom(macros={'i': 'EARLY1'})
            after = sorted(set(server.log('question')) - set(before))
            mta.quit()
            line = daemon.message_lines(1)[0]
            check('asked after end of message', [], after)
            check('asked twice', [], server.asked_twice())
            check('spf', 'pass', line['spf'])
            check('result', 'fail', line['result'])
            check('asked', 'reject', line['asked'])
            check('code', 550, answer.code)


SETS = [
    ('ARC-Seal', ' i=1; cv=none; a=rsa-sha256; d=list.example; s=seal; t=1700000000; b=AAAA'),
    ('ARC-Message-Signature', ' i=1; a=rsa-sha256; c=relaxed/relaxed; d=list.example; s=sign; h=from;'
                              ' bh=yW5o8aGvs1qFF5UbvdrQDEwTqEsaiQxKUiSZoEYVoAY=; b=AAAA'),
    ('ARC-Authentication-Results', ' i=1; list.example; spf=pass smtp.mailfrom=out.author.example;'
                                   ' dkim=pass header.d=elsewhere.example'),
]


def test_behind_a_relay():
    """through a gateway of ours SPF begins at the Received field that names the client"""
    settings = {'internal_relays': ['203.0.113.1']}
    with NameServer(ZONE) as server:
        server.command('hold *')
        with Daemon(dict(settings, **server.patient())) as daemon:
            mta = daemon.client()
            mta.connect('gateway.receiver.example', '203.0.113.1')
            mta.helo('gateway.receiver.example')
            server.command('forget')
            mta.mail('<a@bounce.sender.example>')
            mta.rcpt('<b@receiver.example>')
            mta.data({'i': 'EARLY3'})
            mta.header('X-First', ' 1')
            mta.header('From', ' x@news.author.example')
            wait_asked(server, '_dmarc.news.author.example TXT')
            check_that('nothing of SPF yet', 'bounce.sender.example TXT' not in asked(server))
            mta.header('Received', ' from mail.sender.example (mail.sender.example [192.0.2.1])\n'
                                   '\tby gateway.receiver.example (Postfix); x')
            wait_asked(server, 'bounce.sender.example TXT', '_dmarc.bounce.sender.example TXT')
            server.command('release *')
            wait_asked(server, 'out.sender.example A')
            mta.eoh()
            mta.eom(macros={'i': 'EARLY3'})
            mta.quit()
            check('spf', 'pass', daemon.message_lines(1)[0]['spf'])
            check('asked twice', [], server.asked_twice())


def test_arc_keys_at_the_end_of_the_header():
    """the keys of all ARC sets, and the walk of what a sealer saw pass that could be aligned"""
    with NameServer(ZONE) as server:
        server.command('hold *')
        with Daemon(server.patient()) as daemon:
            mta = start(daemon)
            server.command('forget')
            mta.mail('<a@bounce.sender.example>')
            mta.rcpt('<b@receiver.example>')
            mta.data({'i': 'EARLY4'})
            for field in SETS + FIELDS:
                mta.header(*field)
            mta.eoh()
            wait_asked(server, 'seal._domainkey.list.example TXT', 'sign._domainkey.list.example TXT',
                       '_dmarc.out.author.example TXT')
            check_that('not for what cannot be aligned',
                       not any('elsewhere' in question for question in asked(server)))
            server.command('release *')
            wait_asked(server, 'out.sender.example A', 'news.author.example A')
            mta.body(b'Hello\r\n')
            before = server.log('question')
            mta.eom(macros={'i': 'EARLY4'})
            check('asked after end of message', [], sorted(set(server.log('question')) - set(before)))
            mta.quit()
            check('arc', 'fail', daemon.message_lines(1)[0]['arc'])
            check('asked twice', [], server.asked_twice())


def test_end_of_message_waits_only_for_what_is_missing():
    """one answer is missing: end of message waits for it and for nothing else"""
    with NameServer(ZONE) as server:
        server.command('hold _dmarc.author.example')
        with Daemon(server.patient()) as daemon:
            mta = start(daemon)
            answers = []

            def send():
                answers.append(mta.message('<a@bounce.sender.example>', ['<b@receiver.example>'],
                                           ''.join('%s:%s\r\n' % field for field in FIELDS) +
                                           '\r\nHello\r\n', 'EARLY2'))

            sender = threading.Thread(target=send)
            sender.start()
            wait_asked(server, '_dmarc.author.example TXT', 'out.sender.example A')
            check_that('it waits for the policy', not answers)
            server.command('release *')
            sender.join(60)
            check_that('it was answered', len(answers) == 1)
            check('code', 550, answers[0].code)
            check('asked twice', [], server.asked_twice())
            mta.quit()


def test_messages_at_once_share_one_flight():
    """eight messages with the same names: each name is asked once"""
    with NameServer(ZONE) as server:
        server.command('hold *')
        with Daemon(server.patient()) as daemon:
            threads = [threading.Thread(target=daemon.send, args=('From: a@author.example\r\n\r\nx\r\n',),
                                        kwargs=dict(queue_id='SHARE%d' % n)) for n in range(8)]
            for thread in threads:
                thread.start()
            wait_asked(server, '_dmarc.author.example TXT', 'example.com TXT')
            server.command('release *')
            for thread in threads:
                thread.join(60)
            daemon.message_lines(8)
            check('asked twice', [], server.asked_twice())
