"""Mail through our own gateways (internal_relays): judged by the client and the HELO
that the gateway's Received field names."""

from harness import Daemon, NameServer, check, check_that, wait_for
from samples import OTHER_IP, SENDER_IP, ZONE, message

GATEWAY = '203.0.113.1'
SETTINGS = {'internal_relays': ['203.0.113.0/28']}
BY = ' by gateway.receiver.example (Postfix)\r\n\twith ESMTP id 4Xq0; Mon, 4 May 2026 10:00:00 +0000'
GENUINE = 'Received: from mail.example.com (mail.example.com [%s])\r\n\t%s' % (SENDER_IP, BY)
FORGED = 'Received: from mail.example.com (unknown [%s])\r\n\t%s' % (OTHER_IP, BY)


def through(daemon, fields, number=1, **options):
    """One message of example.com through the gateway: its answer, log line, journal line."""
    options = dict(dict(sender='<bounce@example.com>', address=GATEWAY, helo='gateway.receiver.example',
                        host='gateway.receiver.example'), **options)
    answer = daemon.send(message(fields=fields), **options)
    line = daemon.message_lines(number)[-1]
    return answer, line, daemon.journal()[-1]


def test_outer_client_is_judged():
    """genuine mail through the gateway passes, a spoof through it does not"""
    with Daemon(SETTINGS, zone=ZONE) as daemon:
        answer, line, row = through(daemon, [GENUINE])
        check('action', 'continue', answer.action)
        check('log', ('pass', 'pass', SENDER_IP, GATEWAY),
              tuple(line[key] for key in ('result', 'spf', 'client', 'relay')))
        check('HELO', 'mail.example.com', line['helo'])
        check('relay in the journal', (GATEWAY, 1), (row['relay']['ip'], row['relay']['hops']))
        check_that('header', 'spf=pass' in answer.inserted('Authentication-Results')[0], answer.changes)
        answer, line, row = through(daemon, [FORGED], 2)
        check('action', 'reject', answer.action)
        check('log', ('fail', 'fail', OTHER_IP, GATEWAY),
              tuple(line[key] for key in ('result', 'spf', 'client', 'relay')))


def test_fields_below_are_the_senders():
    """a forged Received field below the gateway's own is not read; nor one of a stranger"""
    with Daemon(SETTINGS, zone=ZONE) as daemon:
        answer, line, _ = through(daemon, [FORGED, GENUINE])
        check('action', 'reject', answer.action)
        check('client', OTHER_IP, line['client'])
        answer, line, _ = through(daemon, [GENUINE], 2, address=OTHER_IP)
        check('action', 'reject', answer.action)
        check('client', OTHER_IP, line['client'])
        check('relay', None, line.get('relay'))


def test_second_hop():
    """two gateways and a field of another name between: the second one's client counts"""
    inner = 'Received: from mx2.receiver.example (mx2.receiver.example [203.0.113.2]) by gateway'
    with Daemon(SETTINGS, zone=ZONE) as daemon:
        answer, line, row = through(daemon, [inner, 'X-Scanned: yes', GENUINE, FORGED])
        check('action', 'continue', answer.action)
        check('client', SENDER_IP, line['client'])
        check('hops', 2, row['relay']['hops'])


def test_unreadable():
    """no field, or one that says nothing: SPF is not checked, and that is said"""
    rows = [([], 'no Received field'),
            (['Received: by gateway.receiver.example (Postfix, from userid 0); x'],
             'Received field 1: no from clause'),
            (['Received: from x by gateway.receiver.example; x', GENUINE],
             'Received field 1: no client address')]
    with Daemon(SETTINGS, zone=ZONE) as daemon:
        for number, (fields, why) in enumerate(rows, 1):
            answer, line, row = through(daemon, fields, number)
            check('action', 'reject', answer.action)
            check('log', ('none', why, GATEWAY),
                  tuple(line[key] for key in ('spf', 'relay_unread', 'relay')))
            check('client', None, line.get('client'))
            check('journal', (why, why, None),
                  (row['relay']['unread'], row['spf']['reason'], row.get('client_ip')))


def test_exempt_client_behind_the_gateway():
    """a client in exempt.networks is exempt through the gateway, too; its loopback is not ours"""
    fields = ['Received: from app (app.receiver.example [203.0.113.77])' + BY]
    content_filter = 'Received: from localhost (localhost [127.0.0.1])' + BY
    with Daemon(dict(SETTINGS, **{'exempt.networks': ['127.0.0.0/8', '203.0.113.64/26']}),
                zone=ZONE) as daemon:
        answer, line, _ = through(daemon, fields)
        check('action', 'continue', answer.action)
        check('exempt', 'network', line['exempt'])
        check('header', ['mx.receiver.example; none (exempt: network)'],
              answer.inserted('Authentication-Results'))
        answer, line, _ = through(daemon, [content_filter, FORGED], 2)
        check('action', 'reject', answer.action)
        check('client', OTHER_IP, line['client'])


def test_exempt_while_look_ups_are_under_way():
    """what the fields above made asked is dropped: the end waits for nothing, answers do no harm"""
    with NameServer(ZONE) as server:
        server.command('hold *')
        settings = dict(SETTINGS, **{'exempt.networks': ['203.0.113.64/26']}, **server.patient())
        with Daemon(settings) as daemon, daemon.client() as mta:
            mta.connect('gateway.receiver.example', GATEWAY)
            mta.helo('gateway.receiver.example')
            mta.mail('<bounce@example.com>')
            mta.rcpt('<b@receiver.example>')
            mta.header('From', ' a@example.com')
            mta.header('DKIM-Signature', ' v=1; a=rsa-sha256; d=signer.example; s=s1; h=from; b=AAAA;'
                                         ' bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=')
            wait_for('questions', lambda: {'_dmarc.example.com TXT', 's1._domainkey.signer.example TXT'}
                     <= set(server.log('question')))
            mta.header('Received', ' from app (app.receiver.example [203.0.113.77])' + BY.replace('\r', ''))
            mta.eoh()
            mta.body(b'Hello\r\n')
            check('action', 'continue', mta.eom(macros={'i': '4XrE'}).action)
            check('exempt', 'network', daemon.message_lines(1)[0]['exempt'])
            server.command('release *')
            answer = mta.message('<bounce@example.com>', ['<b@receiver.example>'],
                                 message(fields=[GENUINE]))
            check('the next one', 'continue', answer.action)
            check('result', 'pass', daemon.message_lines(2)[1]['result'])
            mta.quit()


def test_messages_do_not_share_it():
    """several messages on one connection: each has its own client"""
    with Daemon(SETTINGS, zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('gateway.receiver.example', GATEWAY)
        mta.helo('gateway.receiver.example')
        for number, (field, action) in enumerate(((GENUINE, 'continue'), (FORGED, 'reject'),
                                                  (GENUINE, 'continue'))):
            answer = mta.message('<bounce@example.com>', ['<b@receiver.example>'],
                                 message(fields=[field]), 'GW%d' % number)
            check('action %d' % number, action, answer.action)
        mta.quit()
        check('clients', [SENDER_IP, OTHER_IP, SENDER_IP],
              [line['client'] for line in daemon.message_lines(3)])
