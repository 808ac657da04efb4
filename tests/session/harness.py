"""Runs the built alignd for one test: settings from a dict, a zone file, its
log and journal read back; and the small check library of the session tests.

    with Daemon({'dry_run': True}, zone=ZONE) as daemon:
        answer = daemon.send(MESSAGE, sender='<a@example.com>')
        check('answer', 'continue', answer.action)
        line = daemon.message_lines(1)[0]      # {'id': '4Xq1', 'result': 'fail', ...}

The daemon runs in the foreground in a folder of its own, which is removed at the
end. Leaving the block stops it with TERM and checks that it ended with code 0
and that no sanitizer said anything.
"""

import json
import os
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import journal_files
import milter

BUILD = os.path.abspath(os.environ.get('builddir') or os.path.join(os.path.dirname(__file__), '../..'))
ALIGND = os.environ.get('ALIGND') or os.path.join(BUILD, 'milter', 'alignd')
PATIENCE_S = int(os.environ.get("PATIENCE_S") or 60)         # nothing that is waited for takes this long unless it is broken


class Failed(AssertionError):
    pass


class Needs(Exception):
    """A case cannot run here."""


def need_root():
    if os.getuid() != 0:
        raise Needs('root')


def check(what, wanted, got):
    if wanted != got:
        raise Failed('%s: wanted %r, got %r' % (what, wanted, got))


def check_that(what, truth, detail=''):
    if not truth:
        raise Failed('%s %s' % (what, detail))


def wait_for(what, condition, timeout_s=PATIENCE_S):
    """Until condition() gives something; it is returned."""
    until = time.monotonic() + timeout_s
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > until:
            raise Failed('waited for %s in vain' % what)
        time.sleep(0.005)


def take_port(host):
    """A port that nobody else is given while the socket is open; the daemon, which takes a port that
    is bound and not listened on (SO_REUSEADDR), can have it."""
    held = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind((host, 0))
    return held


# settings

class Verbatim(str):
    """A value as the settings file has it: a rule, a list of rules."""


