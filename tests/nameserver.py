#!/usr/bin/python3
"""An authoritative name server on loopback for tests, demonstrations and
benchmarks: it answers from zone files in the format of lib/auth/resolver_zone.c,
over UDP and TCP on one port, and misbehaves on request.

    tests/nameserver.py --zone FILE [--log FILE] [--hold PATTERN] ...

It prints "port N" when it is ready and ends when standard input is closed (with
--no-stdin on SIGTERM).

Options (each may be repeated where that makes sense):
    --zone FILE          records to answer from
    --listen ADDRESS     127.0.0.1
    --port N             0: any free one
    --log FILE           one line per event, see below
    --control PATH       a unix socket that takes the same commands as stdin
    --signed ZONE=DIR    sign what is in ZONE (Ed25519); writes the trust anchor
                         to DIR/ZONE.anchor ("forged" spoils the signatures)
    --hold, --silent, --servfail, --refuse, --truncate, --wrong-id, --garbage,
    --forged PATTERN     as the command of that name
    --delay MS:PATTERN

Commands, one per line on standard input; each is answered with one line that
begins with "ok" or "error":
    hold PATTERN         keep the answers back until they are released
    release PATTERN      send what is held and stop holding the pattern
    delay MS PATTERN     answer later
    silent PATTERN       never answer
    servfail PATTERN, refuse PATTERN        that response code
    truncate PATTERN     TC and nothing else over UDP, whole over TCP
    wrong-id PATTERN     answer with another query's id
    garbage PATTERN      answer with octets that are no message
    forged PATTERN       (signed zones) wrong signatures
    normal [PATTERN]     forget the behaviour of a pattern, or every one
    add LINE             one more line of a zone file
    clear                no records any more
    count PATTERN        "ok N": questions so far
    wait N PATTERN       "ok" as soon as N questions have come; later commands of
                         the same channel wait too
    forget               counts start from 0 again
    quit

A PATTERN is a shell pattern over the lower-case name, or over NAME/TYPE when it
has a slash: "_dmarc.*", "*.example.com", "*/TXT".

Log lines: SECONDS question|answer|held|released|late PROTOCOL NAME TYPE (monotonic clock).
late: of the answer before; whoever asked has closed his socket, so it may not have reached him.

A zone outcome TIMEOUT is silence here; BOGUS and BUSY are SERVFAIL. Answers are
made once and kept, so that some ten thousand a second are possible.
Only --signed needs dnspython.
"""
import argparse
import asyncio
import fnmatch
import os
import signal
import socket
import struct
import sys
import threading
import time

TYPES = {'A': 1, 'CNAME': 5, 'PTR': 12, 'MX': 15, 'TXT': 16, 'AAAA': 28}
CNAME, TXT, SOA, OPT, RRSIG, DNSKEY = 5, 16, 6, 41, 46, 48
TYPE_NAMES = {number: name for name, number in TYPES.items()}
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
OUTCOMES = {'NODATA', 'NXDOMAIN', 'BAD-NAME', 'SERVFAIL', 'TIMEOUT', 'BOGUS', 'BUSY'}
BEHAVIOURS = ('hold', 'silent', 'servfail', 'refuse', 'truncate', 'wrong-id', 'garbage', 'forged')
CNAME_HOPS = 16
NEGATIVE_TTL = 60


class ZoneError(Exception):
    pass


def name_wire(name):
    labels = [label.encode('latin-1') for label in name.split('.')] if name else []
    if any(not 0 < len(label) < 64 for label in labels):
        raise ZoneError('%s is no domain name' % name)
    return b''.join(bytes([len(label)]) + label for label in labels) + b'\0'


def record_wire(owner, rdtype, ttl, rdata):
    return owner + struct.pack('!HHIH', rdtype, 1, ttl, len(rdata)) + rdata


def tokens_of(line):
    """Words and quoted strings, a comment ends the line."""
    at, out = 0, []
    while True:
        while at < len(line) and line[at] in ' \t\r\n':
            at += 1
        if at >= len(line) or line[at] in '#;':
            return out
        if line[at] != '"':
            end = at
            while end < len(line) and line[end] not in ' \t\r\n':
                end += 1
            out.append((False, line[at:end]))
            at = end
            continue
        end, text = at + 1, bytearray()
        while end < len(line) and line[end] != '"':
            if line[end] != '\\':
                text += line[end].encode('latin-1')
                end += 1
            elif line[end + 1:end + 2].isdigit():
                octet = line[end + 1:end + 4]
                if len(octet) != 3 or not octet.isdigit() or int(octet) > 255:
                    raise ZoneError('\\%s is no octet' % octet)
                text.append(int(octet))
                end += 4
            else:
                text += line[end + 1:end + 2].encode('latin-1')
                end += 2
        if end >= len(line):
            raise ZoneError('a quoted string does not end')
        out.append((True, bytes(text)))
        at = end + 1


