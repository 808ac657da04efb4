"""The store beside the journal: what was judged is loaded, each line once, whatever
happens to the daemon or to the store; mail goes on in any case."""

import json
import os
import signal
import sqlite3
import subprocess

from harness import ALIGND, Daemon, check, check_that, wait_for

MESSAGE = (b'From: a@example.com\r\nTo: b@receiver.example\r\nSubject: x\r\n'
           b'Message-ID: <1@example.com>\r\n\r\nText\r\n')
ALIGNCTL = os.path.join(os.path.dirname(os.path.dirname(ALIGND)), 'tools', 'alignctl')


def stored(daemon, driver='sqlite', **more):
    """A daemon of which the store is in its folder."""
    changes = {'store.driver': driver, 'store.path': daemon.path('store.sqlite')}
    changes.update(more)
    daemon.reload(changes)
    return daemon


def ids(daemon, name='store.sqlite'):
    """Ids of the lines in the store, as often as they are there."""
    path = daemon.path(name)
    if not os.path.exists(path):
        return []
    with sqlite3.connect('file:%s?mode=ro' % path, uri=True, timeout=30) as base:
        try:
            return sorted('%s-%d' % row for row in base.execute(
                'SELECT sources.name, messages.seq FROM messages'
                ' JOIN sources ON sources.id = messages.source'))
        except sqlite3.OperationalError:        # the daemon is about to make its tables
            return []


def journal_ids(daemon):
    return sorted(line['id'] for line in daemon.journal())


def all_there(daemon, number, name='store.sqlite'):
    wait_for('%d lines in the store' % number, lambda: len(ids(daemon, name)) >= number)
    check('lines in the store', journal_ids(daemon), ids(daemon, name))
    check('number of lines', number, len(ids(daemon, name)))


def problems(daemon):
    return [event['problem'] for event in daemon.events('store') if 'problem' in event]


def test_loads_what_it_judged():
    with Daemon() as daemon:
        stored(daemon)
        for _ in range(5):
            daemon.send(MESSAGE)
        all_there(daemon, 5)
        check('problems', [], problems(daemon))
        daemon.stop()
        last = daemon.events('store')[-1]
        check('counts', ('5', '0', '0', '0'),
              tuple(last[key] for key in ('loaded', 'known', 'refused', 'files_left')))


def test_is_the_default():
    with Daemon({'store.driver': None, 'store.path': '/nonexistent/store'}) as daemon:
        check_that('the store', 'nonexistent' in daemon.wait_event('store')['problem'])


def test_killed_and_started_again():
    with Daemon() as daemon:
        stored(daemon)
        sent = 0
        for _ in range(5):
            for _ in range(20):
                check('answer', 'continue', daemon.send(MESSAGE).action)
                sent += 1
            if any('journaled' in line for line in daemon.message_lines(20)):   # the disk is slow
                wait_for('the journal', lambda: len(daemon.journal()) >= sent)
            daemon.kill(signal.SIGKILL)
            daemon.wait_end()
            check('problems', [], problems(daemon))
            daemon.lines.clear()
            daemon.start()
        daemon.send(MESSAGE)
        all_there(daemon, sent + 1)
        check('problems', [], problems(daemon))


def test_path_not_writable():
    with Daemon() as daemon:
        os.mkdir(daemon.path('closed'))
        with open(daemon.path('closed/store.sqlite'), 'w') as out:
            out.write('this is no database, whoever may write here')
        stored(daemon, **{'store.path': daemon.path('closed/store.sqlite')})
        problem = daemon.wait_event('store')['problem']
        check_that('what is said', 'store is down' in problem and 'mail goes on' in problem, problem)
        for _ in range(3):
            check('answer', 'continue', daemon.send(MESSAGE).action)
        check('journal', 3, len(daemon.journal()))
        check('said once', 1, len(problems(daemon)))
        # a store that can be used: all is there
        stored(daemon)
        all_there(daemon, 3)


def test_comes_back_by_itself():
    with Daemon() as daemon:
        stored(daemon, **{'store.path': daemon.path('later/store.sqlite')})
        daemon.wait_event('store')
        daemon.send(MESSAGE)
        os.mkdir(daemon.path('later'))
        all_there(daemon, 1, 'later/store.sqlite')
        check_that('said', 'store is back' in wait_for('the note', lambda: [
            event['note'] for event in daemon.events('store') if 'note' in event])[0])
        check('said once', 1, len(problems(daemon)))