def write_value(value):
    if isinstance(value, Verbatim):
        return value
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return '{ %s }' % ' '.join('%s = %s;' % (key, write_value(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)) and value and isinstance(value[0], dict):
        return '( %s )' % ',\n  '.join(write_value(item) for item in value)
    if isinstance(value, (list, tuple)):
        return '[ %s ]' % ', '.join(write_value(item) for item in value)
    return '"%s"' % str(value).replace('\\', '\\\\').replace('"', '\\"')


def write_settings(settings):
    """{'dry_run': True, 'dmarc.discovery': 'psl'} in libconfig syntax; a list of dicts is a
    list of groups (rules)."""
    groups, lines = {}, []
    for name, value in settings.items():
        group, dot, key = name.rpartition('.')
        if value is None:
            continue
        if dot:
            groups.setdefault(group, []).append('    %s = %s;' % (key, write_value(value)))
        else:
            lines.append('%s = %s;' % (name, write_value(value)))
    for group, rows in groups.items():
        lines.append('%s: {\n%s\n};' % (group, '\n'.join(rows)))
    return '\n'.join(lines) + '\n'


# log lines

PAIR = re.compile(r' ([A-Za-z0-9_.-]+)=("(?:[^"\\]|\\.)*"|[^ "]*)')


def unquote(value):
    if not value.startswith('"'):
        return value

    def one(match):
        return chr(int(match.group(1), 16)) if match.group(1) else match.group(2)

    return re.sub(r'\\(?:x([0-9A-F]{2})|(.))', one, value[1:-1])


def parse_line(line):
    """'QID: a=b c="d e"' -> {'id': 'QID', 'a': 'b', 'c': 'd e'}; 'event=x ...' likewise."""
    if line.startswith('event='):
        line = ': ' + line
    head, _, rest = line.partition(':')
    pairs = {key: unquote(value) for key, value in PAIR.findall(rest)}
    if PAIR.sub('', rest) != '':
        raise Failed('a log line that is not key=value: %r' % line)
    if head:
        pairs['id'] = head
    return pairs


class Daemon:
    """`settings` over the defaults below (None takes one away); `zone`: the text of a
    zone file (''/None: an empty one, unless dns.servers is set); `kind`: 'unix', 'inet'
    or 'inet6'; `wait` False: do not wait until it is ready; `exit_code`: what stop()
    wants to see."""

    def __init__(self, settings=None, zone=None, kind='unix', wait=True, exit_code=0,
                 arguments=(), environment=None):
        self.folder = tempfile.mkdtemp(prefix='alignd-')
        os.chmod(self.folder, 0o755)
        self.exit_code = exit_code
        self.lines, self.process, self.environment = [], None, environment or {}
        self.port, self.socket = self.choose_socket(kind)
        self.settings = {
            'socket': self.socket,
            'user': pwd.getpwuid(os.getuid()).pw_name,
            'authserv_id': 'mx.receiver.example',
            'dry_run': False,
            'mode': 'honor',
            'quarantine.method': 'header',
            'journal.directory': self.path('journal'),
            'journal.min_free': 0,
            'store.driver': 'none',             # test_store.py has one
            'sample.key_file': self.path('sample.key'),
            'dns.zone_file': self.path('zone'),
        }
        self.settings.update(settings or {})
        if 'dns.servers' in self.settings:
            self.settings['dns.zone_file'] = None
        self.write_zone(zone or '')
        self.write_settings()
        self.arguments = list(arguments)
        self.start(wait)

    def choose_socket(self, kind):
        """(what keeps the port from others or None, the settings' socket)"""
        if kind == 'unix':
            return None, 'local:' + self.path('alignd.sock')
        host = {'inet': '127.0.0.1', 'inet6': '::1'}[kind]
        held = take_port(host)
        return held, '%s:%d@%s' % (kind, held.getsockname()[1], host)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write_zone(self, text):
        with open(self.path('zone'), 'w') as out:
            out.write(text)

    def write_settings(self, changes=None, text=None):
        self.settings.update(changes or {})
        with open(self.path('alignd.conf'), 'w') as out:
            out.write(write_settings(self.settings) if text is None else text)

    def start(self, wait=True):
        environment = dict(os.environ, LC_ALL='C.UTF-8')
        environment.pop('NOTIFY_SOCKET', None)
        here = os.path.dirname(os.path.abspath(__file__))
        environment.setdefault('LSAN_OPTIONS', 'suppressions=%s/lsan.supp' % here +
                               ':print_suppressions=0')
        environment.setdefault('TSAN_OPTIONS', 'history_size=7 suppressions=%s/tsan.supp' % here)
        environment.update(self.environment)
        command = [ALIGND, '-f', '-c', self.path('alignd.conf')] + self.arguments
        prefix = os.environ.get('ALIGND_PREFIX')        # valgrind and the like
        if prefix:
            command = prefix.split() + command
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        env=environment)
        self.reader = threading.Thread(target=self._read, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        if wait:
            wait_for('the daemon to be ready',
                     lambda: self.events('ready') or self.process.poll() is not None)
            if self.process.poll() is not None:
                self.wait_end()
                raise Failed('the daemon did not start: %s' % '\n'.join(self.lines))

    def _read(self, stream):
        for line in stream:
            self.lines.append(line.decode('latin-1').rstrip('\n'))

    # what it says

    def events(self, name):
        return [parse_line(line) for line in list(self.lines)
                if line.startswith('event=%s ' % name) or line == 'event=%s' % name]

    def wait_event(self, name, number=1):
        return wait_for('event=%s' % name, lambda: len(self.events(name)) >= number and
                        self.events(name))[number - 1]

    def raw_message_lines(self):
        return [line for line in list(self.lines) if re.match(r'[A-Za-z0-9_.-]+: ', line)
                and ' done=' in line]

    def message_lines(self, number):
        """The lines of messages, once there are `number`; more are a failure."""
        wait_for('%d message lines' % number, lambda: len(self.raw_message_lines()) >= number)
        found = self.raw_message_lines()
        check('number of message lines', number, len(found))
        return [parse_line(line) for line in found]

    def journal(self):
        """All lines of the journal, oldest first. A decision that a slow disk let wait in memory
        (its log line says so) is waited for."""
        late = [line for line in self.raw_message_lines() if line.endswith(' journaled=no')]
        if late:
            wait_for('the lines that the log calls not journaled', lambda: len(
                self.journaled()) >= len(self.raw_message_lines()))
        return self.journaled()

    def journaled(self):
        # one without its end is about to be written
        return [json.loads(line) for line in journal_files.lines_of(self.path('journal'))
                if line.endswith(b'\n')]

    def is_sanitized(self):
        with open('/proc/%d/maps' % self.process.pid) as maps:
            return re.search(r'lib[at]san|valgrind', maps.read()) is not None

    def memory_kb(self, what='VmRSS'):
        with open('/proc/%d/status' % self.process.pid) as status:
            return int(re.search(r'%s:\s+(\d+)' % what, status.read()).group(1))

    # talking to it

    def client(self, **options):
        return milter.Client(self.socket, **options)

    def send(self, message, **options):
        return milter.send_message(self.socket, message, **options)

    def kill(self, number):
        self.process.send_signal(number)

    def reload(self, changes=None, text=None, by=signal.SIGHUP):
        """Writes new settings, asks for a reload, waits for what it says about it."""
        before = len([event for event in self.events('reload') if 'result' in event])
        self.write_settings(changes, text)
        self.kill(by)
        return wait_for('the reload', lambda: [event for event in self.events('reload')
                                               if 'result' in event][before:])[0]

    def wait_end(self):
        """Until it has ended and all that it said has been read."""
        self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)

    def stop(self, by=signal.SIGTERM):
        """Stops it if it still runs; checks how it ended."""
        if self.process.poll() is None:
            self.kill(by)
        try:
            self.wait_end()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Failed('the daemon did not stop')
        self.process.stderr.close()
        said = [line for line in self.lines
                if 'Sanitizer' in line or 'runtime error' in line or 'Assertion' in line]
        check('sanitizer and assertion messages', [], said)
        check('exit code', self.exit_code, self.process.returncode)

    def discard(self):
        """Removes the folder of a daemon that is not running."""
        if self.port is not None:
            self.port.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            elif self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind is not None:
                sys.stdout.write(''.join('    | %s\n' % line for line in self.lines[-25:]))
        finally:
            self.discard()


