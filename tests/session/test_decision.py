"""What becomes of a message: the answer, the header, the log and the journal."""

import harness
from harness import Daemon, check, check_that
from samples import GENUINE, OTHER_IP, SENDER_IP, SPOOFED, ZONE, message

AUTHRES = 'Authentication-Results'
QUARANTINE = 'X-Alignd-Quarantine'


def one(daemon, text, number=1, **options):
    """Sends one message; its answer and its log line (the `number`th)."""
    answer = daemon.send(text, **options)
    return answer, daemon.message_lines(number)[-1]


def same_everywhere(daemon, answer, line):
    """Header, log and journal say the same; one journal line per log line."""
    rows = daemon.journal()
    check('journal lines', len(daemon.raw_message_lines()), len(rows))
    row = rows[-1]
    check('queue id', line['id'], row['queue_id'])
    for key in ('result', 'asked', 'chosen', 'done'):
        check('%s in log and journal' % key, line[key], row[key])
    for value in answer.inserted(AUTHRES):
        if 'dmarc=' in value:
            check_that('header agrees on dmarc', 'dmarc=%s' % line['result'] in value, value)
    return row


def test_genuine_passes():
    """genuine mail passes; one field on top, one log line, one journal line"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message(), **GENUINE)
        check('action', 'continue', answer.action)
        check('changes', 1, len(answer.changes))
        check('inserted on top', ('insert', 0), answer.changes[0][:2])
        check_that('value begins with a blank', answer.changes[0][3].startswith(' '))
        field = answer.inserted(AUTHRES)[0]
        check_that('id', field.startswith('mx.receiver.example;'), field)
        check_that('spf', 'spf=pass smtp.mailfrom=example.com' in field, field)
        check_that('dmarc', 'dmarc=pass' in field and 'header.from=example.com' in field, field)
        check('log', ('4Xq1', 'pass', 'none', 'accept', 'accept'),
              tuple(line[key] for key in ('id', 'result', 'asked', 'chosen', 'done')))
        same_everywhere(daemon, answer, line)


def test_honor_rejects():
    """a spoof of p=reject in mode honor is rejected with a reply one can act on"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message(), queue_id='4XrT2', **SPOOFED)
        check('action', 'reject', answer.action)
        check('changes', [], answer.changes)
        check_that('reply', answer.reply.startswith('550 5.7.1 '), answer.reply)
        for part in ('example.com', 'SPF', 'DKIM', '4XrT2'):
            check_that('reply names %s' % part, part in answer.reply, answer.reply)
        check_that('reply has no %', '%' not in answer.reply, answer.reply)
        check('log', ('fail', 'reject', 'reject', 'reject', 'requested'),
              tuple(line[key] for key in ('result', 'asked', 'chosen', 'done', 'why')))
        same_everywhere(daemon, answer, line)


def test_reply_7_26():
    """reply.enhanced_code = "5.7.26\""""
    with Daemon({'reply.enhanced_code': '5.7.26'}, zone=ZONE) as daemon:
        answer, _ = one(daemon, message(), **SPOOFED)
        check_that('reply', answer.reply.startswith('550 5.7.26 '), answer.reply)


def test_override_is_milder():
    """mode override: what becomes of a request is the receiver's word"""
    rows = [('quarantine', 'quarantine', 'quarantine'), ('accept', 'accept', 'accept'),
            ('follow', 'reject', 'reject')]
    for word, chosen, done in rows:
        with Daemon({'mode': 'override', 'override.reject': word}, zone=ZONE) as daemon:
            answer, line = one(daemon, message(), **SPOOFED)
            check('chosen with override.reject %s' % word, chosen, line['chosen'])
            check('done', done, line['done'])
            check('asked', 'reject', line['asked'])
            same_everywhere(daemon, answer, line)


def test_left_out_is_counted():
    """enforce_percent = 0: judged and told as ever, nothing done, and counted at the end"""
    with Daemon({'enforce_percent': 0}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(), **SPOOFED)
        check('action', 'continue', answer.action)
        check('log', ('reject', 'accept', 'no', 'yes'),
              tuple(line[key] for key in ('chosen', 'done', 'dry_run', 'left_out')))
        check_that('header', 'dis=none left out of enforce_percent)' in answer.inserted(AUTHRES)[0],
                   answer.inserted(AUTHRES)[0])
        row = same_everywhere(daemon, answer, line)
        check('journal', (True, 'accept'), (row['left_out'], row['apply']))
        one(daemon, message(), number=2, **GENUINE)
        daemon.stop()
        stop = daemon.events('stop')[-1]
        check('counted', ('2', '1'), (stop['accepted'], stop['left_out']))


