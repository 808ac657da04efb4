"""month.py MONTH ALIGNCTL [MESSAGES]: see month.sh."""

import datetime
import json
import os
import subprocess
import sys
import tempfile

SMALL, LARGE = 20000, 1000000   # a LARGE one has 30 days, and is held to the limits
MOST_OCTETS = 400               # of the store, a message
MOST_KILOBYTES = 512 * 1024     # of memory, however many messages
SETTINGS = '''
dry_run = %(dry_run)s;
mode = "honor";
authserv_id = "mx.receiver.example";
quarantine: { method = "header"; };
store: { path = "%(work)s/store.sqlite"; };
rules = ( %(rules)s );
'''


def settings(work, name, dry_run, rules=()):
    """Writes a settings file, gives its path."""
    path = os.path.join(work, name)
    with open(path, 'w', encoding='ascii') as out:
        out.write(SETTINGS % {'dry_run': dry_run, 'work': work, 'rules': ',\n'.join(rules)})
    return path


def equal(what, found, wanted):
    """Fails the test with words."""
    if found != wanted:
        sys.exit('%s: %r, wanted %r' % (what, found, wanted))


def run(command, stdout=None):
    """What it writes, and what it cost."""
    process = subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)
    out = process.stdout.read() if stdout else None
    errors = process.stderr.read().decode()
    _, status, cost = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit('%s: exit %d\n%s' % (' '.join(command), process.returncode, errors))
    return out, cost


def tell(what, messages, cost):
    """Of a large month, processor time and memory."""
    seconds = cost.ru_utime + cost.ru_stime
    if messages >= LARGE:
        print('%s: %.1f s of processor time, %.0f messages/s of it, at most %.0f MB of memory' %
              (what, seconds, messages / seconds, cost.ru_maxrss / 1024), flush=True)
        if cost.ru_maxrss > MOST_KILOBYTES:
            sys.exit('%s: more than %d MB' % (what, MOST_KILOBYTES / 1024))


def weigh_store(path, messages):
    """Octets a message: of a small month most are the tables' own."""
    octets = os.path.getsize(path) / messages
    if messages >= LARGE:
        print('store: %.1f octets a message' % octets, flush=True)
        if octets > MOST_OCTETS:
            sys.exit('store: more than %d octets a message' % MOST_OCTETS)


def generate(month, journal, messages):
    """A month that ended two days ago."""
    days = 30 if messages >= LARGE else 10
    start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=days + 2)
    os.mkdir(journal)
    run([month, '-n', str(messages), '-d', str(days), '-u', start.strftime('%Y-%m-%d'), journal])


def planted(before):
    """The three clients that a month has besides genuine mail and forgers."""
    networks = {row['network']: row for row in before['networks']}
    wanted = {'198.51.100.0/24': 'list_id = "dev.lists.example.org"',
              '192.0.2.0/24': 'authenticated_domain = "forward.example"',
              '203.0.113.0/24': 'author_domain = "shop.example"'}
    equal('hurt networks', sorted(networks), sorted(wanted))
    for network, words in wanted.items():
        suggestion = networks[network]['suggestion']
        if words not in suggestion['text']:
            sys.exit('%s: %s' % (network, suggestion['text']))
        equal(network + ' saves', suggestion['saves'], networks[network]['n'])
        equal(network + ' lets forgeries through', suggestion['passes'], 0)
    equal('forwarder', '192.0.2.0/24' in [row['network'] for row in before['forwarders']], True)
    return [row['suggestion']['text'] for row in before['networks']]


def main(month, alignctl, messages=SMALL):
    """Generates, loads, asks, follows the advice and asks again."""
    messages = int(messages)
    with tempfile.TemporaryDirectory() as work:
        journal = os.path.join(work, 'journal')
        generate(month, journal, messages)
        dry = settings(work, 'dry.conf', 'true')
        _, cost = run([alignctl, 'load', '-c', dry, '-J', journal])
        tell('load', messages, cost)
        weigh_store(os.path.join(work, 'store.sqlite'), messages)

        def what_if(path):
            out, cost = run([alignctl, 'what-if', '-c', dry, '--since', '40d', '--json',
                             '--config', path], subprocess.PIPE)
            tell('what-if', messages, cost)
            return json.loads(out)

        before = what_if(settings(work, 'enforce.conf', 'false'))
        equal('messages', before['messages'], messages)
        equal('undecided', before['undecided'], 0)
        rules = planted(before)
        if before['stopped'] < messages * 0.05:
            sys.exit('stopped: %d, wanted about 6 in 100' % before['stopped'])
        after = what_if(settings(work, 'advised.conf', 'false', rules))
        equal('hurt when the advice is followed', after['hurt'], 0)
        equal('stopped when the advice is followed', after['stopped'], before['stopped'])
    print('ok: %d hurt, saved by %d rules; %d forgeries stopped' %
          (before['hurt'], len(rules), before['stopped']))


main(*sys.argv[1:])