def test_reload_changes_the_store():
    with Daemon() as daemon:
        stored(daemon)
        daemon.send(MESSAGE)
        all_there(daemon, 1)
        daemon.reload({'store.path': daemon.path('second.sqlite')})
        daemon.send(MESSAGE)
        all_there(daemon, 2, 'second.sqlite')
        check('the first', 1, len(ids(daemon)))
        daemon.reload({'store.driver': 'none'})
        daemon.send(MESSAGE)
        daemon.reload({'mode': 'override'})
        check('without a store', 2, len(ids(daemon, 'second.sqlite')))
        check('restart needed', [], [event for event in daemon.events('reload')
                                     if 'restart_needed_for' in event])


def test_password_stays_secret():
    secret = 'geheim'
    where = 'host=127.0.0.1 port=1 user=alignd password=%s connect_timeout=2' % secret
    with Daemon() as daemon:
        for conninfo in (where, where + ' nonsense=%s' % secret, '%s=%s %s' % (secret, secret, secret),
                         'postgresql://alignd:%s@127.0.0.1:1/x' % secret):
            before = len(problems(daemon))
            daemon.reload({'store.driver': 'postgresql', 'store.conninfo': conninfo})
            wait_for('a problem', lambda: len(problems(daemon)) > before)
        check('answer', 'continue', daemon.send(MESSAGE).action)
        os.chmod(daemon.path('alignd.conf'), 0o640)
        daemon.reload({'store.conninfo': where + ' application_name=x'})
        done = subprocess.run([ALIGNCTL, 'load', '-c', daemon.path('alignd.conf')],
                              capture_output=True, text=True)
        check('alignctl load', 69, done.returncode)
        daemon.stop()
        for text in daemon.lines + [done.stdout, done.stderr]:
            check_that('a password is in the log:', secret not in text, text)
        check_that('readers are warned of', any('chown' in event.get('problem', '')
                                               for event in daemon.events('settings')))


def load(daemon, *arguments):
    done = subprocess.run([ALIGNCTL, 'load', '-c', daemon.path('alignd.conf')] + list(arguments),
                          capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_by_hand():
    with Daemon() as daemon:
        for _ in range(3):
            daemon.send(MESSAGE)
        code, text, _ = load(daemon, '--json')
        check('without a store', 78, code)
        daemon.write_settings({'store.driver': 'sqlite', 'store.path': daemon.path('store.sqlite')})
        code, text, _ = load(daemon, '--json')
        check('exit', 0, code)
        check('first', {'store': 'sqlite', 'loaded': 3, 'known': 0, 'refused': 0, 'files_left': 0,
                        'interrupted': False},
              {key: value for key, value in json.loads(text).items() if key != 'bytes'})
        check('lines', journal_ids(daemon), ids(daemon))
        check('again', (0, '0 lines loaded\n', ''), load(daemon))
        check('all again', (0, '0 lines loaded, 3 were there already\n', ''), load(daemon, '--again'))
        # the same files elsewhere have places of their own
        other = daemon.path('other')
        os.mkdir(other)
        name = os.path.join(other, os.listdir(daemon.path('journal'))[0])
        with open(name, 'w') as out:
            for line in daemon.journal():
                line['id'] = line['id'].replace('-', '-other-', 1)
                out.write(json.dumps(line) + '\n')
            out.write('{"v":2}\n{"v":1,"id')
        code, text, said = load(daemon, '--directory', other)
        check('elsewhere', (0, '3 lines loaded, 1 could not be loaded\n'), (code, text))
        check_that('what is said', ':4: not loaded: version 2' in said, said)
        check('in all', 6, len(ids(daemon)))
        check('another store', (0, '3 lines loaded\n', ''),
              load(daemon, '-S', daemon.path('by-hand.sqlite')))
        check('its lines', 3, len(ids(daemon, 'by-hand.sqlite')))
        check('no journal', 66, load(daemon, '-J', '/nonexistent')[0])
        check('no store', 69, load(daemon, '-S', '/nonexistent/store')[0])
        check('usage', 64, load(daemon, 'x')[0])
        check('settings', 78, load(daemon, '-c', '/nonexistent')[0])
