"""How many questions one message can make reach the name servers, whatever a sender
writes into it: dns.max_lookups, and the policy of the author it forges among them.
"""

from harness import Daemon, NameServer, check, check_that, wait_for

HASH = 'frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY='
FORGER = '''
flood.forger.example    TXT "v=spf1 %s -all exp=%%{p}.forger.example"
66.100.51.198.in-addr.arpa PTR p.forger.example
''' % ' '.join('mx:m%d.forger.example' % n for n in range(10)) + ''.join(
    'm%d.forger.example MX 10 x%d-%d.forger.example\nx%d-%d.forger.example A 192.0.2.200\n' % (n, n, k, n, k)
    for n in range(10) for k in range(10))
VICTIM = '''
_dmarc.victim.example   TXT "v=DMARC1; p=none; sp=reject; np=quarantine"
a.b.c.d.e.f.victim.example A 192.0.2.9
'''


def flood(author):
    """Signatures, before and behind From, and a chain: every name another one."""
    signatures = ['DKIM-Signature: v=1; a=rsa-sha256; s=s%d; h=from; b=AAAA; bh=%s;'
                  ' d=a.b.c.d.e.f%d.g.%s\r\n' % (n, HASH, n, 'victim.example' if n % 2 else 'example')
                  for n in range(40)]
    sets = ['ARC-Seal: i=%d; cv=%s; a=rsa-sha256; d=d%d.example; s=s; b=AAAA\r\n'
            'ARC-Message-Signature: i=%d; a=rsa-sha256; d=e%d.example; s=s; h=from; b=AAAA; bh=%s\r\n'
            'ARC-Authentication-Results: i=%d; x.example; dkim=pass header.d=f%d.b.c.d.e.victim.example;'
            ' spf=pass smtp.mailfrom=g%d.b.c.d.e.victim.example\r\n'
            % (n, 'none' if n == 1 else 'pass', n, n, n, HASH, n, n, n) for n in range(1, 21)]
    return (''.join(sets + signatures[:20]) + 'From: %s\r\n' % author +
            ''.join(signatures[20:]) + '\r\n\r\n')


def test_the_worst_message():
    """at most 60 questions, and the forged author's policy is applied all the same"""
    others = ''.join('x@a.b.c.d.e.f.g.%s, ' % name for name in ('one', 'two', 'three'))
    rows = [('a@victim.example', 'none'), ('a@a.b.c.d.e.f.victim.example', 'reject'),
            (others + 'a@a.b.c.d.e.f.victim.example', 'reject')]
    for author, asked in rows:
        with NameServer(FORGER + VICTIM) as server, Daemon(server.patient()) as daemon:
            server.command('forget')
            daemon.send(flood(author), sender='<x@flood.forger.example>', address='198.51.100.66',
                        queue_id='FLOOD')
            line = daemon.message_lines(1)[0]
            # one that nobody waited for may be on its way; a late answer is asked for again
            wait_for('the questions that were counted',
                     lambda: len(set(server.log('question'))) >= int(line['lookups']))
            reached = len(set(server.log('question')))
            check_that('questions for %s' % author, 20 < reached <= 60, reached)
            check('asked of %s' % author, (asked, 'fail'), (line['asked'], line['result']))
            check('spf', 'permerror', line['spf'])
            check('arc', 'fail', line['arc'])
            check('questions as counted', reached, int(line['lookups']))


def test_nothing_is_asked_of_a_warm_cache():
    """the same message again: nothing of it hangs on the servers any more"""
    with NameServer(FORGER + VICTIM) as server, Daemon(server.patient()) as daemon:
        for n in range(3):
            daemon.send(flood('a@a.b.c.d.e.f.victim.example'), sender='<x@flood.forger.example>',
                        address='198.51.100.66', queue_id='WARM%d' % n)
            server.command('servfail *')
        # less is asked ahead where answers come at once
        first, *others = [{key: value for key, value in line.items()
                           if key not in ('id', 'waited_ms', 'lookups')} for line in daemon.message_lines(3)]
        check_that('spf, arc', (first['spf'], first['arc']) == ('permerror', 'fail'), first)
        check('without the servers', [first] * 2, others)
        check('asked twice', [], server.asked_twice())


SIGNED = ('DKIM-Signature: v=1; a=rsa-sha256; s=s; h=from; b=AAAA; bh=%s; d=mail.esp.example\r\n'
          'From: a@shop.victim.example\r\n\r\n\r\n' % HASH)


def test_no_walk_of_who_cannot_be_aligned():
    """a signer elsewhere: its key is evidence, its Organizational Domain matters to nobody"""
    with NameServer(VICTIM) as server, Daemon(server.patient()) as daemon:
        server.command('forget')
        daemon.send(SIGNED, sender='<>', helo='out.esp.example', queue_id='ESP')
        daemon.message_lines(1)
        asked = sorted(question for question in set(server.log('question'))
                       if not question.startswith('_dmarc.'))
        check('asked', ['out.esp.example TXT', 's._domainkey.mail.esp.example TXT',
                        'shop.victim.example A'], asked)
        check_that('no walk of the signer', '_dmarc.mail.esp.example TXT' not in server.log('question'))
