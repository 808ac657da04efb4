"""What no honest sender sends. Each has a stated outcome, none crashes."""

import milter
from harness import Daemon, check, check_that
from samples import GENUINE, SENDER_IP, SPOOFED, ZONE, message

AUTHRES = 'Authentication-Results'


def begin(daemon, sender='<b@example.com>'):
    mta = daemon.client()
    mta.connect('mail.example.com', SENDER_IP)
    mta.helo()
    mta.mail(sender)
    mta.rcpt('<c@receiver.example>')
    return mta


def is_clean(text):
    return all(' ' <= c <= '~' for c in text)


def test_octets_in_header_and_body():
    """NUL, bare CR, bare LF, raw 8-bit: judged, and nothing of it in the log"""
    odd = ['\0', '\r', '\n', '\r\n', '\x80\xff', '\x1b[2J', '\x7f']
    with Daemon(zone=ZONE) as daemon:
        for number, octet in enumerate(odd, 1):
            with begin(daemon) as mta:
                mta.header('Subject', ' a%sb' % octet)
                mta.header('X%s' % octet, ' strange name')
                mta.header('From', ' "phrase%s" <a@example.com>' % octet)
                mta.eoh()
                mta.body('text %s text\r\n' % octet * 10)
                answer = mta.eom(macros={'i': 'Q%d' % number})
                check_that('answered for %r' % octet, answer.action in ('continue', 'reject'))
            line = daemon.message_lines(number)[-1]
            check_that('a result', line['result'] in ('pass', 'permerror'), line)
            for text in daemon.lines:
                check_that('clean log', is_clean(text), repr(text))


def test_odd_from_octets():
    """CR, LF and 8-bit in the address itself: no usable From, quarantined by default"""
    with Daemon(zone=ZONE) as daemon:
        for number, value in enumerate((' a@exam\rple.com', ' a@exam\nple.com', ' a@example.com\r\nX: y',
                                        ' a@ex\xe4mple.com', ' <a@example.com', ' a@example.com>', '',
                                        ' ' * 9000 + 'a@example.com', ' ' + 'x@y.example,' * 3000), 1):
            with begin(daemon) as mta:
                mta.header('From', value)
                mta.eoh()
                answer = mta.eom()
                check('action for %r' % value[:30], 'continue', answer.action)
                check('quarantined %r' % value[:30], 1, len(answer.inserted('X-Alignd-Quarantine')))
            check('why', 'bad-from', daemon.message_lines(number)[-1]['why'])


def test_many_fields():
    """20,000 header fields, forgeries among them: counted as the MTA counts"""
    with Daemon(zone=ZONE) as daemon:
        with begin(daemon) as mta:
            mta.header('From', ' a@example.com')
            for number in range(20000):
                forged = number % 100 == 7
                mta.header(AUTHRES if number % 10 == 7 else 'X-%d' % number,
                           ' mx.receiver.example; dmarc=pass' if forged else ' mx.other.example; none')
            mta.eoh()
            answer = mta.eom()
        check('action', 'continue', answer.action)
        check('deleted', [1 + 10 * i for i in range(199, -1, -1)], answer.deleted(AUTHRES))
        check('log', 'pass', daemon.message_lines(1)[0]['result'])
        check('counted', 20001, daemon.journal()[0]['cost']['header_fields'])


def test_many_forgeries():
    """20,000 forged fields: all removed"""
    with Daemon(zone=ZONE) as daemon:
        with begin(daemon) as mta:
            mta.header('From', ' a@example.com')
            for number in range(20000):
                mta.header(AUTHRES, ' mx.receiver.example; dmarc=pass')
            mta.eoh()
            answer = mta.eom()
        check('deleted', list(range(20000, 0, -1)), answer.deleted(AUTHRES))
        daemon.message_lines(1)


def test_one_big_field():
    """a field of 1,000,000 octets passes the socket (Postfix sends up to 100 kB)"""
    with Daemon(zone=ZONE) as daemon:
        for number, name in enumerate(('X-Big', AUTHRES, 'DKIM-Signature', 'From', 'Received'), 1):
            with begin(daemon) as mta:
                if name != 'From':
                    mta.header('From', ' a@example.com')
                mta.header(name, ' ' + 'x' * 1000000)
                mta.eoh()
                answer = mta.eom()
                check('action for %s' % name, 'continue', answer.action)
            check('result for %s' % name, 'permerror' if name == 'From' else 'pass',
                  daemon.message_lines(number)[-1]['result'])


