"""Rules of the settings, and their list files, in the running daemon."""

from harness import Daemon, check, check_that
from samples import GENUINE, SPOOFED, ZONE, message


def write_list(daemon, *lines):
    with open(daemon.path('brands'), 'w') as out:
        out.write(''.join('%s\n' % line for line in lines))


def faults(daemon):
    return [event['fault'] for event in daemon.events('settings') if 'fault' in event]


def test_bad_list_at_reload():
    """a list file with a bad line: the old rules stay in force, and the log says why"""
    with Daemon(zone=ZONE) as daemon:
        write_list(daemon, 'none.example')
        rules = [{'id': 'brands', 'match': {'domains_file': daemon.path('brands')},
                  'action': 'reject', 'reply': 'not from there'}]
        check('reload', 'new settings in force', daemon.reload({'rules': rules})['result'])

        def by_rule(what, author, wanted):
            answer = daemon.send(message('a@%s' % author), **SPOOFED)
            check(what, wanted, answer.action)
            return answer

        reply = by_rule('listed', 'none.example', 'reject').reply
        check_that('its reply', reply.startswith('550 5.7.1 not from there ('), reply)
        by_rule('not listed', 'norecord.example', 'continue')
        write_list(daemon, 'norecord.example', '', 'none.example REJECT')
        check('reload', 'failed: the old settings stay in force', daemon.reload()['result'])
        check('number of faults', 1, len(faults(daemon)))
        check_that('file, line and rule', faults(daemon)[0].startswith(
            '%s:3: rule brands: match.domains_file: "none.example REJECT" ' % daemon.path('brands')),
            faults(daemon)[0])
        by_rule('listed before', 'none.example', 'reject')
        by_rule('in the half that is good', 'norecord.example', 'continue')
        write_list(daemon, 'norecord.example')
        check('mended', 'new settings in force', daemon.reload()['result'])
        by_rule('no longer listed', 'none.example', 'continue')
        by_rule('listed now', 'norecord.example', 'reject')
        check('rules in the log', ['brands', None, 'brands', None, None, 'brands'],
              [line.get('rule') for line in daemon.message_lines(6)])


def test_oddities_are_said():
    """a rule that is never reached: a warning at the start and at a reload, and no fault"""
    rules = [{'id': 'all', 'match_all': True, 'action': 'honor'},
             {'id': 'late', 'match': {'author_domain': 'example.com'}, 'action': 'reject'}]
    with Daemon({'rules': rules}, zone=ZONE) as daemon:
        said = [event['warning'] for event in daemon.events('settings')]
        check('warnings', 1, len(said))
        check_that('what', ': rule late: can never be reached, since rule all of ' in said[0], said)
        check('passes all the same', 'continue', daemon.send(message(), **GENUINE).action)
        daemon.reload({'rules': rules[:1]})
        check('no more', 1, len(daemon.events('settings')))
        daemon.reload({'rules': rules})
        check('again', 2, len(daemon.events('settings')))
