"""Recipients whose rules differ: told apart at RCPT (452), or one verdict for all."""

from harness import Daemon, check, check_that
from samples import OTHER_IP, ZONE, message

TENANT = {'id': 'tenant', 'match': {'recipient': ['tenant.example', '.tenant.example']},
          'action': 'accept'}
DESK = {'id': 'desk', 'match': {'recipient': 'desk@receiver.example'}, 'action': 'quarantine'}
SPLIT = {'recipients_differ': 'split', 'rules': [TENANT, DESK]}
STRICT, MILD = '<a@receiver.example>', '<c@tenant.example>'
SPOOF = message()                       # of example.com, p=reject, through OTHER_IP


def begin(mta, macros=None):
    mta.connect('attacker.example', OTHER_IP)
    mta.helo('attacker.example')
    mta.mail('<x@attacker.example>', macros=macros)


def finish(mta, queue_id):
    """The header, the body and the end of a spoofed message: the answer to it."""
    import milter
    fields, body = milter.split_message(SPOOF)
    mta.data({'i': queue_id})
    for name, value in fields:
        mta.header(name, value)
    mta.eoh()
    mta.body(body)
    return mta.eom(macros={'i': queue_id})


def check_taken(mta, *recipients):
    for recipient in recipients:
        check('RCPT %s' % recipient, 'continue', mta.rcpt(recipient).action)


def check_put_off(mta, *recipients):
    for recipient in recipients:
        answer = mta.rcpt(recipient)
        check('RCPT %s' % recipient, 'tempfail', answer.action)
        check_that('reply', answer.reply.startswith('452 4.5.3 ') and 'separately' in answer.reply,
                   answer.reply)


def test_split():
    """recipients with other rules come in a transaction of their own, which gets its own verdict"""
    for kind in ('unix', 'inet'):
        with Daemon(SPLIT, zone=ZONE, kind=kind) as daemon, daemon.client() as mta:
            begin(mta)
            check_taken(mta, STRICT)
            check_put_off(mta, MILD, '<desk@receiver.example>')
            check_taken(mta, '<b@receiver.example>', '<z@other.example>')
            check('the strict ones', 'reject', finish(mta, 'SPLIT1').action)
            mta.mail('<x@attacker.example>')
            check_taken(mta, MILD, '<d@sub.tenant.example>')
            check_put_off(mta, STRICT)
            answer = finish(mta, 'SPLIT2')
            check('the mild ones', ('continue', []),
                  (answer.action, answer.inserted('X-Alignd-Quarantine')))
            mta.mail('<x@attacker.example>')
            check_taken(mta, '<desk@receiver.example>')
            answer = finish(mta, 'SPLIT3')
            check('the desk', 1, len(answer.inserted('X-Alignd-Quarantine')))
            mta.quit()
            lines = daemon.message_lines(3)
            check('chosen', ['reject', 'accept', 'quarantine'], [line['chosen'] for line in lines])
            check('rules', [None, 'tenant', 'desk'], [line.get('rule') for line in lines])
            check('put off', ['2', '1', None], [line.get('put_off') for line in lines])
            check('recipients', ['3', '2', '1'], [line['recipients'] for line in lines])
            check('nothing is settled', [None] * 3, [line.get('recipients_differ') for line in lines])


def test_reload_between():
    """a reload counts from the next message on, on connections that are open too"""
    for kind in ('unix', 'inet'):
        with Daemon(zone=ZONE, kind=kind) as daemon, daemon.client() as mta:
            begin(mta)
            check_taken(mta, STRICT)
            daemon.reload(SPLIT)
            check_taken(mta, MILD)
            check('as it began', 'reject', finish(mta, 'RELOAD1').action)
            mta.mail('<x@attacker.example>')
            check_taken(mta, MILD)
            check_put_off(mta, STRICT)
            daemon.reload({'recipients_differ': 'quarantine'})
            check_put_off(mta, STRICT)
            check('the mild one', 'continue', finish(mta, 'RELOAD2').action)
            mta.mail('<x@attacker.example>')
            check_taken(mta, MILD, STRICT)
            answer = finish(mta, 'RELOAD3')
            check('together', 1, len(answer.inserted('X-Alignd-Quarantine')))
            mta.quit()
            lines = daemon.message_lines(3)
            check('chosen', ['reject', 'accept', 'quarantine'], [line['chosen'] for line in lines])
            check('settled', 'accept,reject', lines[2]['recipients_differ'])


def test_without_split_all_are_taken():
    """recipients that differ get what recipients_differ says, whatever their order"""
    for word, chosen in (('quarantine', 'quarantine'), ('mildest', 'accept'), ('strictest', 'reject')):
        with Daemon({'recipients_differ': word, 'rules': [TENANT]}, zone=ZONE) as daemon:
            for number, recipients in enumerate(((STRICT, MILD), (MILD, STRICT)), 1):
                daemon.send(SPOOF, sender='<x@attacker.example>', address=OTHER_IP, recipients=recipients)
                line = daemon.message_lines(number)[-1]
                check('chosen for %s' % word, (chosen, 'accept,reject'), (line['chosen'], line['recipients_differ']))
                check('put off', None, line.get('put_off'))


def test_too_many_groups():
    """beyond the groups that are kept nobody could say whose rules a recipient has"""
    with Daemon({'rules': [TENANT]}, zone=ZONE) as daemon, daemon.client() as mta:
        begin(mta)
        check_taken(mta, *['<a@d%d.example>' % n for n in range(64)])
        check_put_off(mta, '<a@d64.example>', MILD)
        check_taken(mta, '<b@d7.example>')
        finish(mta, 'MANY')
        mta.quit()
        check('log', ('65', '2'), tuple(daemon.message_lines(1)[0][key] for key in ('recipients', 'put_off')))


def test_without_a_domain():
    """what the MTA makes of <desk> counts, where that has no domain itself"""
    with Daemon(SPLIT, zone=ZONE) as daemon, daemon.client() as mta:
        begin(mta)
        check_taken(mta, STRICT)
        answer = mta.rcpt('<desk>', macros={'{rcpt_addr}': 'desk@receiver.example'})
        check('<desk>', 'tempfail', answer.action)
        answer = mta.rcpt('<d@receiver.example>', macros={'{rcpt_addr}': 'desk@receiver.example'})
        check('a domain of its own', 'continue', answer.action)
        finish(mta, 'BARE')
        mta.quit()
        check('put off', '1', daemon.message_lines(1)[0]['put_off'])


def test_authenticated_mail_is_not_split():
    """our own users may write to whom they like"""
    with Daemon(SPLIT, zone=ZONE) as daemon, daemon.client() as mta:
        begin(mta, {'{auth_authen}': 'user'})
        check_taken(mta, STRICT, MILD, '<desk@receiver.example>')
        check('action', 'continue', finish(mta, 'AUTH').action)
        mta.quit()
        check('put off', None, daemon.message_lines(1)[0].get('put_off'))


def test_put_off_is_forgotten():
    """a message that never ends leaves no count behind"""
    with Daemon(SPLIT, zone=ZONE) as daemon, daemon.client() as mta:
        begin(mta)
        check_taken(mta, STRICT)
        check_put_off(mta, MILD)
        mta.abort()
        mta.mail('<x@attacker.example>')
        check_taken(mta, MILD)
        finish(mta, 'AFTER')
        mta.quit()
        check('put off', None, daemon.message_lines(1)[0].get('put_off'))
