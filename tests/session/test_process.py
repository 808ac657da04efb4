"""The process: options, exit codes, start, reload, stop."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time

import harness
import milter
from harness import ALIGND, Daemon, check, check_that, wait_for
from samples import GENUINE, SENDER_IP, SPOOFED, ZONE, message


def run(*arguments, **options):
    done = subprocess.run([ALIGND, *arguments], capture_output=True, text=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr


def stopped():
    """Settings of a daemon that is not running any more, in a folder to play in."""
    daemon = Daemon(zone=ZONE)
    daemon.stop()
    return daemon


def test_options():
    """-h, -V, usage errors, settings that are not there"""
    code, out, _ = run('--help')
    check('help', 0, code)
    check_that('examples', 'Examples:' in out and '-n' in out, out)
    code, out, _ = run('-V')
    check('version', 0, code)
    check_that('libraries', all(name in out for name in ('libmilter', 'libopendkim', 'libspf2', 'libpsl')), out)
    check('unknown option', 64, run('-Z')[0])
    check('argument too many', 64, run('-n', 'what')[0])
    check('no value', 64, run('-c')[0])
    code, _, err = run('-n', '-c', '/nonexistent/alignd.conf')
    check('no settings', 78, code)
    check_that('names the file', '/nonexistent/alignd.conf' in err, err)


def test_check_settings():
    """-n: in order, or every fault with file and line; nothing is started"""
    daemon = stopped()
    conf = daemon.path('alignd.conf')
    code, out, err = run('-n', '-c', conf)
    check('in order', (0, ''), (code, err))
    with open(conf, 'a') as out_file:
        out_file.write('nonsense = 1;\ndmarc2: { a = 1; };\nstop_timeout = 100000;\n')
    for arguments in (('-n',), ('-f',), ()):
        code, _, err = run(*arguments, '-c', conf)
        check('faults with %r' % (arguments,), 78, code)
        check('one line each', 3, len(err.splitlines()))
        for line in err.splitlines():
            check_that('file and line', line.startswith(conf + ':'), line)
    check('no socket', False, os.path.exists(daemon.path('alignd.sock')))
    daemon.discard()


def test_check_files():
    """-n: what a start would fail by is said, too: no suffix list, no anchor, no zone"""
    daemon = stopped()
    conf = daemon.path('alignd.conf')
    with open(daemon.path('junk'), 'w') as out:
        out.write('no list, no zone\n')
    usual = daemon.settings
    for name, path, text in (
            ('dmarc.psl_file', '/nonexistent/list', 'is no public suffix list'),
            ('dmarc.psl_file', daemon.folder, 'is no public suffix list'),
            ('dns.trust_anchor', '/nonexistent/root.key', 'dns.trust_anchor: the file is missing'),
            ('dns.zone_file', daemon.path('junk'), 'junk'),
            ('group', 'no-such-group', 'there is no group "no-such-group"')):
        daemon.settings = dict(usual, **{name: path})
        daemon.write_settings()
        code, out, err = run('-n', '-c', conf)
        check('%s = %s' % (name, path), (78, ''), (code, out))
        check_that('said', err.startswith(conf + ':') and text in err, err)
    daemon.discard()


def test_check_user():
    """-n: a user that is not there is the fault, not that others own the files"""
    harness.need_root()
    daemon = stopped()
    conf = daemon.path('alignd.conf')
    daemon.write_settings({'user': 'no-such-user'})
    code, _, err = run('-n', '-c', conf)
    check('exit code', 78, code)
    check_that('the one fault', 'user: there is no user "no-such-user"' in err and
               len(err.splitlines()) == 1, err)
    daemon.discard()


def test_background():
    """in the background: the starter returns when it is ready; pid file; TERM"""
    daemon = stopped()
    pid_file = daemon.path('alignd.pid')
    daemon.write_settings({'pid_file': pid_file})
    code, out, err = run('-c', daemon.path('alignd.conf'))
    check('start', 0, code)
    check_that('it says so', 'event=ready' in err, err)
    pid = int(open(pid_file).read())
    check_that('another process', os.path.exists('/proc/%d' % pid))
    check('its folder', '/', os.readlink('/proc/%d/cwd' % pid))
    check('its session', pid, os.getsid(pid))
    check('it serves', 'reject', milter.send_message(daemon.socket, message(), **SPOOFED).action)
    check('journal', 1, len(daemon.journal()))
    os.kill(pid, signal.SIGTERM)
    wait_for('its end', lambda: not os.path.exists('/proc/%d' % pid))
    check('pid file', False, os.path.exists(pid_file))
    check('socket', False, os.path.exists(daemon.path('alignd.sock')))
    daemon.discard()


def test_closed_descriptors():
    """started without standard input, output and error, it takes their numbers for nothing else"""
    daemon = stopped()
    pid_file = daemon.path('alignd.pid')
    daemon.write_settings({'pid_file': pid_file})
    code, _, _ = run('-c', daemon.path('alignd.conf'), preexec_fn=lambda: os.closerange(0, 3))
    check('start', 0, code)
    pid = int(open(pid_file).read())
    check('it serves', 'reject', milter.send_message(daemon.socket, message(), **SPOOFED).action)
    check('journal', 1, len(daemon.journal()))
    os.kill(pid, signal.SIGTERM)
    wait_for('its end', lambda: not os.path.exists('/proc/%d' % pid))
    daemon.discard()


def test_background_failures():
    """the starter's exit code says that it did not start, and why"""
    daemon = stopped()
    for changes, wanted, hint in (
            ({'socket': 'local:/nonexistent/a.sock'}, 69, 'folder has to exist'),
            ({'socket': daemon.socket, 'journal.directory': '/proc/journal'}, 69, 'install -d -o'),
            ({'journal.directory': daemon.path('journal'), 'pid_file': '/proc/a.pid'}, 71, 'pid_file'),
            ({'pid_file': None, 'sample.key_file': '/proc/a.key'}, 69, 'writable for the user')):
        daemon.write_settings(changes)
        for arguments in ((), ('-f',)):
            code, _, err = run(*arguments, '-c', daemon.path('alignd.conf'))
            check('exit code with %s' % changes, wanted, code)
            check_that('it says why', 'event=start failed=' in err, err)
            name = [value for value in changes.values() if value][-1].split(':')[-1]
            check_that('it names the path, what to do and who it is', all(
                word in err for word in (name, hint, 'user=')), err)
        check('socket', False, os.path.exists(daemon.path('alignd.sock')))
    daemon.discard()


