#!/usr/bin/python3
"""The MTA's side of the milter protocol (version 6), for tests and demos.

A Client is one connection to a milter. It negotiates, sends the events of one
or more messages as an MTA does, collects what the milter answers and asks for,
and can apply the changes to the message as an MTA would:

    with Client('unix:/run/alignd/alignd.sock') as mta:
        mta.connect('mail.example.com', '192.0.2.1', 25001)
        mta.helo('mail.example.com')
        answer = mta.message('<a@example.com>', ['<b@example.org>'], text,
                             queue_id='4Xq1')
        print(answer.code, answer.reply, answer.apply(text))

Every step can be called by itself (mail, rcpt, data, header, eoh, body, eom,
abort, quit), with bytes or text, and send() writes any frame, so that broken
clients can be played too. Steps whose answer was negotiated away return None.

Only the standard library is used. Nothing here knows anything of alignd.
"""

import re
import socket
import struct

VERSION = 6

# Actions (what a milter may ask for)
ADDHDRS, CHGBODY, ADDRCPT, DELRCPT, CHGHDRS, QUARANTINE = 0x1, 0x2, 0x4, 0x8, 0x10, 0x20
CHGFROM, ADDRCPT_PAR, SETSYMLIST = 0x40, 0x80, 0x100
ALL_ACTIONS = 0x1ff

# Steps (what a milter can do without, and what the MTA can do more)
NOCONNECT, NOHELO, NOMAIL, NORCPT, NOBODY, NOHDRS, NOEOH = 1, 2, 4, 8, 0x10, 0x20, 0x40
NR_HDR, NOUNKNOWN, NODATA, SKIP, RCPT_REJ = 0x80, 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT, NR_DATA = 0x1000, 0x2000, 0x4000, 0x8000, 0x10000
NR_UNKN, NR_EOH, NR_BODY, HDR_LEADSPC = 0x20000, 0x40000, 0x80000, 0x100000
ALL_STEPS = 0x1fffff

NO_REPLY = {b'C': NR_CONN, b'H': NR_HELO, b'M': NR_MAIL, b'R': NR_RCPT, b'T': NR_DATA,
            b'U': NR_UNKN, b'L': NR_HDR, b'N': NR_EOH, b'B': NR_BODY}
NOT_SENT = {b'C': NOCONNECT, b'H': NOHELO, b'M': NOMAIL, b'R': NORCPT, b'T': NODATA,
            b'U': NOUNKNOWN, b'L': NOHDRS, b'N': NOEOH, b'B': NOBODY}

FINAL = {b'a': 'accept', b'c': 'continue', b'd': 'discard', b'r': 'reject',
         b't': 'tempfail', b'y': 'reply', b's': 'skip', b'4': 'shutdown', b'f': 'fail'}
CHUNK = 65535


class ProtocolError(Exception):
    """The milter said something that the protocol does not know."""


class Closed(ProtocolError):
    """The milter closed the connection."""


def octets(value):
    """Text from tests may be str (Latin-1 keeps every octet) or bytes."""
    return value if isinstance(value, bytes) else value.encode('latin-1')


class Answer:
    """What a milter said to one step.

    action   'continue', 'accept', 'reject', 'tempfail', 'discard', 'skip'
    code     SMTP code as MTAs give it: 250, 550, 451, or that of reply
    reply    the reply's text ('550 5.7.1 ...'), or None
    changes  what it asked for, in order:
             ('insert', index, name, value), ('add', name, value),
             ('change', index, name, value), ('delete', index, name),
             ('quarantine', reason), ('other', command, data)
    progress number of progress packets
    """

    def __init__(self):
        self.action, self.reply, self.progress, self.changes = None, None, 0, []

    @property
    def code(self):
        if self.reply is not None:
            return int(self.reply[:3])
        return {'reject': 550, 'tempfail': 451}.get(self.action, 250)

    @property
    def quarantine(self):
        """The reason, when the message is to be held; else None."""
        reasons = [change[1] for change in self.changes if change[0] == 'quarantine']
        return reasons[0] if reasons else None

    def inserted(self, name):
        """The values (unfolded, no leading blank) of fields of this name that were added."""
        return [re.sub(r'\s*\n\s*', ' ', change[-1]).strip() for change in self.changes
                if change[0] in ('insert', 'add') and change[-2].lower() == name.lower()]

    def deleted(self, name):
        return [change[1] for change in self.changes
                if change[0] == 'delete' and change[2].lower() == name.lower()]

    def apply(self, message, renumber=True):
        """The message with its header changed as the milter asked: `renumber` as
        Postfix (later indexes count what is left), else as Sendmail."""
        fields, body = split_message(message)
        rows = [[name, value, False] for name, value in fields]      # name, value, gone

        def find(name, index):
            left = [row for row in rows
                    if row[0].lower().strip() == octets(name).lower()
                    and not (renumber and row[2])]
            return left[index - 1] if 0 < index <= len(left) else None

        for change in self.changes:
            if change[0] == 'insert':
                rows.insert(change[1], [octets(change[2]), octets(change[3]), False])
            elif change[0] == 'add':
                rows.append([octets(change[1]), octets(change[2]), False])
            elif change[0] in ('delete', 'change'):
                row = find(change[2], change[1])
                if row is not None and change[0] == 'delete':
                    row[2] = True
                elif row is not None:
                    row[1] = octets(change[3])
        head = b''.join(name + b':' + value.replace(b'\r\n', b'\n').replace(b'\n', b'\r\n') + b'\r\n'
                        for name, value, gone in rows if not gone)
        return head + b'\r\n' + body

    def __repr__(self):
        return '<%s %s %r>' % (self.action, self.reply, self.changes)


