"""Files that somebody else could change: refused, with the command that mends it."""

import os
import re
import subprocess

from harness import ALIGND, Daemon, Verbatim, check, check_that, need_root
from samples import SPOOFED, ZONE, message


def unsafe_rows(daemon):
    """(what, settings, path that is laid open, mode, word in front of the fault)"""
    path = daemon.path
    return [
        ('settings', {}, path('alignd.conf'), 0o646, ''),
        ('folder of the settings', {}, daemon.folder, 0o757, ''),
        ('list file', {'rules': Verbatim('( { id = "x"; match = { domains_file = "%s"; }; '
                                         'action = "accept"; } )' % path('list'))},
         path('list'), 0o666, 'match.domains_file'),
        ('sample key', {}, path('sample.key'), 0o602, 'sample.key_file'),
        ('sample key, read', {}, path('sample.key'), 0o644, 'sample.key_file'),
        ('public suffixes', {'dmarc.psl_file': path('suffixes')}, path('suffixes'), 0o666,
         'dmarc.psl_file'),
        ('trust anchor', {'dns.trust_anchor': path('anchor')}, path('anchor'), 0o666,
         'dns.trust_anchor'),
        ('journal', {}, path('journal'), 0o757, 'journal.directory'),
        ('journal, sticky', {}, path('journal'), 0o1777, 'journal.directory'),
        ('store', {'store.driver': 'sqlite', 'store.path': path('open/store')}, path('open/store'),
         0o646, 'store.path'),
        ('folder of the store', {'store.driver': 'sqlite', 'store.path': path('open/store')},
         path('open'), 0o1777, 'store.path'),
        ('folder of the socket', {'socket': 'local:' + path('open/a.sock')}, path('open'), 0o1777,
         'socket'),
        ('folder of the pid file', {'pid_file': path('open/pid')}, path('open'), 0o757, 'pid_file'),
        ('pid file', {'pid_file': path('open/pid')}, path('open/pid'), 0o646, 'pid_file'),
    ]


def lay_out(daemon):
    for name in ('list', 'suffixes', 'anchor', 'sample.key'):
        with open(daemon.path(name), 'w') as out:
            out.write('example.com\n' * 3)
        os.chmod(daemon.path(name), 0o600)
    for name in ('open', 'journal'):
        os.makedirs(daemon.path(name), 0o755, exist_ok=True)
    for name in ('open/store', 'open/pid'):
        open(daemon.path(name), 'a').close()


def faults_of(daemon):
    done = subprocess.run([ALIGND, '-n', '-c', daemon.path('alignd.conf')], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, [line for line in done.stderr.splitlines() if '(warning)' not in line]


def check_fault(daemon, what, path, option):
    """One fault, at the option, that names the file; its command is enough."""
    line = check_refused(daemon, what, path, option)
    subprocess.run(['/bin/sh', '-c', line.rpartition(' mend: ')[2]], check=True)
    check('%s: mended by what the fault says' % what, (0, []), faults_of(daemon))


def check_refused(daemon, what, path, option):
    code, lines = faults_of(daemon)
    check('%s: exit code' % what, 78, code)
    check_that(what, lines and all(' mend: ' in line and path in line for line in lines), lines)
    check_that('%s: at its line' % what, re.match(r'%s(:\d+)?: (@include: )?%s' % (
        re.escape(daemon.path('alignd.conf')), option), lines[0]), lines[0])
    return lines[0]


def stopped():
    daemon = Daemon(zone=ZONE)
    daemon.stop()
    lay_out(daemon)
    return daemon


def test_modes():
    """each file that is read, named or written, when others could change it"""
    daemon = stopped()
    first = dict(daemon.settings)
    for what, settings, path, mode, option in unsafe_rows(daemon):
        daemon.settings = dict(first)
        daemon.write_settings(settings)
        os.chmod(path, mode)
        check_fault(daemon, what, path, option)
    daemon.discard()


def test_owners():
    """the same when they belong to somebody else; alignd's own user may own what options name"""
    need_root()
    daemon = stopped()
    first = dict(daemon.settings)
    for what, settings, path, _, option in unsafe_rows(daemon):
        daemon.settings = dict(first)
        daemon.write_settings(dict(settings, user='nobody', group='nogroup'))
        for uid in (1, 65534):
            os.chown(path, uid, -1)
            if uid == 65534 and option not in ('', 'match.domains_file'):
                check('%s of its user' % what, (0, []), faults_of(daemon))
            else:
                check_fault(daemon, '%s of user %d' % (what, uid), path, option)
            os.chown(path, 0, -1)
    daemon.discard()


def test_group():
    """a group is others too, but for one that is the owner's alone"""
    need_root()
    daemon = stopped()
    path = daemon.path('alignd.conf')
    os.chmod(path, 0o664)
    check('root alone is in its group', (0, []), faults_of(daemon))
    os.chown(path, 0, 8)
    check_fault(daemon, 'group', path, '')
    check('mode', 0o644, os.stat(path).st_mode & 0o777)
    daemon.discard()


def test_include():
    """an included file, and a link to it that somebody else could turn"""
    daemon = stopped()
    with open(daemon.path('alignd.conf'), 'a') as out:
        out.write('@include "more/part.conf"\n')
    os.makedirs(daemon.path('more'))
    with open(daemon.path('more/part.conf'), 'w') as out:
        out.write('stop_timeout = 20;\n')
    check('before', (0, []), faults_of(daemon))
    os.chmod(daemon.path('more/part.conf'), 0o646)
    check_fault(daemon, 'include', daemon.path('more/part.conf'), '@include')
    if os.getuid() == 0:
        os.rename(daemon.path('more/part.conf'), daemon.path('real.conf'))
        os.symlink('../real.conf', daemon.path('more/part.conf'))
        check('link', (0, []), faults_of(daemon))
        os.lchown(daemon.path('more/part.conf'), 1, -1)
        check_fault(daemon, 'link of another', daemon.path('more/part.conf'), '@include')
    daemon.discard()


def test_socket_for_all():
    """a socket that everybody could speak to, where everybody can reach it"""
    daemon = stopped()
    daemon.write_settings({'socket_mode': '0666'})
    code, lines = faults_of(daemon)
    check('exit code', 78, code)
    check_that('the mend', 'socket_mode: every user' in lines[0] and 'mend: socket_mode = "0660"'
               in lines[0], lines)
    os.chmod(daemon.folder, 0o700)
    check('out of their reach', (0, []), faults_of(daemon))
    daemon.discard()


def test_start_and_reload():
    """no start with such files; at a reload the old settings stay, and it is said"""
    with Daemon({'mode': 'honor'}, zone=ZONE) as daemon:
        def reload(mode, changes):
            os.chmod(daemon.path('alignd.conf'), mode)
            return daemon.reload(changes)['result']
        check('reload', 'failed: the old settings stay in force', reload(0o646, {'dry_run': True}))
        check_that('why', 'mend: chmod o-w' in daemon.events('settings')[-1]['fault'], daemon.lines)
        check('the old ones', 'reject', daemon.send(message(), **SPOOFED).action)
        check('mended', 'new settings in force', reload(0o644, {'dry_run': True}))
        check('the new ones', 'continue', daemon.send(message(), **SPOOFED).action)
    daemon = stopped()
    os.chmod(daemon.path('journal'), 0o777)
    done = subprocess.run([ALIGND, '-f', '-c', daemon.path('alignd.conf')], capture_output=True,
                          text=True, timeout=60)
    check('start', 78, done.returncode)
    check('no socket', False, os.path.exists(daemon.path('alignd.sock')))
    daemon.discard()