def test_journal_stream():
    """on systemd's journal a line begins with its priority"""
    read_end, write_end = os.pipe()
    status = os.fstat(write_end)
    stream = '%d:%d' % (status.st_dev, status.st_ino)
    daemon = stopped()
    daemon.write_settings({'socket': 'local:/nonexistent/a.sock'})
    for value, prefix in ((stream, '<5>event=start'), ('1:1', 'event=start'), ('', 'event=start')):
        subprocess.run([ALIGND, '-f', '-c', daemon.path('alignd.conf')], stderr=write_end,
                       env=dict(os.environ, JOURNAL_STREAM=value))
        said = os.read(read_end, 10000).decode()
        check_that('line with %r' % value, said.startswith(prefix), said)
    os.close(read_end)
    os.close(write_end)
    daemon.discard()


def test_privileges():
    """started as root: becomes the user of the settings, with its group, for good"""
    harness.need_root()
    with Daemon({'user': 'nobody', 'group': 'nogroup', 'journal.directory': ''}, zone=ZONE,
                wait=False, exit_code=69) as daemon:
        # the key cannot be made in a folder of root's
        daemon.wait_end()
    folder = Daemon({'journal.directory': ''}, zone=ZONE)
    folder.stop()
    import pwd
    nobody = pwd.getpwnam('nobody')
    os.mkdir(folder.path('state'))
    os.chown(folder.path('state'), nobody.pw_uid, nobody.pw_gid)
    folder.socket = 'local:' + folder.path('state/alignd.sock')
    folder.write_settings({'user': 'nobody', 'group': 'nogroup', 'socket': folder.socket,
                           'sample.key_file': folder.path('state/sample.key')})
    folder.lines = []
    folder.start()
    with folder:
        status = open('/proc/%d/status' % folder.process.pid).read()
        for name, number in (('Uid', nobody.pw_uid), ('Gid', nobody.pw_gid)):
            check_that(name, ('%s:\t' % name + '\t'.join([str(number)] * 4)) in status, status)
        groups = [line for line in status.splitlines() if line.startswith('Groups:')][0].split()[1:]
        check('groups, none of those of root', sorted(os.getgrouplist('nobody', nobody.pw_gid)),
              sorted(int(group) for group in groups))
        owner = os.stat(folder.path('state/alignd.sock'))
        check('socket', (nobody.pw_uid, nobody.pw_gid, 0o660),
              (owner.st_uid, owner.st_gid, owner.st_mode & 0o777))
        check('it serves', 'reject', folder.send(message(), **SPOOFED).action)