class Node:
    def __init__(self):
        self.ttl = 3600
        self.records = {}       # type -> [data on the wire]
        self.outcome = None     # for every type
        self.outcomes = {}      # type -> outcome
        self.alias = None


class Zone:
    """The picture of resolver_zone.c."""

    def __init__(self):
        self.nodes = {}

    def node(self, name):
        parent = name
        while '.' in parent:
            parent = parent.split('.', 1)[1]
            self.nodes.setdefault(parent, Node())
        return self.nodes.setdefault(name, Node())

    def load(self, path):
        with open(path, encoding='latin-1') as lines:
            for number, line in enumerate(lines, 1):
                try:
                    self.add(line)
                except (ZoneError, ValueError, IndexError, TypeError, OSError, struct.error) as error:
                    raise ZoneError('%s:%d: %s' % (path, number, error)) from error

    def add(self, line):
        tokens = tokens_of(line)
        if not tokens:
            return
        if len(tokens) < 2 or tokens[0][0]:
            raise ZoneError('a name and a type are needed')
        name, rest, ttl = tokens[0][1].lower().rstrip('.'), tokens[1:], 3600
        if not rest[0][0] and rest[0][1].isdigit():
            ttl, rest = int(rest[0][1]), rest[1:]
        if rest and not rest[0][0] and rest[0][1].upper() == 'IN':
            rest = rest[1:]
        if not rest or rest[0][0]:
            raise ZoneError('the type is missing')
        self.add_typed(name, rest[0][1].upper(), [token for token in rest[1:]])
        self.nodes[name].ttl = ttl

    def add_typed(self, name, word, data):
        node = self.node(name)
        texts = [text for _, text in data]
        if word in OUTCOMES and not data:
            node.outcome = word
        elif word not in TYPES:
            raise ZoneError('%s is no type and no outcome that is known here' % word)
        elif len(data) == 1 and not data[0][0] and texts[0].upper() in OUTCOMES:
            node.outcomes[TYPES[word]] = texts[0].upper()
        elif word == 'CNAME':
            node.alias = texts[0].lower().rstrip('.')
        else:
            node.records.setdefault(TYPES[word], []).append(self.rdata(word, data))

    @staticmethod
    def rdata(word, data):
        texts = [text for _, text in data]
        if word == 'TXT':
            if not data or not all(quoted for quoted, _ in data):
                raise ZoneError('TXT data must be quoted')
            wire = b''
            for text in texts:
                pieces = [text[i:i + 255] for i in range(0, len(text), 255)] or [b'']
                wire += b''.join(bytes([len(piece)]) + piece for piece in pieces)
        elif word == 'A':
            wire = socket.inet_pton(socket.AF_INET, *texts)
        elif word == 'AAAA':
            wire = socket.inet_pton(socket.AF_INET6, *texts)
        elif word == 'MX':
            wire = struct.pack('!H', int(texts[0])) + name_wire(texts[1].rstrip('.'))
        else:
            wire = name_wire(texts[0].rstrip('.'))
        return wire

    def find(self, name):
        """The node that answers for a name (RFC 4592), or None."""
        if name in self.nodes:
            return self.nodes[name]
        parent = name
        while '.' in parent:
            parent = parent.split('.', 1)[1]
            if parent in self.nodes:
                return self.nodes.get('*.' + parent)
        return self.nodes.get('*')

    def answer(self, name, rdtype):
        """(response code or None for silence, [(owner, type, ttl, [data])], last name)"""
        chain = []
        for _ in range(CNAME_HOPS):
            node = self.find(name)
            if node is None:
                return NXDOMAIN, chain, name
            outcome = node.outcomes.get(rdtype, node.outcome)
            if outcome == 'TIMEOUT':
                return None, chain, name
            if outcome in ('NXDOMAIN', 'BAD-NAME'):
                return NXDOMAIN, chain, name
            if outcome == 'NODATA':
                return NOERROR, chain, name
            if outcome is not None:
                return SERVFAIL, chain, name
            if rdtype in node.records:
                chain.append((name, rdtype, node.ttl, node.records[rdtype]))
                return NOERROR, chain, name
            if node.alias is None:
                return NOERROR, chain, name
            chain.append((name, CNAME, node.ttl, [name_wire(node.alias)]))
            if rdtype == CNAME:
                return NOERROR, chain, name
            name = node.alias
        return NOERROR, chain, name     # a loop is the resolver's to find