def test_big_body():
    """a body of 50 MB: streamed, memory stays flat"""
    chunk = ('x' * 78 + '\r\n') * 800
    signed = 'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s; ' \
             'h=from:to; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA'
    with Daemon(zone=ZONE) as daemon:
        daemon.send(message(fields=[signed]), **GENUINE)
        before = daemon.memory_kb()
        with begin(daemon) as mta:
            for line in message(fields=[signed]).split('\r\n\r\n')[0].split('\r\n'):
                name, _, value = line.partition(':')
                mta.header(name, value)
            mta.eoh()
            for _ in range(50 * 1000 * 1000 // len(chunk)):
                mta.body(chunk)
            answer = mta.eom()
            check('action', 'continue', answer.action)
        grown = daemon.memory_kb('VmHWM') - before
        check_that('memory grew by less than 4 MB', grown < 4096 or daemon.is_sanitized(), '%d kB' % grown)
        check_that('all of it was seen', daemon.journal()[1]['cost']['body_bytes'] >= 49 * 1000 * 1000)
        daemon.message_lines(2)


HOSTILE = ['"', '"; dmarc=pass', 'x (', 'x)', '[192.0.2.1]', '[', '<>', 'a;b', 'a\r\nX-Injected: 1', 'a\nb',
           'a=b c=d', '%s%n%d', '\\', '\x00', '\xff\xfe', 'a' * 5000, '.', '..', '-', 'mail..example.com',
           'event=ready', 'mx.receiver.example', "'; DROP TABLE--", '${jndi}', '\u200b'.encode().decode('latin-1')]


def test_hostile_helo():
    """HELO with quotes, brackets, line ends: in no header line, and no new log line"""
    with Daemon(zone=ZONE) as daemon:
        for number, helo in enumerate(HOSTILE, 1):
            answer = daemon.send(message(), sender='<>', helo=helo, address=SENDER_IP,
                                 queue_id='Q%d' % number)
            check_that('answered', answer.action in ('continue', 'reject'), answer)
            for value in answer.inserted(AUTHRES):
                check_that('header is clean', is_clean(value) and 'dmarc=pass' not in value
                           and 'Injected' not in value, value)
            if answer.reply:
                check_that('reply is clean', is_clean(answer.reply), answer.reply)
        lines = daemon.message_lines(len(HOSTILE))
        check('ids', ['Q%d' % n for n in range(1, len(HOSTILE) + 1)], [line['id'] for line in lines])
        for text in daemon.lines:
            check_that('log is clean', is_clean(text), repr(text))
        check('journal lines', len(HOSTILE), len(daemon.journal()))


def hostile_zone():
    """A domain for each text, which stands in its policy, its explanation and its key."""
    zone = ZONE
    for number, text in enumerate(HOSTILE):
        text = 'Injected' + ''.join('\\%03d' % ord(octet) for octet in text[:1000])
        for name, record in (('', 'v=spf1 -all exp=why.d%d.example' % number), ('why.', text),
                             ('_dmarc.', 'v=DMARC1; p=reject; x=%s; rua=mailto:%s' % (text, text)),
                             ('s._domainkey.', 'v=DKIM1; n=%s; h=%s' % (text, text))):
            zone += '%sd%d.example TXT "%s"\n' % (name, number, record)
    return zone


def test_hostile_dns_text():
    """texts of policies, explanations and keys: nothing of them in header, reply and log"""
    settings = {'mode': 'honor', 'authres.polrec': True, 'authres.addresses': 'full',
                'journal.addresses': 'full'}
    with Daemon(settings, zone=hostile_zone()) as daemon:
        for number in range(len(HOSTILE)):
            domain = 'd%d.example' % number
            signature = 'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; s=s; h=from; b=AAAA; d=%s;' \
                        ' bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' % domain
            answer = daemon.send(message('a@' + domain, fields=[signature], body=''), queue_id='Q%d' % number,
                                 **dict(SPOOFED, sender='<a@%s>' % domain))
            check('action of %s' % domain, 'reject', answer.action)
            for value in answer.inserted(AUTHRES) + [answer.reply]:
                check_that('clean', is_clean(value) and 'Injected' not in value, value)
        daemon.message_lines(len(HOSTILE))
        for text in daemon.lines:
            check_that('log is clean', is_clean(text) and 'Injected' not in text, repr(text))
        rows = daemon.journal()
        check('in the journal', len(rows), len([row for row in rows if 'Injected' in row[
            'authors'][0]['policy']['record']['text']]))
        shown = [row for row in rows if 'Injected' in row['spf'].get('explanation', '')]
        check_that('explanations, but for those that cannot be shown', len(shown) > len(rows) // 2, rows)


def test_hostile_sender():
    """MAIL FROM and RCPT TO likewise; quoted @ and source routes give one domain"""
    senders = ['<%s>' % text for text in HOSTILE] + ['<%s@example.com>' % text for text in HOSTILE] + \
              ['<"a@attacker.example"@example.com>', '<@attacker.example,@b.example:a@example.com>',
               '<a@attacker.example@example.com>', '<a@example.com', 'a@example.com>', '<<a@example.com>>',
               '<a@[192.0.2.1]>', '<postmaster>', '', '<a@>', '<@example.com>', '<"@example.com>']
    with Daemon({'authres.addresses': 'full', 'journal.addresses': 'full'}, zone=ZONE) as daemon:
        for number, sender in enumerate(senders, 1):
            answer = daemon.send(message('a@none.example'), sender=sender, recipients=[sender],
                                 address=SENDER_IP, queue_id='Q%d' % number)
            check_that('answered', answer.action == 'continue', answer)
            for value in answer.inserted(AUTHRES):
                check_that('header is clean', is_clean(value) and 'Injected' not in value, value)
        lines = daemon.message_lines(len(senders))
        check('ids', len(senders), len({line['id'] for line in lines}))
        for text in daemon.lines:
            check_that('log is clean', is_clean(text), repr(text))
        by_sender = dict(zip(senders, daemon.journal()))
        for sender in senders[-12:-10]:
            check('domain of %s' % sender, 'example.com', by_sender[sender]['sender']['domain'])


def test_hostile_parameters():
    """ESMTP parameters without number or end"""
    with Daemon(zone=ZONE) as daemon:
        for number, words in enumerate((['SMTPUTF8'] * 500, [''] * 3, ['BODY=' + 'x' * 100000], ['\xff']), 1):
            answer = daemon.send(message(), sender='<b@example.com>', address=SENDER_IP, parameters=words)
            check('action', 'continue', answer.action)
            daemon.message_lines(number)


def test_many_recipients():
    """5,000 recipients in 1,000 domains"""
    recipients = ['<u%d@d%d.example>' % (n, n % 1000) for n in range(5000)]
    with Daemon(zone=ZONE) as daemon:
        answer = daemon.send(message(), recipients=recipients, **GENUINE)
        check('action', 'continue', answer.action)
        daemon.message_lines(1)
        check('counted', 5000, daemon.journal()[0]['recipients']['count'])


def test_hostile_signatures():
    """DKIM-Signature fields with line ends, quotes and semicolons in d=, s=, i="""
    values = ['d=%s; s=%s; i=%s@%s; a=rsa-sha256; h=from; bh=AA==; b=AA==; v=1' % ((text,) * 4)
              for text in HOSTILE] + ['', ';', '=' * 1000, 'd=example.com' * 1000, 'b=' + 'A' * 100000] + \
             ['i==0D=0AX-Injected: 1@example.com; d=example.com; s=s; a=rsa-sha256; h=from; bh=A; b=A; v=1'] * 30
    with Daemon(zone=ZONE) as daemon:
        for number, value in enumerate(values, 1):
            with begin(daemon) as mta:
                mta.header('DKIM-Signature', ' ' + value)
                mta.header('From', ' a@example.com')
                mta.eoh()
                mta.body('x')
                answer = mta.eom()
                check('action for %r' % value[:40], 'continue', answer.action)
                for text in answer.inserted(AUTHRES):
                    check_that('header is clean', is_clean(text) and 'Injected' not in text, text)
        check('spf carries them', ['pass'] * len(values),
              [line['result'] for line in daemon.message_lines(len(values))])


def test_macros_of_any_kind():
    """macros with line ends, without values, very long"""
    with Daemon(zone=ZONE) as daemon:
        values = [value for value in HOSTILE if '\0' not in value]      # that would be a broken frame
        for value in values:
            answer = daemon.send(message(), queue_id='A' + value, macros={'{mail_addr}': value},
                                 connect_macros={'j': value, '_': value, '{client_name}': value}, **GENUINE)
            check('action', 'continue', answer.action)
        lines = daemon.message_lines(len(values))
        for line in lines:
            check_that('bounded id', 1 <= len(line['id']) <= 64, line['id'])


def test_memory_is_flat():
    """2,000 messages more leave the memory where it was"""
    with Daemon(zone=ZONE) as daemon:
        def send(n):
            with daemon.client() as mta:
                mta.connect('mail.example.com', SENDER_IP)
                mta.helo()
                for _ in range(n):
                    mta.message('<b@example.com>', ['<c@receiver.example>'], message())

        send(500)
        before = daemon.memory_kb()
        send(2000)
        grown = daemon.memory_kb() - before
        check_that('grown by less than 1 MB', grown < 1024 or daemon.is_sanitized(), '%d kB' % grown)