def test_group_of_the_folder():
    """a folder with the set-group-id bit gives its group to the socket, also when root starts"""
    harness.need_root()
    import grp
    postal = grp.getgrnam('mail').gr_gid
    daemon = stopped()
    os.mkdir(daemon.path('queue'))
    os.chown(daemon.path('queue'), 0, postal)
    where = daemon.path('queue/alignd.sock')
    for mode, group, wanted in ((0o2755, '', postal), (0o755, '', 0), (0o2755, 'nogroup',
                                                                      grp.getgrnam('nogroup').gr_gid)):
        os.chmod(daemon.path('queue'), mode)
        daemon.write_settings({'socket': 'local:' + where, 'group': group})
        daemon.lines = []
        daemon.start()
        check('%o %s' % (mode, group), wanted, os.stat(where).st_gid)
        daemon.stop()
    daemon.discard()


def test_socket_mode():
    """socket_mode, whatever the umask"""
    old = os.umask(0o077)
    daemon = stopped()
    os.mkdir(daemon.path('inner'), 0o700)       # for 0666: no way to it for others
    where = daemon.path('inner/alignd.sock')
    try:
        for mode in ('0660', '0600', '0666'):
            daemon.write_settings({'socket': 'local:' + where, 'socket_mode': mode})
            daemon.lines = []
            daemon.start()
            check('mode', int(mode, 8), os.stat(where).st_mode & 0o777)
            daemon.stop()
    finally:
        os.umask(old)
    daemon.discard()


def test_living_socket():
    """a socket that a daemon serves is not taken from it; a stale one is"""
    with Daemon(zone=ZONE) as daemon:
        code, _, err = run('-f', '-c', daemon.path('alignd.conf'))
        check('second daemon', 69, code)
        check_that('it says why', 'another daemon serves it' in err, err)
        check('the first goes on', 'reject', daemon.send(message(), **SPOOFED).action)
        daemon.process.kill()
        daemon.wait_end()
        check_that('a stale socket is left', os.path.exists(daemon.path('alignd.sock')))
        daemon.lines = []
        daemon.start()
        check('it serves again', 'reject', daemon.send(message(), **SPOOFED).action)
    with Daemon(zone=ZONE, kind='inet') as daemon:
        check('second daemon, TCP', 69, run('-f', '-c', daemon.path('alignd.conf'))[0])
    daemon = stopped()
    with open(daemon.path('alignd.sock'), 'w') as out:
        out.write('precious')
    code, _, err = run('-f', '-c', daemon.path('alignd.conf'))
    check('a file in its place', 69, code)
    check('it is kept', 'precious', open(daemon.path('alignd.sock')).read())
    daemon.discard()