def split_message(message):
    """(fields, body) of a message with CRLF or LF: fields are (name, value), the value
    with its leading blank and its folds as LF, as the milter protocol wants it."""
    message = octets(message)
    found = re.search(rb'\r?\n\r?\n', message)
    if message[:1] in (b'\r', b'\n'):
        head, body = b'', re.sub(rb'\A\r?\n', b'', message)
    elif found:
        head, body = message[:found.start()], message[found.end():]
    else:
        head, body = message, b''
    fields = []
    for line in re.split(rb'\r?\n', head):
        if line[:1] in (b' ', b'\t') and fields:
            fields[-1][1] += b'\n' + line
        elif line:
            name, _, value = line.partition(b':')
            fields.append([name, value])
    return [(name, value) for name, value in fields], body


def connect_socket(spec, timeout):
    """'unix:PATH', 'local:PATH', a bare path, 'inet:PORT@HOST' or 'inet6:PORT@HOST'."""
    kind, _, rest = spec.partition(':')
    if kind in ('inet', 'inet6'):
        port, _, host = rest.partition('@')
        connection = socket.create_connection((host.strip('[]') or 'localhost', int(port)), timeout)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    connection.connect(rest if kind in ('unix', 'local') else spec)
    return connection


class Client:
    """One connection to a milter.

    spec     where it listens (connect_socket)
    actions, steps  what this MTA offers; version: the protocol's
    negotiate=False leaves the negotiation to the caller
    """

    def __init__(self, spec, actions=ALL_ACTIONS, steps=ALL_STEPS, version=VERSION,
                 timeout=60, negotiate=True):
        self.socket = connect_socket(spec, timeout)
        self.offered = (version, actions, steps)
        self.version, self.actions, self.steps, self.symlists = version, actions, 0, {}
        if negotiate:
            self.negotiate()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    # frames

    def send(self, command, data=b''):
        """One frame as it is: length, command, data."""
        self.send_raw(struct.pack('!I', len(data) + 1) + command + data)

    def send_raw(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise Closed('the milter closed the connection')

    def _read(self, n):
        parts = []
        while n > 0:
            try:
                part = self.socket.recv(min(n, 1 << 20))
            except ConnectionResetError:
                part = b''
            if not part:
                raise Closed('the milter closed the connection')
            parts.append(part)
            n -= len(part)
        return b''.join(parts)

    def receive(self):
        """The next frame: (command, data)."""
        length = struct.unpack('!I', self._read(4))[0]
        if not 0 < length <= 1 << 24:
            raise ProtocolError('a frame of %d octets' % length)
        data = self._read(length)
        return data[:1], data[1:]

    def close(self):
        self.socket.close()

    # negotiation

    def negotiate(self):
        self.send(b'O', struct.pack('!III', *self.offered))
        command, data = self.receive()
        if command != b'O' or len(data) < 12:
            raise ProtocolError('no answer to the negotiation')
        self.version, self.actions, self.steps = struct.unpack('!III', data[:12])
        if self.actions & ~self.offered[1] or self.steps & ~self.offered[2]:
            raise ProtocolError('the milter asked for what was not offered')
        rest = data[12:]
        while rest:
            stage = struct.unpack('!I', rest[:4])[0]
            names, _, rest = rest[4:].partition(b'\0')
            self.symlists[stage] = names.decode()

    # steps

    def macros(self, command, values):
        """Defines macros for a step: {'i': '4Xq1', '{auth_type}': 'PLAIN'}."""
        if values:
            data = b''.join(octets(k) + b'\0' + octets(v) + b'\0' for k, v in values.items())
            self.send(b'D', command + data)

    def step(self, command, data=b'', macros=None):
        """Sends one step; its Answer, or None when none was negotiated."""
        if NOT_SENT.get(command, 0) & self.steps:
            return None
        self.macros(command, macros)
        self.send(command, data)
        if NO_REPLY.get(command, 0) & self.steps:
            return None
        return self.answer()

    def answer(self):
        """Reads frames up to one that ends a step."""
        answer = Answer()
        while answer.action is None:
            self._take(answer, *self.receive())
        return answer

    def _take(self, answer, command, data):
        def text(value):
            return value.decode('latin-1')

        if command in FINAL:
            answer.action = FINAL[command]
            if command == b'y':
                answer.reply = text(data.rstrip(b'\0'))
                answer.action = 'reject' if answer.reply.startswith('5') else 'tempfail'
        elif command == b'p':
            answer.progress += 1
        elif command in (b'i', b'm'):
            index = struct.unpack('!I', data[:4])[0]
            name, value = (text(part) for part in data[4:].split(b'\0')[:2])
            if command == b'i':
                answer.changes.append(('insert', index, name, value))
            elif value == '':
                answer.changes.append(('delete', index, name))
            else:
                answer.changes.append(('change', index, name, value))
        elif command == b'h':
            answer.changes.append(('add',) + tuple(text(part) for part in data.split(b'\0')[:2]))
        elif command == b'q':
            answer.changes.append(('quarantine', text(data.rstrip(b'\0'))))
        elif command in (b'+', b'-', b'2', b'b', b'e'):
            answer.changes.append(('other', command, data))
        else:
            raise ProtocolError('unknown command %r' % command)

    def connect(self, host='mail.example.com', address='192.0.2.1', port=25001, macros=None):
        """`address` None: the MTA does not know the client. '/path': a unix socket."""
        if address is None:
            data = octets(host) + b'\0U'
        else:
            family = b'L' if address.startswith('/') else b'6' if ':' in address else b'4'
            data = octets(host) + b'\0' + family + struct.pack('!H', port) + octets(address) + b'\0'
        return self.step(b'C', data, macros)

    def helo(self, name='mail.example.com', macros=None):
        return self.step(b'H', octets(name) + b'\0', macros)

    def mail(self, sender, parameters=(), macros=None):
        return self.step(b'M', b'\0'.join(octets(word) for word in (sender, *parameters)) + b'\0',
                         macros)

    def rcpt(self, recipient, parameters=(), macros=None):
        return self.step(b'R', b'\0'.join(octets(word) for word in (recipient, *parameters)) + b'\0',
                         macros)

    def data(self, macros=None):
        return self.step(b'T', b'', macros)

    def header(self, name, value):
        """`value` as it follows the colon; without LEADSPC one blank is the MTA's."""
        value = octets(value)
        if not self.steps & HDR_LEADSPC and value[:1] == b' ':
            value = value[1:]
        return self.step(b'L', octets(name) + b'\0' + value + b'\0')

    def eoh(self):
        return self.step(b'N')

    def body(self, data):
        answer = None
        data = octets(data)
        for start in range(0, len(data), CHUNK):
            answer = self.step(b'B', data[start:start + CHUNK])
            if answer is not None and answer.action != 'continue':
                break
        return answer

    def eom(self, data=b'', macros=None):
        """End of message; `data`: the last octets, which may come with it."""
        self.macros(b'E', macros)
        self.send(b'E', octets(data))
        return self.answer()

    def abort(self):
        self.send(b'A')

    def unknown(self, line):
        return self.step(b'U', octets(line) + b'\0')

    def quit(self):
        self.send(b'Q')
        self.close()

    def quit_new_connection(self):
        """QUIT, but the same socket is used for another SMTP connection."""
        self.send(b'K')

    # a whole message

    def message(self, sender, recipients, message, queue_id='4Xq1', parameters=(),
                macros=None, last=True):
        """All steps of one message. The first answer that is not "continue" ends it.
        `macros`: those of MAIL; `last` False stops before end of message."""
        fields, body = split_message(message)
        for step in self._steps(sender, recipients, fields, body, queue_id, parameters, macros):
            answer = step()
            if answer is not None and answer.action not in ('continue', 'skip'):
                return answer
        return self.eom(macros={'i': queue_id} if queue_id else None) if last else None

    def _steps(self, sender, recipients, fields, body, queue_id, parameters, macros):
        ids = {'i': queue_id} if queue_id else {}
        yield lambda: self.mail(sender, parameters, dict(macros or {}))
        for recipient in recipients:
            yield lambda: self.rcpt(recipient)
        yield lambda: self.data(ids)
        for name, value in fields:
            yield lambda: self.header(name, value)
        yield lambda: self.eoh()
        if body:
            yield lambda: self.body(body)


def send_message(spec, message, sender='<a@example.com>', recipients=('<b@example.org>',),
                 host='mail.example.com', address='192.0.2.1', port=25001, helo='mail.example.com',
                 queue_id='4Xq1', parameters=(), macros=None, connect_macros=None, **options):
    """One connection with one message: the Answer to it (or to what was refused before)."""
    with Client(spec, **options) as mta:
        for answer in (mta.connect(host, address, port, connect_macros), mta.helo(helo)):
            if answer is not None and answer.action != 'continue':
                return answer
        answer = mta.message(sender, recipients, message, queue_id, parameters, macros)
        mta.quit()
        return answer