def test_missing_signals_are_named():
    """mode override, a list post: quarantined, and the same signals named everywhere"""
    with Daemon({'mode': 'override'}, zone=ZONE) as daemon:
        text = message(fields=['List-Post: <mailto:talk@lists.example>', 'Resent-From: <a@b.example>'])
        answer, line = one(daemon, text, **SPOOFED)
        check('log', ('quarantine', 'not-corroborated', 'not-list-shaped,not-forwarded', 'local_policy'),
              tuple(line[key] for key in ('chosen', 'why', 'missing', 'reasons')))
        field = answer.inserted(QUARANTINE)[0]
        check_that('quarantine field', 'why=not-corroborated' in field and
                   'missing=not-list-shaped,not-forwarded' in field, field)
        row = same_everywhere(daemon, answer, line)
        check('journal', ['not-list-shaped', 'not-forwarded'], row['missing'])
        check('reason', 'not corroborated: not-list-shaped, not-forwarded', row['reasons'][0]['comment'])


def test_quarantine_by_header():
    """a field for the delivery agent, and incoming ones of that name removed"""
    text = message('a@quarantine.example', ['%s: yes' % QUARANTINE, 'X-Other: 1',
                                            '%s: forged' % QUARANTINE.lower()])
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, text, **SPOOFED)
        check('action', 'continue', answer.action)
        check('deleted, highest first', [2, 1], answer.deleted(QUARANTINE))
        check('inserted', 1, len(answer.inserted(QUARANTINE)))
        check('authres inserted', 1, len(answer.inserted(AUTHRES)))
        check_that('deletions come before insertions',
                   [change[0] for change in answer.changes] == ['delete'] * 2 + ['insert'] * 2,
                   answer.changes)
        check('done', 'quarantine', line['done'])
        same_everywhere(daemon, answer, line)
        for renumber in (True, False):
            head = answer.apply(text, renumber).split(b'\r\n\r\n')[0].lower()
            check('fields of that name left', 1, head.count(b'x-alignd-quarantine:'))
            check_that('the other field stays', b'x-other: 1' in head)