def once_read(path):
    """a FIFO, opened to be written once somebody reads it"""
    def attempt():
        try:
            return open(os.open(path, os.O_WRONLY | os.O_NONBLOCK), 'w')
        except OSError as error:
            check('nobody reads it', errno.ENXIO, error.errno)
            return None

    return wait_for('who reads ' + path, attempt)


def test_two_at_one_time():
    """of two that find the same stale socket, the second one looks again when the first has taken it"""
    daemon = stopped()
    folder, where = os.path.dirname(daemon.path('alignd.sock')), daemon.path('alignd.sock')
    daemon.lines, daemon.exit_code = [], 69
    first = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(first, fcntl.LOCK_EX)
    daemon.start(wait=False)

    def open_there():
        fds = '/proc/%d/fd' % daemon.process.pid
        try:
            return any(os.path.samefile(os.path.join(fds, fd), folder) for fd in os.listdir(fds))
        except FileNotFoundError:       # closed since it was listed
            return False

    with daemon, socket.socket(socket.AF_UNIX) as other:
        wait_for('the second one', open_there)
        other.bind(where)
        other.listen()
        os.close(first)
        daemon.wait_end()
        daemon.stop()
        check_that('said', any('another daemon serves it' in line for line in daemon.lines), daemon.lines)
        check_that('left alone', os.path.exists(where))


def test_socket_that_is_taken():
    """two that start at one time: who has lost the socket says so and ends, and leaves it alone"""
    daemon = stopped()
    os.unlink(daemon.path('zone'))
    os.mkfifo(daemon.path('zone'))              # the start waits for somebody who writes it
    daemon.lines, daemon.exit_code = [], 69
    daemon.start(wait=False)
    where = daemon.path('alignd.sock')
    with daemon, socket.socket(socket.AF_UNIX) as other, once_read(daemon.path('zone')) as out:
        os.unlink(where)
        other.bind(where)
        out.write(ZONE)
        out.close()
        daemon.wait_end()
        daemon.stop()
        check_that('said', any('another daemon has taken it' in line for line in daemon.lines), daemon.lines)
        check_that('left alone', os.path.exists(where))


def test_notify():
    """systemd is told: READY, RELOADING with the time, READY, STOPPING"""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener, \
            tempfile.TemporaryDirectory(prefix='alignd-') as folder:
        path = os.path.join(folder, 'notify')
        listener.bind(path)
        listener.settimeout(harness.PATIENCE_S)
        with Daemon(zone=ZONE, environment={'NOTIFY_SOCKET': path}) as daemon:
            check('ready', b'READY=1', listener.recv(1000))
            daemon.reload()
            said = listener.recv(1000)
            check_that('reloading', said.startswith(b'RELOADING=1\nMONOTONIC_USEC='), said)
            check('ready again', b'READY=1', listener.recv(1000))
            daemon.stop()
            check('stopping', b'STOPPING=1', listener.recv(1000))


