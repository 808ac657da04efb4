"""The daemon with a real name server that holds, drops and spoils its answers."""

import os
import signal
import threading
import time

from harness import Daemon, NameServer, check, check_that, wait_for
from samples import GENUINE, SENDER_IP, SPOOFED, ZONE, message

NAMES = ('example.com/TXT', '_dmarc.example.com/TXT')


def begin(daemon):
    mta = daemon.client()
    mta.connect('mail.example.com', SENDER_IP)
    mta.helo()
    return mta


def test_real_dns():
    """the resolver of the daemon asks a server: genuine passes, spoof is rejected"""
    with NameServer(ZONE) as server, Daemon(server.patient()) as daemon:
        check('genuine', 'continue', daemon.send(message(), **GENUINE).action)
        check('spoofed', 'reject', daemon.send(message(), **SPOOFED).action)
        lines = daemon.message_lines(2)
        check('results', ['pass', 'fail'], [line['result'] for line in lines])
        check('asked twice', [], server.asked_twice())


def test_asked_while_the_message_comes():
    """SPF is asked at MAIL, the policy at From: before the message has ended"""
    with NameServer(ZONE) as server, Daemon(server.patient()) as daemon:
        for name in NAMES:
            server.command('hold %s' % name)
        with begin(daemon) as mta:
            mta.mail('<b@example.com>')
            server.command('wait 1 example.com/TXT')
            mta.rcpt('<c@receiver.example>')
            mta.header('From', ' a@example.com')
            server.command('wait 1 _dmarc.example.com/TXT')
            server.command('wait 1 _dmarc.com/TXT')
            mta.eoh()
            answers = []
            thread = threading.Thread(target=lambda: answers.append(mta.eom(macros={'i': 'HELD'})))
            before = server.log('question')
            thread.start()
            time.sleep(0.2)
            check('no answer while they are held', [], answers)
            for name in NAMES:
                server.command('release %s' % name)
            thread.join()
            check('action', 'continue', answers[0].action)
            check('result', 'pass', daemon.message_lines(1)[0]['result'])
            check('asked after the end of message', set(before), set(server.log('question')))


def judge_both(settings):
    """(result, Authentication-Results) of a genuine and of a forged message, nothing known before.
    The forger's server says in SPF that his address may send for example.com."""
    with Daemon(settings) as daemon:
        forged = dict(SPOOFED, sender='<x@example.com>')
        fields = [' '.join(daemon.send(message(), **envelope).inserted('Authentication-Results'))
                  for envelope in (GENUINE, forged)]
        return [(line['result'], field) for line, field in zip(daemon.message_lines(2), fields)]


def test_dnssec():
    """a lying server: with dns.trust_anchor no lie makes a pass, nor a policy go away"""
    lie = ZONE.replace('"v=spf1 ip4:192.0.2.1 -all"', '"v=spf1 ip4:198.51.100.7 -all"')
    with NameServer(ZONE, signed='example.com') as server:
        own = dict(server.patient(), **{'dns.trust_anchor': server.anchor()})
        check('true answers', ['pass', 'fail'], [result for result, _ in judge_both(own)])
        server.command('forged *')
        check('spoilt signatures', ['temperror'] * 2, [result for result, _ in judge_both(own)])
        lies = (('unsigned', lie, None), ('signed by another key', lie, 'example.com'),
                ('nothing there', '', None), ('no policy', lie.replace('_dmarc.example.com', '_x.example.com'), None))
        for name, zone, signed in lies:
            with NameServer(zone, signed=signed) as liar:
                if zone == lie:
                    check(name + ', believed', 'pass', judge_both(liar.patient())[1][0])
                found = judge_both(dict(own, **liar.patient()))
                check(name, ['temperror'] * 2, [result for result, _ in found])
                check_that(name, not [field for _, field in found if '=pass' in field], found)


def test_silent_dns():
    """no answer at all: progress every 3 s, an answer when the budget is over"""
    with NameServer(ZONE) as server, \
            Daemon(dict(server.settings(), **{'dns.budget_ms': 7000, 'dns.timeout_ms': 7000})) as daemon:
        server.command('silent *example.com')
        start = time.monotonic()
        answer = daemon.send(message(), **GENUINE)
        took = time.monotonic() - start
        check('action', 'continue', answer.action)
        check_that('progress', 1 <= answer.progress <= 2, answer.progress)
        check_that('it took the budget', 6.5 < took < 30, took)
        line = daemon.message_lines(1)[0]
        check('result', 'temperror', line['result'])
        check_that('header', 'dmarc=temperror' in answer.inserted('Authentication-Results')[0],
                   answer.inserted('Authentication-Results'))
        check('others go on', 'continue', daemon.send(message('a@none.example'), sender='<b@none.example>',
                                                      address=SENDER_IP).action)
        check('theirs', 'pass', daemon.message_lines(2)[1]['result'])