def test_quarantine_by_hold():
    """the MTA's quarantine, with a reason"""
    with Daemon({'quarantine.method': 'hold'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@quarantine.example'), **SPOOFED)
        check('action', 'continue', answer.action)
        check_that('reason', answer.quarantine, answer.changes)
        check('no field', [], answer.inserted(QUARANTINE))
        check('done', 'hold', line['done'])
        same_everywhere(daemon, answer, line)


def test_quarantine_by_reject():
    """quarantine.method = "reject": rejected, and called so"""
    with Daemon({'quarantine.method': 'reject'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@quarantine.example'), **SPOOFED)
        check('action', 'reject', answer.action)
        check('chosen', 'quarantine', line['chosen'])
        check('done', 'reject', line['done'])
        same_everywhere(daemon, answer, line)


def test_hold_that_the_mta_cannot():
    """an MTA that offers no quarantine: the sender keeps the message, and it is said"""
    import milter
    with Daemon({'quarantine.method': 'hold'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@quarantine.example'),
                           actions=milter.ALL_ACTIONS & ~milter.QUARANTINE, **SPOOFED)
        check('action', 'tempfail', answer.action)
        check('done', 'failed: hold', line['done'])
        check('journal', 'failed: hold', daemon.journal()[-1]['done'])


def test_header_that_the_mta_cannot():
    """an MTA that lets no field be added: said in done; it goes on, unless quarantined"""
    import milter
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message(), actions=milter.QUARANTINE, **GENUINE)
        check('action', 'continue', answer.action)
        check('done', 'failed: header fields', line['done'])
        answer, line = one(daemon, message('a@quarantine.example'), 2, actions=milter.QUARANTINE,
                           **SPOOFED)
        check('action without the quarantine field', 'tempfail', answer.action)
        check('done', 'failed: quarantine field', line['done'])


def test_dry_run():
    """everything is evaluated and written down, nothing is done"""
    with Daemon({'dry_run': True}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(), **SPOOFED)
        check('action', 'continue', answer.action)
        check('log', ('fail', 'reject', 'reject', 'none', 'yes'),
              tuple(line[key] for key in ('result', 'asked', 'chosen', 'done', 'dry_run')))
        check_that('header says so', 'dis=none' in answer.inserted(AUTHRES)[0],
                   answer.inserted(AUTHRES))
        same_everywhere(daemon, answer, line)
        for number, author in enumerate(('a@quarantine.example', 'a@broken.example', None), 2):
            answer, line = one(daemon, message(author), number, **SPOOFED)
            check('action', 'continue', answer.action)
            check('no reply text', None, answer.reply)
            check('only a field of results', ['insert'], [change[0] for change in answer.changes])
            check('done', 'none', line['done'])


def test_write_never():
    """authres.write = "never": nothing is added, nothing is removed"""
    text = message(fields=['%s: mx.receiver.example; dmarc=pass' % AUTHRES, '%s: x' % QUARANTINE])
    with Daemon({'authres.write': 'never', 'dry_run': True}, zone=ZONE) as daemon:
        for number, options in enumerate((GENUINE, SPOOFED), 1):
            answer, line = one(daemon, text, number, **options)
            check('action', 'continue', answer.action)
            check('changes', [], answer.changes)


def test_write_never_enforcing():
    """authres.write = "never" without a dry run: the quarantine's own field and no other"""
    text = message('a@quarantine.example', ['%s: mx.receiver.example; dmarc=pass' % AUTHRES])
    with Daemon({'authres.write': 'never'}, zone=ZONE) as daemon:
        answer, line = one(daemon, text, **SPOOFED)
        check('changes', [('insert', QUARANTINE)], [(change[0], change[2]) for change in answer.changes])
        check('done', 'quarantine', line['done'])
        answer, line = one(daemon, message(), 2, **SPOOFED)
        check('action', 'reject', answer.action)


def test_temperror():
    """DNS that fails: accepted, or told to come again, by setting"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@broken.example'), **SPOOFED)
        check('action', 'continue', answer.action)
        check('result', 'temperror', line['result'])
        check('done', 'accept', line['done'])
        same_everywhere(daemon, answer, line)
    with Daemon({'dmarc.on_temperror': 'tempfail'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@broken.example'), **SPOOFED)
        check('action', 'tempfail', answer.action)
        check_that('reply', answer.reply.startswith('451 4.7.') or
                   answer.reply.startswith('451 4.4.'), answer.reply)
        check('done', 'tempfail', line['done'])
        same_everywhere(daemon, answer, line)


def test_bad_from():
    """no, repeated, unusable From: as set, and never as if it were aligned"""
    texts = [message(None), message(fields=['From: x@norecord.example']),
             message('nobody'), message(fields=['From : x@norecord.example']),
             message('undisclosed:;')]
    for word, action in (('quarantine', 'continue'), ('reject', 'reject'), ('accept', 'continue')):
        with Daemon({'dmarc.on_bad_from': word}, zone=ZONE) as daemon:
            for number, text in enumerate(texts, 1):
                answer, line = one(daemon, text, number, **GENUINE)
                check('action of %s' % word, action, answer.action)
                check('chosen', word, line['chosen'])
                check('why', 'bad-from', line['why'])
                check('result', 'permerror', line['result'])
                check('quarantine field', 1 if word == 'quarantine' else 0,
                      len(answer.inserted(QUARANTINE)))
                same_everywhere(daemon, answer, line)


def test_exempt_network():
    """a network of ours: not evaluated, said in header, log and journal"""
    forged = '%s: MX.Receiver.Example; dmarc=pass' % AUTHRES
    with Daemon({'exempt.networks': ['198.51.100.0/24']}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(fields=[forged]), **SPOOFED)
        check('action', 'continue', answer.action)
        field = answer.inserted(AUTHRES)[0]
        check_that('header', field.startswith('mx.receiver.example; none ('),
                   field)
        check('forgery removed', [1], answer.deleted(AUTHRES))
        check('why', 'exempt', line['why'])
        check('exempt', 'network', line['exempt'])
        row = same_everywhere(daemon, answer, line)
        check('exempt in the journal', 'network', row['exempt'])


def test_exempt_authenticated():
    """authenticated mail leaves the site: no field of ours, forgeries removed"""
    forged = '%s: mx.receiver.example; dmarc=pass' % AUTHRES
    for macro in ('{auth_authen}', '{auth_type}'):
        with Daemon(zone=ZONE) as daemon:
            answer, line = one(daemon, message(fields=[forged]), macros={macro: 'PLAIN'}, **SPOOFED)
            check('action', 'continue', answer.action)
            check('changes', [('delete', 1, AUTHRES)], answer.changes)
            check('exempt', 'authenticated', line['exempt'])
            same_everywhere(daemon, answer, line)
    with Daemon({'exempt.authenticated': False}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(), macros={'{auth_authen}': 'user'}, **SPOOFED)
        check('action', 'reject', answer.action)


def test_exempt_local():
    """mail without an SMTP client (non_smtpd_milters), and a unix socket's peer"""
    for options in (dict(host='localhost', address='127.0.0.1', port=0),
                    dict(host='localhost', address='::1', port=0),
                    dict(host='localhost', address='/run/submit.sock')):
        with Daemon({'exempt.networks': []}, zone=ZONE) as daemon:
            answer, line = one(daemon, message(), sender='<x@attacker.example>', **options)
            check('action', 'continue', answer.action)
            check('header', ['mx.receiver.example; none (exempt: local)'], answer.inserted(AUTHRES))
            check('exempt', 'local', line['exempt'])
            same_everywhere(daemon, answer, line)


def test_loopback_client_is_not_local():
    """a client with a port, a name or an address of its own is an SMTP client"""
    rows = [dict(host='localhost', address='127.0.0.1', port=40001),
            dict(host='unknown', address='127.0.0.1', port=0),
            dict(host='localhost', address='127.0.0.2', port=0),
            dict(host='localhost', address='198.51.100.7', port=0)]
    with Daemon({'exempt.networks': []}, zone=ZONE) as daemon:
        for number, options in enumerate(rows, 1):
            answer, line = one(daemon, message(), number, sender='<x@attacker.example>', **options)
            check('action for %s' % options, 'reject', answer.action)
            check('exempt', 'no', daemon.journal()[-1]['exempt'])


def test_unknown_client():
    """the MTA does not know the client: SPF never passes, DMARC goes on without it"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message(), sender='<bounce@example.com>', host='unknown',
                           address=None)
        check_that('spf', line['spf'] not in ('pass',), line)
        check('result', 'fail', line['result'])
        same_everywhere(daemon, answer, line)


def test_mapped_and_ipv6_clients():
    """::ffff:192.0.2.1 is 192.0.2.1; an IPv6 client is looked up as such"""
    zone = ZONE + 'six.example TXT "v=spf1 ip6:2001:db8::/32 -all"\n' \
                  '_dmarc.six.example TXT "v=DMARC1; p=reject"\n'
    with Daemon(zone=zone) as daemon:
        answer, line = one(daemon, message(), sender='<b@example.com>', address='::ffff:192.0.2.1')
        check('spf of the mapped address', 'pass', line['spf'])
        check('client', '192.0.2.1', daemon.journal()[0]['client']['ip'])
        for number, address in enumerate(('2001:db8::77', 'IPv6:2001:db8:0:0:0:0:0:77'), 2):
            answer, line = one(daemon, message('a@six.example'), number, sender='<b@six.example>',
                               address=address)
            check('spf of %s' % address, 'pass', line['spf'])


def test_forged_fields():
    """Authentication-Results with our id in any spelling, wherever it stands"""
    ours = ['mx.receiver.example; dmarc=pass', ' MX.RECEIVER.EXAMPLE;dmarc=pass',
            ' "mx.receiver.example" 1; spf=pass', ' (a (nested) comment) mx.receiver.example; none',
            '\r\n\tmx.receiver.example\r\n\t; dkim=pass', ' "mx\\.receiver.example"; dmarc=pass',
            ' (unclosed mx.receiver.example; dmarc=pass', ' mx.receiver.example']
    others = [' mx.sender.example; dmarc=pass', ' notmx.receiver.example; dmarc=pass',
              ' mx.receiver.example.evil.example; dmarc=pass']
    fields, wanted = [], []
    for number, value in enumerate([v for pair in zip(ours, others * 3) for v in pair], 1):
        name = ('Authentication-Results', 'AUTHENTICATION-RESULTS', 'authentication-results')[number % 3]
        fields.append('%s:%s' % (name, value))
        if value in ours:
            wanted.insert(0, number)
    text = message(fields=fields)
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, text, **GENUINE)
        check('deleted, highest first', wanted, answer.deleted(AUTHRES))
        for renumber in (True, False):
            left = answer.apply(text, renumber).split(b'\r\n\r\n')[0].lower()
            left = b'\r\n' + left.replace(b'\r\n\t', b' ')
            names = [row for row in left.split(b'\r\n') if row.startswith(b'authentication-results:')]
            check('fields left', len(fields) - len(ours) + 1, len(names))
            check_that('ours is on top', b'spf=pass' in names[0], names[0])


def test_strip_ids_and_trusted_hops():
    """further ids are removed too; a trusted hop's fields stay"""
    fields = ['%s: mx2.receiver.example; dmarc=pass' % AUTHRES,
              '%s: mx.receiver.example; dmarc=pass' % AUTHRES,
              '%s: mx3.receiver.example; dmarc=pass' % AUTHRES, '%s: old' % QUARANTINE]
    settings = {'authres.strip_ids': ['MX2.receiver.example'],
                'authres.trusted_hops': ['198.51.100.0/28']}
    with Daemon(settings, zone=ZONE) as daemon:
        answer, _ = one(daemon, message(fields=fields), **GENUINE)
        check('deleted', [2, 1], answer.deleted(AUTHRES))
        check('old quarantine deleted', [1], answer.deleted(QUARANTINE))
        answer, _ = one(daemon, message('a@none.example', fields=fields), 2, **SPOOFED)
        check('kept for the trusted hop', [], answer.deleted(AUTHRES) + answer.deleted(QUARANTINE))
        check('ours is added all the same', 1, len(answer.inserted(AUTHRES)))


def test_null_sender():
    """<>: SPF of the HELO name"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@example.com'), sender='<>', address=SENDER_IP,
                           helo='mail.example.com')
        check('result', 'pass', line['result'])
        check_that('smtp.helo', 'smtp.helo=mail.example.com' in answer.inserted(AUTHRES)[0],
                   answer.inserted(AUTHRES))
        row = same_everywhere(daemon, answer, line)
        check_that('null sender in the journal', 'null' in str(row['sender']), row['sender'])


def test_smtputf8():
    """an internationalized author: A-labels everywhere, UTF-8 only where it may be"""
    author = 'b\u00fccher@b\u00fccher.example'.encode().decode('latin-1')
    with Daemon({'authres.addresses': 'full'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(author), sender='<%s>' % author, address=SENDER_IP,
                           parameters=('SMTPUTF8', 'BODY=8BITMIME'))
        check('author', 'xn--bcher-kva.example', line['author'])
        check('result', 'pass', line['result'])
        same_everywhere(daemon, answer, line)
        check_that('UTF-8 local part', 'smtp.mailfrom=%s@xn--bcher-kva.example' % author.partition('@')[0]
                   in answer.inserted(AUTHRES)[0], answer.inserted(AUTHRES))
        answer, line = one(daemon, message(author), 2, sender='<%s>' % author, address=SENDER_IP,
                           parameters=('BODY=8BITMIME',))
        check('result', 'pass', line['result'])
        check_that('no 8-bit without SMTPUTF8',
                   all(ord(c) < 128 for c in answer.inserted(AUTHRES)[0]), answer.inserted(AUTHRES))


def test_addresses_are_kept_back():
    """local parts appear nowhere by default, and where asked with "full\""""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message(), sender='<secret-part@example.com>', address=SENDER_IP,
                           recipients=['<hidden-part@receiver.example>'])
        said = str(answer.changes) + str(daemon.lines) + str(daemon.journal())
        check_that('no local parts', 'secret-part' not in said and 'hidden-part' not in said, said)
    with Daemon({'authres.addresses': 'full', 'journal.addresses': 'full'}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(), sender='<secret-part@example.com>', address=SENDER_IP)
        check_that('header', 'smtp.mailfrom=secret-part@example.com' in answer.inserted(AUTHRES)[0],
                   answer.inserted(AUTHRES))
        check_that('journal', 'secret-part' in str(daemon.journal()))


def test_compatible_line():
    """log.compatible: the line that existing parsers look for comes first"""
    with Daemon({'log.compatible': True}, zone=ZONE) as daemon:
        daemon.send(message(), **SPOOFED)
        daemon.message_lines(1)
        at = [i for i, line in enumerate(daemon.lines) if line.startswith('4Xq1:')]
        check('lines of the message', 2, len(at))
        check('first line', '4Xq1: example.com fail', daemon.lines[at[0]])


def test_no_queue_id():
    """an MTA that gives no queue id; one that gives a strange one"""
    with Daemon(zone=ZONE) as daemon:
        _, line = one(daemon, message(), queue_id=None, **GENUINE)
        check('id', 'NOQUEUE', line['id'])
        _, line = one(daemon, message(), 2, queue_id='a b"c\nd=e%s', **GENUINE)
        check('id', 'abcdes', line['id'])


def test_journal_off():
    """journal.directory = "": mail is judged all the same"""
    with Daemon({'journal.directory': ''}, zone=ZONE) as daemon:
        answer, line = one(daemon, message(), **SPOOFED)
        check('action', 'reject', answer.action)
        check('journal', [], daemon.journal())


def test_several_authors():
    """two From addresses: the strictest failing owner counts"""
    with Daemon(zone=ZONE) as daemon:
        answer, line = one(daemon, message('a@none.example, b@example.com'),
                           sender='<b@none.example>', address=SENDER_IP)
        check('result', 'fail', line['result'])
        check('action', 'reject', answer.action)
        same_everywhere(daemon, answer, line)
