"""The ledger of rules: hits and dates in the log, and what alignctl makes of the
journal."""

import datetime
import json
import os
import subprocess
import tempfile
import time

from harness import BUILD, Daemon, check, check_that
from samples import GENUINE, OTHER_IP, SPOOFED, ZONE, message

ALIGNCTL = os.path.join(BUILD, 'tools', 'alignctl')


def day(offset):
    now = datetime.datetime.now(datetime.timezone.utc)
    return (now + datetime.timedelta(days=offset)).strftime('%Y-%m-%d')


def not_at_midnight():
    """The day stays the same for as long as a case takes."""
    while datetime.datetime.now(datetime.timezone.utc).strftime('%H:%M') == '23:59':
        time.sleep(1)


def rule(name, network=OTHER_IP, **fields):
    found = {'id': name, 'match': {'author_domain': 'example.com', 'client_network': network},
             'action': 'accept'}
    found.update(fields)
    return found


def hits(events):
    return [(event['id'], int(event['hits'])) for event in events]


def alignctl(*arguments):
    done = subprocess.run([ALIGNCTL, *arguments], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_hits_are_said():
    """event=rule-hits at a reload and at the stop; ids survive a reload, others are forgotten"""
    not_at_midnight()
    rules = [rule('unused', '203.0.113.0/24'), rule('relay')]
    with Daemon({'rules': rules}, zone=ZONE) as daemon:
        for _ in range(2):
            check('by the rule', 'continue', daemon.send(message(), **SPOOFED).action)
        check('it passes by itself', 'continue', daemon.send(message(), **GENUINE).action)
        check('said while it runs', [], daemon.events('rule-hits'))
        daemon.reload({'rules': [rule('relay'), rule('new', '203.0.113.0/24')]})
        check('at a reload', [('relay', 2)], hits(daemon.events('rule-hits')))
        check('the last one', day(0), daemon.events('rule-hits')[0]['last'][:10])
        daemon.send(message(), **SPOOFED)
        daemon.reload({'rules': [rule('other')]})
        check('at the second', [('relay', 3)], hits(daemon.events('rule-hits')[1:]))
        daemon.send(message(), **SPOOFED)
        check('rules in the log', ['relay', 'relay', None, 'relay', 'other'],
              [line.get('rule') for line in daemon.message_lines(5)])
        daemon.stop()
        check('at the stop', [('other', 1)], hits(daemon.events('rule-hits')[2:]))


def test_hits_per_recipient():
    """a rule counts once per message, whichever recipients it was for"""
    tenant = rule('tenant')
    tenant['match']['recipient'] = ['a.example', 'b.example']
    with Daemon({'rules': [tenant, rule('rest', action='quarantine')]}, zone=ZONE) as daemon:
        daemon.send(message(), **SPOOFED,
                    recipients=['<x@a.example>', '<x@b.example>', '<x@c.example>', '<y@c.example>'])
        daemon.reload()
        check('once each', [('rest', 1), ('tenant', 1)], hits(daemon.events('rule-hits')))
        code, out, err = alignctl('rules', '-c', daemon.path('alignd.conf'), '--json')
        check('alignctl rules', 0, code)
        check('by the journal', [('tenant', 1), ('rest', 1)],
              [(row['id'], row['hits']) for row in json.loads(out)['rules']])


def test_dates_are_said():
    """rules that end soon and rules that are over: at the start and at a reload"""
    not_at_midnight()
    rules = [rule('over', expires=day(-1), owner='Jane Doe', ticket='T-17'),
             rule('soon', expires=day(14), owner='mail team'),
             rule('today', '203.0.113.0/24', expires=day(0)),
             rule('later', '203.0.113.0/24', expires=day(15))]
    with Daemon({'rules': rules}, zone=ZONE) as daemon:
        events = daemon.events('rule-expires')
        check('soon', [('soon', '14'), ('today', '0')],
              [(event['id'], event['days_left']) for event in events])
        check('whom to ask', ('mail team', day(14)), (events[0]['owner'], events[0]['expires']))
        (event,) = daemon.events('rule-expired')
        check('over', 'rule over expired on %s and no longer applies; remove it or give it a new date'
              % day(-1), event['problem'])
        check('its owner', ('Jane Doe', 'T-17'), (event['owner'], event['ticket']))
        check('it is over', 'soon', daemon.send(message(), **SPOOFED) and
              daemon.message_lines(1)[0].get('rule'))
        daemon.reload({'rules': rules[:1]})
        check('over, again', 2, len(daemon.events('rule-expired')))
        check('soon, no more', 2, len(daemon.events('rule-expires')))
        daemon.reload(text='nonsense = 1;\n')
        check('after a failed reload', 2, len(daemon.events('rule-expired')))


def test_alignctl_agrees():
    """what the daemon did by a rule is what alignctl rules and check say of it"""
    rules = [rule('near', '203.0.113.0/24', owner='Jane Doe'), rule('relay', note='theirs')]
    with Daemon({'rules': rules}, zone=ZONE) as daemon, \
            tempfile.NamedTemporaryFile('w', suffix='.eml') as text:
        daemon.send(message(), **SPOOFED)
        conf = daemon.path('alignd.conf')
        text.write(message())
        text.flush()
        arguments = ('check', text.name, '-c', conf, '--ip', OTHER_IP, '--helo', 'attacker.example',
                     '--mail-from', 'x@attacker.example', '--rcpt', 'b@receiver.example')
        code, out, err = alignctl(*arguments, '--json')
        check('exit code: %s' % err, 0, code)
        line = json.loads(out)
        check('rule', daemon.journal()[0]['rule'], line['rule'])
        check('decided', ['relay'], [found['id'] for found in line['rules']['decided']])
        (near,) = line['rules']['near']
        check('near', ('near', 'client_network'), (near['id'], near['missed']))
        _, out, _ = alignctl(*arguments)
        check_that('in words', 'relay (accept)' in out and
                   'near (accept): client_network does not hold' in out, out)
        code, out, err = alignctl('rules', '-c', conf, '--since', '1d')
        check('alignctl rules: %s' % err, 0, code)
        check_that('one hit', [row.split()[-2] for row in out.splitlines() if row.startswith('relay')]
                   == ['1'], out)
        code, out, err = alignctl('rules', '-c', conf, '--unused', '1d')
        check('a young journal', 65, code)
        check_that('it says why', 'reaches back to' in err and out == '', err + out)


def test_left_out_is_counted():
    """what enforce_percent spares is let through, said in the line, and counted at the stop"""
    with Daemon({'enforce_percent': 0}, zone=ZONE) as daemon:
        check('spared', 'continue', daemon.send(message(), **SPOOFED).action)
        check('genuine', 'continue', daemon.send(message(), **GENUINE).action)
        check('in the lines', ['yes', None],
              [line.get('left_out') for line in daemon.message_lines(2)])
        daemon.stop()
        (event,) = daemon.events('stop')
        check('counted', ('2', '1', '0'), (event['accepted'], event['left_out'], event['rejected']))