def test_hang_up_while_waiting():
    """the MTA goes away while answers are missing: said in log and journal"""
    with NameServer(ZONE) as server, \
            Daemon(dict(server.settings(), **{'dns.budget_ms': 6000, 'dns.timeout_ms': 6000})) as daemon:
        server.command('silent *example.com')
        mta = begin(daemon)
        mta.message('<b@example.com>', ['<c@receiver.example>'], message(), last=False)
        mta.send(b'E')
        time.sleep(0.2)         # the daemon has read it and waits
        mta.close()
        check('done', 'failed: the MTA hung up', daemon.message_lines(1)[0]['done'])
        check('journal', 'failed: the MTA hung up', daemon.journal()[0]['done'])


def test_stop_while_waiting():
    """a stop waits for a message whose answers are missing"""
    with NameServer(ZONE) as server, Daemon(server.patient()) as daemon:
        server.command('hold _dmarc.example.com/TXT')
        mta = begin(daemon)
        answers = []

        def work():
            answers.append(mta.message('<b@example.com>', ['<c@receiver.example>'], message()))

        thread = threading.Thread(target=work)
        thread.start()
        server.command('wait 1 _dmarc.example.com/TXT')
        daemon.kill(signal.SIGTERM)
        daemon.wait_event('stopping')
        time.sleep(0.2)
        check('it still runs', None, daemon.process.poll())
        server.command('release _dmarc.example.com/TXT')
        thread.join()
        check('action', 'continue', answers[0].action)
        daemon.wait_end()
        check('result', 'pass', daemon.message_lines(1)[0]['result'])


def test_stop_does_not_wait_for_ever():
    """a message that waits longer than stop_timeout does not hold the stop; code 0"""
    with NameServer(ZONE) as server, Daemon(dict(server.patient(), stop_timeout=1)) as daemon:
        server.command('silent _dmarc.example.com/TXT')
        mta = begin(daemon)
        mta.message('<b@example.com>', ['<c@receiver.example>'], message(), last=False)
        mta.send(b'E')
        server.command('wait 1 _dmarc.example.com/TXT')
        start = time.monotonic()
        daemon.stop()
        took = time.monotonic() - start
        check_that('it took', took < 30, took)
        check('said', '1', daemon.events('stop')[0]['unfinished_messages'])
        check('the socket file', False, os.path.exists(daemon.path('alignd.sock')))
        mta.close()


def test_stop_says_what_is_lost():
    """a stop that does not wait for a message still says which lines the journal could not take"""
    with NameServer(ZONE) as server, Daemon(dict(server.patient(), stop_timeout=1)) as daemon:
        os.rename(daemon.path('journal'), daemon.path('gone'))
        open(daemon.path('journal'), 'w').close()
        check('spoofed', 'reject', daemon.send(message(), **SPOOFED).action)
        check('not yet', 'no', daemon.message_lines(1)[0]['journaled'])
        server.command('silent _dmarc.slow.example/TXT')
        mta = begin(daemon)
        mta.message('<b@example.com>', ['<c@receiver.example>'], message('a@slow.example'), last=False)
        mta.send(b'E')
        server.command('wait 1 _dmarc.slow.example/TXT')
        daemon.stop()
        check_that('said', any('decisions were not journaled' in event['problem']
                               for event in daemon.events('journal')), daemon.events('journal'))
        mta.close()


def test_reload_while_waiting():
    """a reload with other servers: the message that waits keeps its own"""
    with NameServer(ZONE) as server, \
            NameServer(ZONE.replace('p=reject', 'p=none')) as other, \
            Daemon(server.patient()) as daemon:
        server.command('hold _dmarc.example.com/TXT')
        answers = []

        def work():
            answers.append(daemon.send(message(), **SPOOFED))

        thread = threading.Thread(target=work)
        thread.start()
        server.command('wait 1 _dmarc.example.com/TXT')
        check('reload', 'new settings in force', daemon.reload(other.patient())['result'])
        check('the new server is asked', 'continue', daemon.send(message(), **SPOOFED).action)
        server.command('release _dmarc.example.com/TXT')
        thread.join()
        check('the old one answered', 'reject', answers[0].action)


