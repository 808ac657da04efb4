"""month.py MONTH ALIGNCTL: see month.sh."""

import datetime
import json
import os
import subprocess
import sys
import tempfile

MESSAGES = 20000
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


def main(month, alignctl):
    """Generates, loads, asks, follows the advice and asks again."""
    with tempfile.TemporaryDirectory() as work:
        start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=12)
        journal = os.path.join(work, 'journal')
        os.mkdir(journal)
        subprocess.run([month, '-n', str(MESSAGES), '-d', '10', '-u', start.strftime('%Y-%m-%d'),
                        journal], check=True, stderr=subprocess.DEVNULL)
        dry = settings(work, 'dry.conf', 'true')
        subprocess.run([alignctl, 'load', '-c', dry, '-J', journal], check=True)

        def what_if(path):
            command = [alignctl, 'what-if', '-c', dry, '--json', '--config', path]
            return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)

        before = what_if(settings(work, 'enforce.conf', 'false'))
        equal('messages', before['messages'], MESSAGES)
        equal('undecided', before['undecided'], 0)
        rules = planted(before)
        if before['stopped'] < MESSAGES * 0.05:
            sys.exit('stopped: %d, wanted about 6 in 100' % before['stopped'])
        after = what_if(settings(work, 'advised.conf', 'false', rules))
        equal('hurt when the advice is followed', after['hurt'], 0)
        equal('stopped when the advice is followed', after['stopped'], before['stopped'])
    print('ok: %d hurt, saved by %d rules; %d forgeries stopped' %
          (before['hurt'], len(rules), before['stopped']))


main(*sys.argv[1:])