class Signer:
    """Signs the positive answers of one zone (Ed25519)."""

    def __init__(self, zone, folder):
        from cryptography.hazmat.primitives.asymmetric import ed25519
        import dns.dnssec
        import dns.name
        import dns.rrset
        self.dns = dns
        self.zone = zone.lower().rstrip('.')
        self.name = dns.name.from_text(self.zone)
        self.key = ed25519.Ed25519PrivateKey.generate()
        self.dnskey = dns.dnssec.make_dnskey(self.key.public_key(), dns.dnssec.ED25519, flags=257)
        digest = dns.dnssec.make_ds(self.name, self.dnskey, 'SHA256')
        with open(os.path.join(folder, self.zone + '.anchor'), 'w', encoding='ascii') as anchor:
            anchor.write('%s IN DS %s\n' % (self.name, digest.to_text()))

    def covers(self, name):
        return name == self.zone or name.endswith('.' + self.zone)

    def sign(self, owner, rdtype, ttl, datas, forged):
        """The RRSIG's data."""
        rrset = self.dns.rrset.from_rdata_list(self.dns.name.from_text(owner), ttl, [
            self.dns.rdata.from_wire(1, rdtype, data, 0, len(data)) for data in datas])
        signature = self.dns.dnssec.sign(rrset, self.key, self.name, self.dnskey, lifetime=86400)
        wire = bytearray(signature.to_wire())
        if forged:
            wire[-1] ^= 1
        return bytes(wire)


class Question:
    """The fixed part of a query, read by hand: it must be fast."""

    def __init__(self, wire):
        self.ident, flags, questions, _, _, extra = struct.unpack_from('!6H', wire)
        if flags & 0x8000 or questions != 1:
            raise ValueError('no query')
        labels, at = [], 12
        while wire[at] != 0:
            if wire[at] > 63:
                raise ValueError('compressed question')
            labels.append(wire[at + 1:at + 1 + wire[at]])
            at += 1 + wire[at]
        self.rdtype, self.rdclass = struct.unpack_from('!2H', wire, at + 1)
        self.name = b'.'.join(labels).decode('latin-1').lower()
        self.wire = wire[12:at + 5]
        self.recursion = bool(flags & 0x0100)
        self.edns = extra > 0 and wire[at + 5:at + 8] == b'\0\0\x29'
        self.size = max(512, struct.unpack_from('!H', wire, at + 8)[0]) if self.edns else 512
        self.dnssec = self.edns and bool(struct.unpack_from('!H', wire, at + 12)[0] & 0x8000)
        self.type_name = TYPE_NAMES.get(self.rdtype, 'TYPE%d' % self.rdtype)


class Answer:
    """A message made once; id, question and the RD bit are the asker's."""

    def __init__(self, wire):
        self.wire = wire

    def to(self, question, behaviours, udp):
        wire = bytearray(self.wire)
        end = 12 + len(question.wire)
        struct.pack_into('!H', wire, 0, question.ident)
        wire[12:end] = question.wire    # same length, maybe other case
        if question.recursion:
            wire[2] |= 0x01
        if udp and ('truncate' in behaviours or len(wire) > question.size):
            wire = wire[:end]
            wire[2] |= 0x02
            wire[6:12] = bytes(6)
        if 'wrong-id' in behaviours:
            wire[0] ^= 0xff
        if 'garbage' in behaviours:
            wire = wire[:2] + b'\xff' * 7
        return bytes(wire)


def is_taken(address):
    """Whether somebody has the UDP socket of an address of ours."""
    family = socket.AF_INET6 if ':' in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(address)
        except OSError:
            return True
    return False