class NameServer:
    """tests/nameserver.py with the text of a zone; command() as described there. `port` 0: any.
    Settings for a daemon that asks it: **server.settings(). `signed`: a domain with all below it;
    anchor() is its key."""

    def __init__(self, zone, port=0, signed=None):
        self.folder = tempfile.mkdtemp(prefix='alignd-dns-')
        with open(os.path.join(self.folder, 'zone'), 'w') as out:
            out.write(zone)
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'nameserver.py')
        self.process = subprocess.Popen(
            ['/usr/bin/python3', program, '--zone', os.path.join(self.folder, 'zone'),
             '--log', os.path.join(self.folder, 'log'), '--port', str(port)] +
            (['--signed', '%s=%s' % (signed, self.folder)] if signed else []),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith('port '):
            raise Failed('the name server did not start: %r' % line)
        self.port = int(line.split()[1])
        self.signed = signed

    def anchor(self):
        return os.path.join(self.folder, self.signed + '.anchor')

    def settings(self):
        return {'dns.servers': ['127.0.0.1@%d' % self.port]}

    def patient(self):
        """settings() of a daemon that waits for what is held back, however long the test takes."""
        return dict(self.settings(), **{'dns.timeout_ms': 60000, 'dns.budget_ms': 120000})

    def command(self, text):
        self.process.stdin.write(text + '\n')
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], PATIENCE_S)[0]:
            raise Failed('waited for the name server in vain: %s' % text)
        answer = self.process.stdout.readline()
        if not answer.startswith('ok'):
            raise Failed('%s: %s' % (text, answer))
        return answer[2:].strip()

    def log(self, event):
        """['NAME TYPE', ...] of the log lines with this event."""
        with open(os.path.join(self.folder, 'log')) as lines:
            rows = [line.split() for line in lines]
        return ['%s %s' % tuple(row[-2:]) for row in rows if row[1] == event]

    def asked_twice(self):
        """What was asked again just after it was answered. The resolver's library asks again by
        itself when an answer does not come in its time, and does not listen for the first any more:
        so nothing is said of an answer that may have been late, nor of a question that comes later
        than at once, from a library that may have been kept from reading."""
        answered, twice = {}, set()
        with open(os.path.join(self.folder, 'log')) as lines:
            for row in (line.split() for line in lines):
                question, when = '%s %s' % tuple(row[-2:]), float(row[0])
                if row[1] == 'question' and when - answered.get(question, 0) < 0.1:
                    twice.add(question)
                elif row[1] in ('answer', 'released'):
                    answered[question] = when
                elif row[1] == 'late':
                    del answered[question]
        return sorted(twice)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