def test_reload():
    """new settings count from the next MAIL on; a message keeps those it began with"""
    with Daemon({'dry_run': True}, zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('attacker.example', '198.51.100.7')
        mta.helo('attacker.example')
        mta.mail('<x@attacker.example>')
        event = daemon.reload({'dry_run': False})
        check('reload', ('new settings in force', 'no'), (event['result'], event['dry_run']))
        mta.rcpt('<c@receiver.example>')
        mta.header('From', ' a@example.com')
        mta.eoh()
        check('begun in a dry run', 'continue', mta.eom().action)
        answer = mta.message('<x@attacker.example>', ['<c@receiver.example>'], message())
        check('the next one', 'reject', answer.action)
        lines = daemon.message_lines(2)
        check('dry_run', 'yes', lines[0]['dry_run'])
        event = daemon.reload({'dry_run': True}, by=signal.SIGUSR1)
        check('reload by USR1', ('new settings in force', 'yes'), (event['result'], event['dry_run']))
        answer = mta.message('<x@attacker.example>', ['<c@receiver.example>'], message())
        check('after the second reload', 'continue', answer.action)


def test_reload_of_the_zone():
    """what the settings point to is read again"""
    with Daemon(zone=ZONE) as daemon:
        check('before', 'reject', daemon.send(message(), **SPOOFED).action)
        daemon.write_zone(ZONE.replace('"v=DMARC1; p=reject"', '"v=DMARC1; p=none"'))
        daemon.reload()
        check('after', 'continue', daemon.send(message(), **SPOOFED).action)


def test_broken_reload():
    """broken settings: every fault is said, the old ones stay in force"""
    with Daemon(zone=ZONE) as daemon:
        event = daemon.reload(text='dry_run = maybe;\nnonsense = 1;\n')
        check_that('result', event['result'].startswith('failed'), event)
        check_that('faults', len(daemon.events('settings')) >= 1, daemon.lines)
        check('still in force', 'reject', daemon.send(message(), **SPOOFED).action)
        event = daemon.reload({'nonsense': 1, 'mode': 'whatever'})
        check_that('result', event['result'].startswith('failed'), event)
        said = ' '.join(event['fault'] for event in daemon.events('settings'))
        check_that('both', 'nonsense' in said and 'mode' in said, said)
        event = daemon.reload({'nonsense': None, 'mode': 'honor', 'socket': '/run/alignd.sock'})
        check_that('a socket that is none', event['result'].startswith('failed'), event)
        check('still in force', 'reject', daemon.send(message(), **SPOOFED).action)
        daemon.write_settings({'socket': daemon.socket})
        os.unlink(daemon.path('zone'))
        event = daemon.reload({'nonsense': None, 'mode': 'honor'})
        check_that('a zone that is gone', event['result'].startswith('failed'), event)
        check('still in force', 'reject', daemon.send(message(), **SPOOFED).action)
        daemon.write_zone(ZONE)
        check('mended', 'new settings in force', daemon.reload()['result'])


def test_restart_needed():
    """what a reload cannot change is named"""
    with Daemon(zone=ZONE) as daemon:
        daemon.reload({'socket': 'local:%s/other.sock' % daemon.folder, 'socket_mode': '0600'})
        event = [event for event in daemon.events('reload') if 'restart_needed_for' in event]
        check('named', 'socket, socket_mode', event[0]['restart_needed_for'])
        check('the old socket serves', 'reject', daemon.send(message(), **SPOOFED).action)


def test_many_reloads():
    """reloads as fast as they come, under load: no message is lost, the daemon stays"""
    with Daemon(zone=ZONE) as daemon:
        failures, ended = [], threading.Event()
        sent = [0] * 4

        def work(number):
            try:
                while not ended.is_set():
                    with daemon.client() as mta:
                        mta.connect('attacker.example', '198.51.100.7')
                        mta.helo('attacker.example')
                        for _ in range(20):
                            answer = mta.message('<x@attacker.example>', ['<c@receiver.example>'], message())
                            check('action', 'reject', answer.action)
                            sent[number] += 1
                        mta.quit()
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + 3
        while time.monotonic() < until:
            daemon.kill(signal.SIGHUP)
            daemon.kill(signal.SIGUSR1)
        wait_for('a second reload', lambda: len(daemon.events('reload')) > 1)
        ended.set()
        for thread in threads:
            thread.join()
        check('failures', [], failures)
        check('it still runs', None, daemon.process.poll())
        daemon.message_lines(sum(sent))


def test_stop_finishes_messages():
    """TERM: the message in flight is finished, new ones are told to come again"""
    for by in (signal.SIGTERM, signal.SIGINT):
        with Daemon(zone=ZONE) as daemon, daemon.client() as first, daemon.client() as second:
            for mta in (first, second):
                mta.connect('attacker.example', '198.51.100.7')
                mta.helo('attacker.example')
            first.mail('<x@attacker.example>')
            daemon.kill(by)
            daemon.wait_event('stopping')
            wait_for('tempfail at MAIL', lambda: second.mail('<x@attacker.example>').action == 'tempfail' or
                     second.abort())
            with daemon.client() as third:
                answer = third.connect()
                check('a new connection', 'tempfail', answer.action)
                check_that('reply', answer.reply.startswith('451 4.3.2 '), answer.reply)
            first.rcpt('<c@receiver.example>')
            first.header('From', ' a@example.com')
            first.eoh()
            check('the message in flight', 'reject', first.eom(macros={'i': 'FLIGHT'}).action)
            daemon.wait_end()
            check('its line', 'FLIGHT', daemon.message_lines(1)[0]['id'])
            check('its journal line', 'FLIGHT', daemon.journal()[0]['queue_id'])
            check('socket', False, os.path.exists(daemon.path('alignd.sock')))
            check('counts', '1', daemon.events('stop')[-1]['rejected'])


def answers_that_fit():
    """How many answers without data a socket holds that nobody reads from."""
    ours, mta = socket.socketpair()
    with ours, mta:
        ours.setblocking(False)
        for number in range(1000000):
            try:
                ours.send(b'\0\0\0\1c')
            except BlockingIOError:
                return number


def test_stop_waits_for_the_answer():
    """TERM before an MTA that is slow to read has got the answer to its message: it still gets it"""
    fit = answers_that_fit()
    with Daemon({'stop_timeout': 60}, zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('attacker.example', '198.51.100.7')
        mta.helo('attacker.example')
        mta.mail('<x@attacker.example>')
        mta.rcpt('<c@receiver.example>')
        mta.header('From', ' a@example.com')
        mta.eoh()
        mta.send_raw(b'\0\0\0\2Bx' * fit)
        mta.send(b'E')
        daemon.message_lines(1)
        daemon.kill(signal.SIGTERM)
        daemon.wait_event('stopping')
        until = time.monotonic() + 4            # time enough for an end that does not wait
        while daemon.process.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        for _ in range(fit):
            check('part of the body', 'continue', mta.answer().action)
        check('message', 'reject', mta.answer().action)


def test_stop_is_bounded():
    """a message that never ends holds the stop for stop_timeout and no longer"""
    with Daemon({'stop_timeout': 1}, zone=ZONE) as daemon, daemon.client() as mta:
        mta.connect('mail.example.com', SENDER_IP)
        mta.helo()
        mta.mail('<b@example.com>')
        start = time.monotonic()
        daemon.stop()
        took = time.monotonic() - start
        check_that('it took', 0.9 < took < 30, took)
        check('said', '1', daemon.events('stop')[0]['unfinished_messages'])
        try:
            mta.rcpt('<c@receiver.example>')
            mta.eom()
            check('the connection', 'closed', 'open')
        except milter.Closed:
            pass


def test_stop_under_load():
    """a stop under load: every message got an answer, and every judged one its lines"""
    with Daemon(zone=ZONE) as daemon:
        answers, failures = [], []

        def work(number):
            try:
                while True:
                    with daemon.client() as mta:
                        if mta.connect('attacker.example', '198.51.100.7').action != 'continue':
                            return
                        mta.helo('attacker.example')
                        for i in range(10):
                            answer = mta.message('<x@attacker.example>', ['<c@receiver.example>'], message())
                            answers.append(answer.action)
                            if answer.action == 'tempfail':
                                check_that('before it began', '4.3.2' in (answer.reply or '4.3.2'), answer)
                                return
                        mta.quit()
            except (ConnectionError, FileNotFoundError):
                return                  # the socket is gone: the MTA keeps the message
            except milter.Closed:
                failures.append('closed in the middle')
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        wait_for('load', lambda: failures or len(answers) > 40)
        daemon.stop()
        for thread in threads:
            thread.join()
        # an idle connection may be closed before its next MAIL; none within a message
        check('failures other than that', [], [f for f in failures if f != 'closed in the middle'])
        rejected = answers.count('reject')
        check_that('load', rejected > 10, answers)
        check('lines', rejected, len(daemon.raw_message_lines()))
        check('journal', rejected, len(daemon.journal()))
        check('counts', str(rejected), daemon.events('stop')[-1]['rejected'])