class Server:
    def __init__(self, options):
        self.zone = Zone()
        for path in options.zone:
            self.zone.load(path)
        self.signers = [Signer(*text.split('=', 1)) for text in options.signed]
        self.rules = []         # (pattern, behaviour, argument)
        self.answers = {}
        self.held = []          # (question, protocol, send)
        self.counts = {}        # (name, type name) -> n
        self.waiters = []       # (n, pattern, future)
        self.log = open(options.log, 'w', buffering=1, encoding='latin-1') if options.log else None
        for behaviour in BEHAVIOURS:
            for pattern in getattr(options, behaviour.replace('-', '_')):
                self.rules.append((pattern.lower(), behaviour, None))
        for text in options.delay:
            delay, pattern = text.split(':', 1)
            self.rules.append((pattern.lower(), 'delay', int(delay) / 1000))
        self.loop = asyncio.get_running_loop()
        self.stopped = self.loop.create_future()

    def stop(self):
        if not self.stopped.done():
            self.stopped.set_result(None)

    # Questions and answers

    def note(self, event, protocol, question):
        if self.log:
            self.log.write('%.6f %s %s %s %s\n' % (time.monotonic(), event, protocol, question.name,
                                                   question.type_name))

    @staticmethod
    def fits(pattern, name, type_name):
        if '/' in pattern:
            name = '%s/%s' % (name, type_name.lower())
        return fnmatch.fnmatchcase(name, pattern)

    def behaviours(self, question):
        out = {}
        for pattern, behaviour, argument in self.rules:
            if self.fits(pattern, question.name, question.type_name):
                out.setdefault(behaviour, argument)
        return out

    def count(self, pattern):
        return sum(n for (name, type_name), n in self.counts.items()
                   if self.fits(pattern, name, type_name))

    def note_question(self, protocol, question):
        key = (question.name, question.type_name)
        self.counts[key] = self.counts.get(key, 0) + 1
        self.note('question', protocol, question)
        for waiter in self.waiters[:]:
            n, pattern, future = waiter
            if self.count(pattern) >= n:
                self.waiters.remove(waiter)
                if not future.done():
                    future.set_result(None)

    def look_up(self, question, signer):
        if question.rdclass != 1:
            return REFUSED, [], question.name
        if signer and question.rdtype == DNSKEY and question.name == signer.zone:
            return NOERROR, [(signer.zone, DNSKEY, 300, [signer.dnskey.to_wire()])], question.name
        return self.zone.answer(question.name, question.rdtype)

    @staticmethod
    def soa(name):
        """A negative answer is kept for the SOA's minimum (RFC 2308 5). Its zone
        is the top-level name, since any name below it may be here."""
        data = name_wire('ns.invalid') + name_wire('hostmaster.invalid') + \
            struct.pack('!5I', 1, 3600, 600, 86400, NEGATIVE_TTL)
        return record_wire(name_wire(name.rsplit('.', 1)[-1]), SOA, NEGATIVE_TTL, data)

    def make(self, question, forged):
        """The answer, or None for silence."""
        signer = next((s for s in self.signers if s.covers(question.name)), None)
        rcode, chain, last = self.look_up(question, signer)
        if rcode is None:
            return None
        answers, authority = [], []
        for owner, rdtype, ttl, datas in chain:
            name = b'\xc0\x0c' if owner == question.name else name_wire(owner)
            answers += [record_wire(name, rdtype, ttl, data) for data in datas]
            if signer and question.dnssec and signer.covers(owner):
                answers.append(record_wire(name, RRSIG, ttl,
                                           signer.sign(owner, rdtype, ttl, datas, forged)))
        if rcode in (NOERROR, NXDOMAIN) and not (chain and chain[-1][1] == question.rdtype):
            authority.append(self.soa(last))
        extra = struct.pack('!BHHIH', 0, OPT, 1232, 0x8000 if question.dnssec else 0, 0)
        head = struct.pack('!6H', 0, 0x8480 | rcode, 1, len(answers), len(authority),
                           int(question.edns))
        wire = head + question.wire + b''.join(answers + authority) + (extra if question.edns else b'')
        return Answer(wire) if len(wire) <= 65535 else self.error(question, SERVFAIL)

    @staticmethod
    def error(question, rcode):
        return Answer(struct.pack('!6H', 0, 0x8480 | rcode, 1, 0, 0, 0) + question.wire)

    def answer_for(self, question, behaviours):
        if 'servfail' in behaviours:
            return self.error(question, SERVFAIL)
        if 'refuse' in behaviours:
            return self.error(question, REFUSED)
        key = (question.name, question.rdtype, question.rdclass, question.edns, question.dnssec,
               'forged' in behaviours)
        if key not in self.answers:
            if len(self.answers) > 200000:
                self.answers.clear()
            self.answers[key] = self.make(question, 'forged' in behaviours)
        return self.answers[key]

    def handle(self, wire, protocol, send, asker=None):
        try:
            question = Question(wire)
        except (ValueError, IndexError, struct.error):
            return
        self.note_question(protocol, question)
        behaviours = self.behaviours(question) if self.rules else {}
        if 'silent' in behaviours:
            return
        answer = self.answer_for(question, behaviours)
        if answer is None:
            return

        def finish(event='answer'):
            self.note(event, protocol, question)
            send(answer.to(question, behaviours, protocol == 'udp'))
            if self.log and asker is not None and not is_taken(asker):
                self.note('late', protocol, question)

        if 'hold' in behaviours:
            self.note('held', protocol, question)
            self.held.append((question, finish))
        elif 'delay' in behaviours:
            self.loop.call_later(behaviours['delay'], finish)
        else:
            finish()

    # Commands

    def release(self, pattern):
        self.rules = [rule for rule in self.rules if rule[:2] != (pattern, 'hold')]
        held, self.held = self.held, []
        released = 0
        for question, finish in held:
            if self.fits(pattern, question.name, question.type_name):
                finish('released')
                released += 1
            else:
                self.held.append((question, finish))
        return 'ok %d' % released

    async def wait(self, words):
        n, pattern = int(words[0]), words[1].lower()
        if self.count(pattern) < n:
            future = self.loop.create_future()
            self.waiters.append((n, pattern, future))
            await future
        return 'ok'

    async def command(self, line):
        word, _, rest = line.strip().partition(' ')
        rest = rest.strip()
        if word in BEHAVIOURS and rest:
            self.rules.append((rest.lower(), word, None))
        elif word == 'delay':
            delay, pattern = rest.split()
            self.rules.append((pattern.lower(), word, int(delay) / 1000))
        elif word == 'normal':
            self.rules = [rule for rule in self.rules if rest and rule[0] != rest.lower()]
        elif word == 'release':
            return self.release(rest.lower())
        elif word == 'add':
            self.zone.add(rest)
            self.answers.clear()
        elif word == 'clear':
            self.zone = Zone()
            self.answers.clear()
        elif word == 'count':
            return 'ok %d' % self.count(rest.lower())
        elif word == 'wait':
            return await self.wait(rest.split())
        elif word == 'forget':
            self.counts.clear()
        elif word == 'quit':
            self.stop()
        else:
            return 'error: no such command'
        return 'ok'

    async def reply(self, line):
        try:
            return await self.command(line)
        except (ZoneError, ValueError, IndexError, TypeError, OSError, struct.error) as error:
            return 'error: %s' % str(error).replace('\n', ' ')

    async def serve_control(self, reader, writer):
        while line := await reader.readline():
            writer.write((await self.reply(line.decode('latin-1')) + '\n').encode('latin-1'))
            await writer.drain()
        writer.close()

    async def serve_stdin(self):
        lines = asyncio.Queue()

        def read():
            for line in sys.stdin.buffer:
                self.loop.call_soon_threadsafe(lines.put_nowait, line)
            self.loop.call_soon_threadsafe(self.stop)

        threading.Thread(target=read, daemon=True).start()
        while True:
            line = await lines.get()
            print(await self.reply(line.decode('latin-1')), flush=True)

    # Sockets

    async def serve_tcp(self, reader, writer):
        def send(wire):
            if not writer.is_closing():
                writer.write(struct.pack('!H', len(wire)) + wire)

        try:
            while True:
                size, = struct.unpack('!H', await reader.readexactly(2))
                self.handle(await reader.readexactly(size), 'tcp', send)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def listen(self, address, port):
        """UDP and TCP on one port; tries others when any will do."""
        family = socket.AF_INET6 if ':' in address else socket.AF_INET
        for attempt in range(50):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            udp.bind((address, port))
            number = udp.getsockname()[1]
            try:
                tcp = await asyncio.start_server(self.serve_tcp, address, number, backlog=512)
            except OSError:
                udp.close()
                if port or attempt == 49:
                    raise
                continue
            await self.loop.create_datagram_endpoint(lambda: Datagrams(self), sock=udp)
            return number, tcp
        return None


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        transport = self.transport
        self.server.handle(data, 'udp', lambda wire: transport.sendto(wire, addr), addr)

    def error_received(self, exc):
        pass                    # the asker has gone


async def run(options):
    server = Server(options)
    port, _tcp = await server.listen(options.listen, options.port)
    tasks = []
    for number in (signal.SIGTERM, signal.SIGINT):
        server.loop.add_signal_handler(number, server.stop)
    if options.control:
        if os.path.exists(options.control):
            os.unlink(options.control)
        await asyncio.start_unix_server(server.serve_control, options.control)
    print('port %d' % port, flush=True)
    if not options.no_stdin:
        tasks.append(asyncio.create_task(server.serve_stdin()))
    await server.stopped


def main():
    parser = argparse.ArgumentParser(description='a name server for tests; see the head of the file')
    for name in ('zone', 'signed', 'delay') + BEHAVIOURS:
        parser.add_argument('--' + name, action='append', default=[])
    parser.add_argument('--listen', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--log')
    parser.add_argument('--control')
    parser.add_argument('--no-stdin', action='store_true')
    try:
        asyncio.run(run(parser.parse_args()))
    except (ZoneError, OSError, ValueError) as error:
        sys.exit('nameserver: %s' % error)


if __name__ == '__main__':
    main()
