"""The milter protocol: negotiation, order of events, broken peers."""

import ctypes
import errno
import os
import socket
import stat
import struct
import threading
import time

import milter
from harness import Daemon, Failed, check, check_that, wait_for
from samples import GENUINE, SENDER_IP, SPOOFED, ZONE, message

AUTHRES = 'Authentication-Results'


def goes_on(daemon):
    """The daemon still answers: one more message is judged."""
    answer = daemon.send(message(), queue_id='ALIVE', **GENUINE)
    check('a message afterwards', 'continue', answer.action)
    wait_for('its line', lambda: [line for line in daemon.raw_message_lines() if line.startswith('ALIVE: ')])


def test_negotiation_unix():
    """unix socket: leading blanks, no answers where the MTA can do without"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        check('version', 6, mta.version)
        check('actions', milter.ADDHDRS | milter.CHGHDRS | milter.QUARANTINE | milter.SETSYMLIST,
              mta.actions)
        for name in ('HDR_LEADSPC', 'NR_HELO', 'NR_HDR', 'NR_EOH'):
            check_that(name, mta.steps & getattr(milter, name))
        for name in ('NR_CONN', 'NR_MAIL', 'NR_RCPT', 'NR_BODY', 'NOBODY', 'NOHDRS', 'NORCPT', 'SKIP'):
            check('without %s' % name, 0, mta.steps & getattr(milter, name))
        check_that('macros at connect', '{client_resolve}' in mta.symlists[0], mta.symlists)
        check_that('macros at MAIL', '{auth_authen}' in mta.symlists[2], mta.symlists)


def test_negotiation_inet():
    """TCP: every step is answered, since leaving answers out makes TCP slower"""
    for kind in ('inet', 'inet6'):
        with Daemon(zone=ZONE, kind=kind) as daemon:
            with daemon.client() as mta:
                check_that('LEADSPC', mta.steps & milter.HDR_LEADSPC)
                check('no no-reply bits', 0, mta.steps & sum(milter.NO_REPLY.values()))
            answer = daemon.send(message(), **SPOOFED)
            check('action', 'reject', answer.action)
            daemon.message_lines(1)


def listening_sockets(daemon):
    """Copies of the daemon's own listening sockets, or None where the system forbids it."""
    libc = ctypes.CDLL(None, use_errno=True)
    pidfd = os.pidfd_open(daemon.process.pid)
    found = []
    for fd in os.listdir('/proc/%d/fd' % daemon.process.pid):
        copy = libc.syscall(438, pidfd, int(fd), 0)             # pidfd_getfd
        if copy < 0 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS):
            return None
        if copy >= 0 and stat.S_ISSOCK(os.fstat(copy).st_mode):
            one = socket.socket(fileno=copy)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                found.append(one)
        elif copy >= 0:
            os.close(copy)
    os.close(pidfd)
    return found