def test_one_kind_of_failure():
    """SERVFAIL for SPF, for DMARC alone; other damage: never taken for a pass"""
    rows = [('servfail example.com/TXT', 'temperror', 'temperror'),
            ('servfail _dmarc.example.com/TXT', 'pass', 'temperror'),
            ('refuse _dmarc.example.com/TXT', 'pass', 'temperror'),
            ('truncate _dmarc.example.com/TXT', 'pass', 'pass')]
    for command, spf, result in rows:
        with NameServer(ZONE) as server, Daemon(server.patient()) as daemon:
            server.command(command)
            answer = daemon.send(message(), **GENUINE)
            check('action for %s' % command, 'continue', answer.action)
            line = daemon.message_lines(1)[0]
            check('spf, result for %s' % command, (spf, result), (line['spf'], line['result']))


def test_many_waiting():
    """100 messages that wait at once do not hold up others"""
    zone = ZONE + ''.join('_dmarc.slow%d.example TXT "v=DMARC1; p=reject"\n' % n for n in range(100))
    with NameServer(zone) as server, Daemon(server.patient()) as daemon:
        server.command('hold _dmarc.slow*')
        answers = []

        def work(n):
            answers.append(daemon.send(message('a@slow%d.example' % n), **SPOOFED).action)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(100)]
        for thread in threads:
            thread.start()
        server.command('wait 100 _dmarc.slow*')
        check('another message', 'reject', daemon.send(message(), **SPOOFED).action)
        check('the others still wait', [], answers)
        server.command('release _dmarc.slow*')
        for thread in threads:
            thread.join()
        check('the others', {'reject': 100}, {a: answers.count(a) for a in answers})
        wait_for('their lines', lambda: len(daemon.raw_message_lines()) == 101)


def test_waiting_in_pairs():
    """two messages that end at the same moment, both to wait: neither waits for the other"""
    zone = ZONE + ''.join('_dmarc.pair%d.example TXT "v=DMARC1; p=reject"\n' % n for n in range(80))
    with NameServer(zone) as server, Daemon(server.patient()) as daemon:
        server.command('hold _dmarc.pair*')
        clients = []
        for n in range(80):
            mta = begin(daemon)
            mta.mail('<x@attacker.example>')
            mta.rcpt('<c@receiver.example>')
            clients.append(mta)
        for n in range(0, 80, 2):
            for mta, number in zip(clients[n:], (n, n + 1)):
                mta.header('From', ' a@pair%d.example' % number)
            for mta in clients[n:n + 2]:
                mta.send(b'N')
            for mta in clients[n:n + 2]:
                mta.send(b'E')
        server.command('wait 80 _dmarc.pair*')
        check('another message', 'reject', daemon.send(message(), **SPOOFED).action)
        server.command('release _dmarc.pair*')
        check('the others', {'reject'}, {mta.answer().action for mta in clients})


def test_stale_answers():
    """dns.serve_stale_s: mail goes on being judged while the servers are silent, and what
    came meanwhile counts as soon as they answer"""
    zone = ''.join('%s 1 %s\n' % tuple(line.split(None, 1)) for line in (
        'example.com TXT "v=spf1 ip4:%s -all"' % SENDER_IP, '_dmarc.example.com TXT "v=DMARC1; p=reject"'))
    with NameServer(zone) as server, \
            Daemon(dict(server.patient(), **{'dns.serve_stale_s': 3600})) as daemon:
        check('fresh', 'reject', daemon.send(message(), **SPOOFED).action)
        server.command('silent *')
        time.sleep(2.1)         # TTLs are over
        daemon.reload({'dns.timeout_ms': 1500})
        check('the first waits in vain', 'reject', daemon.send(message(), **SPOOFED).action)
        daemon.reload(server.patient())
        for n in range(2):
            check('silent, message %d' % n, 'reject', daemon.send(message(), **SPOOFED).action)
        waited = [int(line['waited_ms']) for line in daemon.message_lines(4)]
        check_that('the others did not wait', max(waited[2:]) < 3000, waited)
        server.command('normal')
        server.command('clear')
        server.command('add _dmarc.example.com 1 TXT "v=DMARC1; p=none"')
        wait_for('the new policy', lambda: daemon.send(message(), **SPOOFED).action == 'continue')