def test_nodelay():
    """TCP: small answers are not held back (the option is inherited from the listener)"""
    for kind in ('inet', 'inet6'):
        with Daemon(zone=ZONE, kind=kind) as daemon:
            sockets = listening_sockets(daemon)
            if sockets is None:
                print('     skipped, needs pidfd_getfd: TCP_NODELAY of the listening socket')
                return
            check('listening sockets', 1, len(sockets))
            check('TCP_NODELAY', True, sockets[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
            for one in sockets:
                one.close()


def test_plain_mta():
    """an old MTA: version 2, no LEADSPC, no no-reply bits, no macros lists"""
    with Daemon(zone=ZONE) as daemon:
        answer = daemon.send(message(), version=2, actions=0x3f, steps=0x7f, **GENUINE)
        check('action', 'continue', answer.action)
        value = answer.changes[-1][3]
        check_that('no leading blank', not value.startswith(' '), value)
        check('spf', 'pass', daemon.message_lines(1)[0]['spf'])


def test_too_old_mta():
    """version 1, a short negotiation: the connection is closed, the daemon goes on"""
    with Daemon(zone=ZONE) as daemon:
        for data in (struct.pack('!III', 1, 0x3f, 0x7f), b'\0\0\0\6', b''):
            with daemon.client(negotiate=False) as mta:
                mta.send(b'O', data)
                try:
                    mta.receive()
                    raise Failed('an answer to %r' % data)
                except milter.Closed:
                    pass
        goes_on(daemon)


def test_several_messages():
    """several messages on one connection, each judged by itself"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo()
        forged = ['%s: mx.receiver.example; dmarc=pass' % AUTHRES] * 3
        for number, (author, fields) in enumerate(
                [('a@example.com', forged), ('a@attacker.example', []), ('a@none.example', forged[:1]),
                 ('a@example.com', [])], 1):
            answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message(author, fields),
                                 queue_id='Q%d' % number)
            check('action', 'continue', answer.action)
            check('deleted', list(range(len(fields), 0, -1)), answer.deleted(AUTHRES))
            mta.abort()                         # Postfix sends one after success
        lines = daemon.message_lines(4)
        check('ids', ['Q1', 'Q2', 'Q3', 'Q4'], [line['id'] for line in lines])
        check('authors', ['example.com', 'attacker.example', 'none.example', 'example.com'],
              [line['author'] for line in lines])


def test_abort_in_every_state():
    """RSET: nothing of the message is left for the next one, and nothing is logged"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo()
        for stop in range(6):
            mta.mail('<x@attacker.example>', macros={'{auth_authen}': ''})
            steps = [lambda: mta.rcpt('<b@receiver.example>'), lambda: mta.data({'i': 'GONE'}),
                     lambda: mta.header('From', ' x@attacker.example'),
                     lambda: mta.header(AUTHRES, ' mx.receiver.example; none'),
                     lambda: mta.eoh(), lambda: mta.body('text')]
            for step in steps[:stop + 1]:
                step()
            mta.abort()
        answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message(), queue_id='LAST')
        check('action', 'continue', answer.action)
        check('nothing to delete', [], answer.deleted(AUTHRES))
        line = daemon.message_lines(1)[0]
        check('the one that ended', ('LAST', 'example.com', 'pass'),
              (line['id'], line['author'], line['result']))


def test_mail_without_abort():
    """a second MAIL without RSET begins a new message"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo()
        mta.mail('<x@attacker.example>')
        mta.rcpt('<b@receiver.example>')
        mta.header('From', ' x@attacker.example')
        answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message())
        check('action', 'continue', answer.action)
        check('author', 'example.com', daemon.message_lines(1)[0]['author'])


def test_second_connect():
    """QUIT with a new connection on the same socket (XCLIENT): the client is the new one"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('attacker.example', '198.51.100.7')
        mta.helo('attacker.example')
        mta.message('<x@attacker.example>', ['<c@receiver.example>'], message('a@none.example'), queue_id='OLD')
        mta.quit_new_connection()
        answer = mta.connect('mail.example.com', SENDER_IP)
        check('connect', 'continue', answer.action)
        mta.helo()
        mta.message('<b@example.com>', ['<c@receiver.example>'], message(), queue_id='NEW')
        lines = daemon.message_lines(2)
        check('client', ['198.51.100.7', SENDER_IP], [line['client'] for line in lines])
        check('spf_domain', 'example.com', lines[1]['spf_domain'])
        check('no complaint of the library', [],
              [text for text in daemon.lines if 'claimed not to reply' in text])


def test_second_helo():
    """STARTTLS: HELO again, the last one counts"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo('wrong.example')
        mta.helo('mail.example.com')
        answer = mta.message('<>', ['<c@receiver.example>'], message())
        check_that('helo', 'smtp.helo=mail.example.com' in answer.inserted(AUTHRES)[0],
                   answer.inserted(AUTHRES))


def test_no_helo():
    """no HELO at all, no connect at all: judged with what there is"""
    with Daemon(zone=ZONE) as daemon:
        with daemon.client() as mta:
            mta.connect('mail.example.com', SENDER_IP)
            answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message())
            check('action', 'continue', answer.action)
        with daemon.client() as mta:
            answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message())
            check('without a client SPF cannot pass', 'reject', answer.action)
        check_that('spf', daemon.message_lines(2)[1]['spf'] != 'pass')


def test_parts_left_out():
    """no header at all, no body, last octets with the end of message"""
    with Daemon(zone=ZONE) as daemon:
        for kind in ('nothing', 'data with eom', 'empty body'):
            with daemon.client() as mta:
                mta.connect('mail.example.com', SENDER_IP)
                mta.helo()
                mta.mail('<b@example.com>')
                mta.rcpt('<c@receiver.example>')
                if kind != 'nothing':
                    mta.header('From', ' a@example.com')
                    mta.eoh()
                if kind == 'data with eom':
                    mta.body('first part\r\n')
                answer = mta.eom('last part\r\n' if kind == 'data with eom' else b'', {'i': 'P'})
                check('action for %s' % kind, 'continue', answer.action)
        lines = daemon.message_lines(3)
        check('results', ['permerror', 'pass', 'pass'], [line['result'] for line in lines])
        check('octets', 23, daemon.journal()[1]['cost']['body_bytes'])


def test_end_of_no_message():
    """end of message without a message: an answer, never silence"""
    with Daemon(zone=ZONE) as daemon:
        with daemon.client() as mta:
            mta.connect('mail.example.com', SENDER_IP)
            mta.helo()
            mta.mail('<b@example.com>')
            mta.abort()
            mta.send(b'B', b'stray')
            mta.answer()
            mta.send(b'E')
            check('action', 'tempfail', mta.answer().action)
        daemon.wait_event('message')
        goes_on(daemon)


def steps_of(mta):
    """What leads to the end of a message, one by one."""
    yield 'connect', lambda: mta.connect('mail.example.com', SENDER_IP)
    yield 'helo', lambda: mta.helo()
    yield 'mail', lambda: mta.mail('<b@example.com>')
    yield 'rcpt', lambda: mta.rcpt('<c@receiver.example>')
    yield 'macros', lambda: mta.macros(b'T', {'i': 'X'})
    yield 'header', lambda: mta.header('From', ' a@example.com')
    yield 'eoh', lambda: mta.eoh()
    yield 'body', lambda: mta.body('text')
    yield 'eom', lambda: mta.send(b'E')


def test_hang_up_in_every_state():
    """the MTA goes away: no line for what never ended, no memory kept, no crash"""
    for kind in ('unix', 'inet'):
        with Daemon(zone=ZONE, kind=kind) as daemon:
            for stop in range(10):
                for linger in (True, False):
                    mta = daemon.client()
                    for _, step in list(steps_of(mta))[:stop]:
                        step()
                    if not linger:                      # a reset and not an orderly end
                        mta.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                              struct.pack('ii', 1, 0))
                    mta.close()
            goes_on(daemon)
            # libmilter may read the end of a message before it sees that the MTA is gone
            check_that('no more lines than ends', len(daemon.raw_message_lines()) <= 3)


def test_broken_frames():
    """lengths that lie, unknown commands, texts without their end: closed, never a crash"""
    big = struct.pack('!I', 2000000)
    frames = [b'\0', b'\0\0\0\0', b'\0\0\0\0M', b'\xff\xff\xff\xff', b'\xff\xff\xff\xffM', big + b'L',
              b'\x7f\xff\xff\xffB', struct.pack('!I', 9) + b'Labc', b'GET / HTTP/1.0\r\n\r\n',
              struct.pack('!I', 1) + b'?', struct.pack('!I', 1) + b'\0', struct.pack('!I', 5) + b'Mabcd',
              struct.pack('!I', 5) + b'Labcd', struct.pack('!I', 6) + b'Labc\0\0',
              struct.pack('!I', 2) + b'L\0', struct.pack('!I', 2) + b'H\0', struct.pack('!I', 4) + b'Habc',
              struct.pack('!I', 1) + b'L', struct.pack('!I', 1) + b'M', struct.pack('!I', 1) + b'R',
              struct.pack('!I', 1) + b'C', struct.pack('!I', 2) + b'C\0', struct.pack('!I', 3) + b'C\0' + b'4',
              struct.pack('!I', 8) + b'C\0' + b'4\0\0999', struct.pack('!I', 4) + b'C\0X\0',
              struct.pack('!I', 2) + b'D?', struct.pack('!I', 1) + b'D', struct.pack('!I', 5) + b'DMabc',
              struct.pack('!I', 1) + b'O', struct.pack('!I', 2) + b'DM',
              struct.pack('!I', 5) + b'DMa\0b', struct.pack('!I', 4) + b'DMi\0', struct.pack('!I', 3) + b'DM\0',
              struct.pack('!I', 8) + b'DMi\0a\0b\0', struct.pack('!I', 7) + b'DEi\0a\0b']
    start = time.monotonic()
    with Daemon(zone=ZONE) as daemon:
        for frame in frames:
            for stop in (0, 3, 6):
                with daemon.client() as mta:
                    for _, step in list(steps_of(mta))[:stop]:
                        step()
                    try:
                        mta.send_raw(frame)
                        mta.send(b'E')
                        mta.send(b'Q')
                    except milter.Closed:
                        pass
        for frame in frames:                    # and before any negotiation
            with daemon.client(negotiate=False) as mta:
                try:
                    mta.send_raw(frame)
                except milter.Closed:
                    pass
        goes_on(daemon)
        wait_for('what is said', lambda: daemon.events('connection'))
        problems = [event['problem'] for event in daemon.events('connection')]
        times = 1 + int(time.monotonic() - start) // 60
        check('more than once a minute', [], [problem for problem in problems
                                              if problems.count(problem) > times])


def test_macros_without_values():
    """a macro without a value is a broken frame: libmilter would read behind its table"""
    with Daemon(zone=ZONE) as daemon:
        for data, is_broken in ((b'M', False), (b'Mi\0a\0', False), (b'Mi\0a\0{x}\0\0', False),
                                (b'M\0', True), (b'Mi\0', True), (b'Mi\0a\0b\0', True),
                                (b'Mi\0a\0b\0c', True), (b'Ei\0a', True)):
            with daemon.client() as mta:
                mta.connect('mail.example.com', SENDER_IP)
                mta.helo()
                mta.send(b'D', data)
                try:
                    answer = mta.mail('<b@example.com>')
                    check('MAIL after %r' % data, (False, 'continue'), (is_broken, answer.action))
                except milter.Closed:
                    check('closed after %r' % data, True, is_broken)
        goes_on(daemon)


def test_repeated_and_misplaced_steps():
    """steps in an order that no MTA has: no crash, no hang"""
    orders = ['CHMRLLNNBE', 'CHMRNLBE', 'CHMRBLNE', 'CHRLNBE', 'CHLE', 'CHE', 'CHNE', 'CCHHMMRE', 'MRLNBE',
              'CHMRLNBELNBE', 'CHMRLNBEBE', 'CHMRUUE', 'CHMAMRLNBE', 'CHMRLARLNBE', 'CHMRLNABE', 'CHMRTTLNE',
              'CHMRLNBEEE', 'OCHMRLNBE', 'CHMRLOE', 'KCHMRLNBE', 'CHMRLKE', 'CHMRLNKCHMRE',
              'CHMRLNBEKHMRLNBE', 'KHKHMKRLKLNKN']
    data = {'C': b'h\0' + b'4\x61\xa9192.0.2.1\0', 'H': b'h\0', 'M': b'<b@example.com>\0',
            'R': b'<c@receiver.example>\0', 'L': b'From\0 a@example.com\0', 'B': b'text',
            'U': b'FOO\0', 'O': struct.pack('!III', 6, 0x1ff, 0x1fffff)}
    with Daemon(zone=ZONE) as daemon:
        for order in orders:
            with daemon.client() as mta:
                try:
                    for letter in order:
                        mta.send(letter.encode(), data.get(letter, b''))
                    mta.send(b'Q')
                    while True:
                        mta.receive()           # until the daemon closes
                except milter.Closed:
                    pass
        goes_on(daemon)
        check('no complaint of the library', [],
              [text for text in daemon.lines if 'claimed not to reply' in text])


def test_octet_by_octet():
    """frames that arrive in the smallest pieces"""
    with Daemon(zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo()
        mta.mail('<b@example.com>')
        mta.rcpt('<c@receiver.example>')
        data = b'From\0 a@example.com\0'
        for octet in struct.pack('!I', len(data) + 1) + b'L' + data:
            mta.send_raw(bytes([octet]))
        mta.eoh()
        check('action', 'continue', mta.eom().action)
        check('author', 'example.com', daemon.message_lines(1)[0]['author'])


def test_connection_limit():
    """one connection too many is told to come again, and said once"""
    with Daemon({'limits.connections': 3}, zone=ZONE) as daemon:
        open_ones = [daemon.client() for _ in range(3)]
        for mta in open_ones:
            check('within the limit', 'continue', mta.connect().action)
        for _ in range(4):
            with daemon.client() as mta:
                answer = mta.connect()
                check('over the limit', 'tempfail', answer.action)
                check_that('reply', answer.reply.startswith('451 4.3.2 '), answer.reply)
                check('MAIL all the same', 'tempfail', mta.mail('<b@example.com>').action)
        daemon.wait_event('connections')
        check('said once', 1, len(daemon.events('connections')))
        answer = open_ones[0].message('<b@example.com>', ['<c@receiver.example>'], message('a@none.example'))
        check('the others go on', 'continue', answer.action)
        for mta in open_ones:
            mta.quit()
        wait_for('a free place', lambda: daemon.send(message('a@none.example'), **GENUINE).action == 'continue')


def test_many_connections():
    """many connections at once, several messages each; each line belongs to its message"""
    with Daemon(zone=ZONE) as daemon:
        failures = []

        def work(number):
            try:
                with daemon.client() as mta:
                    genuine = number % 2 == 0
                    mta.connect('mail.example.com', SENDER_IP if genuine else '198.51.100.7')
                    mta.helo()
                    for i in range(10):
                        answer = mta.message('<b@example.com>', ['<c@receiver.example>'], message(),
                                             queue_id='T%dM%d' % (number, i))
                        check('action', 'continue' if genuine else 'reject', answer.action)
                    mta.quit()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check('failures', [], failures)
        lines = daemon.message_lines(400)
        check('distinct', 400, len({line['id'] for line in lines}))
        for line in lines:
            genuine = int(line['id'][1:].partition('M')[0]) % 2 == 0
            check(line['id'], 'pass' if genuine else 'fail', line['result'])
        rows = daemon.journal()
        check('journal lines', sorted(line['id'] for line in lines),
              sorted(row['queue_id'] for row in rows))
        check('line ids are unique', 400, len({row['id'] for row in rows}))


def test_large_bodies_take_turns():
    """several bodies of 2 MB that come in pieces at once: each goes on, each is judged, so is a small one beside"""
    with Daemon(zone=ZONE) as daemon:
        clients = []
        for number in range(3):
            mta = daemon.client()
            mta.connect('attacker.example', '198.51.100.7')
            mta.helo('attacker.example')
            mta.mail('<x@attacker.example>')
            mta.rcpt('<c@receiver.example>')
            mta.header('From', ' a@example.com')
            mta.eoh()
            clients.append(mta)
        for piece in range(32):
            for mta in clients:
                mta.body('x' * 65533 + '\r\n')
        check('a small one', 'reject', daemon.send(message(), **SPOOFED).action)
        for number, mta in enumerate(clients):
            check('large one %d' % number, 'reject', mta.eom(macros={'i': 'LARGE%d' % number}).action)
        daemon.message_lines(4)


def test_confirmed_names():
    """the client's name counts as confirmed only when the MTA found it both ways"""
    rows = [('mail.example.com', {}, True), ('unknown', {}, False), ('[192.0.2.1]', {}, False),
            ('mail.example.com', {'{client_resolve}': 'FORGED'}, False),
            ('mail.example.com', {'{client_resolve}': 'OK'}, True),
            ('mail.example.com', {'_': 'mail.example.com [192.0.2.1] (may be forged)'}, False),
            ('mail.example.com', {'{client_name}': 'unknown'}, False)]
    with Daemon(zone=ZONE) as daemon:
        for number, (host, macros, confirmed) in enumerate(rows, 1):
            daemon.send(message(), host=host, connect_macros=macros, sender='<b@example.com>')
            daemon.message_lines(number)
            client = daemon.journal()[-1]['client']
            check('%s %s' % (host, macros), confirmed, client.get('name_confirmed', False))
