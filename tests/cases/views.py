"""One decision in the four places that tell of it: the header (or the reply), the
log line, the journal line, and the line of `alignctl check --json`.
"""

import re

SEVERITY = ('none', 'quarantine', 'reject')
SOFTENED = ('policy_test_mode', 'sampled_out')
DISPOSITION = {'accept': 'none', 'tempfail': 'none', 'quarantine': 'quarantine', 'reject': 'reject'}


def listed(words, separator=','):
    return separator.join(words) or '-'


def of_log(line):
    return {'result': line['result'], 'asked': line['asked'], 'chosen': line['chosen'],
            'done': line['done'], 'why': line['why'], 'rule': line.get('rule', '-'),
            'reasons': line.get('reasons', '-'), 'missing': line.get('missing', '-'),
            'left-out': line.get('left_out', 'no'),
            'differ': 'yes' if 'recipients_differ' in line else 'no'}


def of_row(row):
    """A journal line, or check's."""
    return {'result': row['result'], 'asked': row['asked'], 'chosen': row['chosen'],
            'done': row['done'], 'why': row['why'], 'rule': row.get('rule', '-'),
            'reasons': listed([reason['type'] for reason in row.get('reasons', ())]),
            'missing': listed(row.get('missing', ())),
            'left-out': 'yes' if row.get('left_out') else 'no',
            'differ': 'yes' if row.get('recipients_differ') else 'no'}


def milder(row):
    """What the header says beside dis= when less was chosen than was asked: the first reason."""
    if row['why'] == 'trusted-arc':
        return 'arc override'
    types = [reason['type'] for reason in row.get('reasons', ()) if reason['type'] not in SOFTENED]
    if types and SEVERITY.index(DISPOSITION[row['chosen']]) < SEVERITY.index(row['asked']):
        return types[0]
    return None


def header_faults(field, row):
    """Where the Authentication-Results field and the journal's line disagree."""
    if row['exempt'] != 'no':
        return [] if 'dmarc=' not in field else ['a dmarc result for exempt mail']
    wanted = ['dmarc=%s' % row['result']]
    if row['result'] in ('pass', 'fail'):
        wanted.append('policy.dmarc=%s' % row['judged'][row['decisive']].get('asked', 'none'))
    if row['result'] == 'fail':
        record = row['authors'][row['decisive']]['policy']['record']
        wanted += ['(p=%s ' % record.get('p', 'none'), ' dis=%s' % DISPOSITION[row['apply']]]
        if milder(row):
            wanted.append(milder(row))
        if row['dry_run'] and row['chosen'] != 'accept':
            wanted.append('dry-run')
    return ['no "%s"' % text for text in wanted if text not in field]


def answer_faults(answer, row):
    """Where what the MTA was told and the journal's line disagree."""
    code = {'reject': 550, 'tempfail': 451}.get(row['done'], 250)
    faults = [] if answer.code == code else ['the MTA was told %d' % answer.code]
    if code != 250 and not (answer.reply or '').endswith('(%s)' % row['queue_id']):
        faults.append('no queue id in the reply')
    if code == 550 and row['why'] == 'rule' and 'DMARC' in answer.reply:
        faults.append("a reject of a rule's own names a policy: %s" % answer.reply)
    return faults


def mark_faults(marks, row):
    """Where the field for the delivery agent and the journal's line disagree."""
    if row['done'] != 'quarantine':
        return ['there is one, and done is %s' % row['done']] if marks else []
    if len(marks) != 1:
        return ['there are %d' % len(marks)]
    return ['no "%s=%s"' % (key, row[key]) for key in ('asked', 'why', 'result')
            if '%s=%s' % (key, row[key]) not in marks[0]]


def revealed(fields, row):
    """Recipients' domains that a field tells of: it may have been a blind copy."""
    return [domain for domain in row.get('recipients', {}).get('domains', ())
            if any(domain in field for field in fields)]


def disagreements(answer, field, marks, log, row, check):
    """All in which the four differ, as lines for people."""
    views = {'log': of_log(log), 'journal': of_row(row), 'check': of_row(check)}
    faults = []
    for key in views['journal']:
        if len({view[key] for view in views.values()}) > 1:
            faults.append('%s: %s' % (key, ', '.join('%s says %s' % (name, view[key])
                                                     for name, view in views.items())))
    comments = [[reason.get('comment') for reason in line.get('reasons', ())]
                for line in (row, check)]
    if comments[0] != comments[1]:
        faults.append('comments: journal says %s, check says %s' % tuple(comments))
    for domain in row.get('recipients', {}).get('domains', ()):
        if chosen_for(row, domain) != chosen_for(check, domain):
            faults.append('for %s: journal says %s, check says %s' % (
                domain, chosen_for(row, domain), chosen_for(check, domain)))
    if field:
        faults += ['header: %s' % text for text in header_faults(field, row)]
    faults += ['quarantine field: %s' % text for text in mark_faults(marks, row)]
    faults += ['a field names the recipient domain %s' % domain
               for domain in revealed([field or ''] + marks, row)]
    return faults + ['answer: %s' % text for text in answer_faults(answer, row)]


def exit_faults(code, row):
    """alignctl check exits by what was chosen (alignctl(1))."""
    wanted = {'accept': 0, 'quarantine': 1, 'reject': 2, 'tempfail': 75}[row['chosen']]
    if row['chosen'] == 'accept' and row['result'] == 'temperror':
        wanted = 75
    return [] if code == wanted else ['alignctl check exits with %d, not %d' % (code, wanted)]


def dry_faults(answer, refused, row, dry):
    """What a dry run does, or chooses otherwise than the enforcing one."""
    faults = []
    for key, wanted in of_row(row).items():
        if key in ('result', 'asked', 'chosen', 'why', 'rule', 'missing') and \
                of_row(dry)[key] != wanted:
            faults.append('%s is %s, not %s' % (key, of_row(dry)[key], wanted))
    if dry['done'] != 'none' or answer.code != 250 or refused:
        faults.append('done is %s, the MTA was told %d' % (dry['done'], answer.code))
    if answer.quarantine or answer.inserted('X-Alignd-Quarantine'):
        faults.append('it is quarantined')
    for domain in row.get('recipients', {}).get('domains', ()):
        if chosen_for(dry, domain) != chosen_for(row, domain):
            faults.append('for %s: %s, not %s' % (domain, chosen_for(dry, domain),
                                                  chosen_for(row, domain)))
    return faults


def chosen_for(row, domain):
    """What was chosen for a recipient domain: all answers, when its addresses differ."""
    found = [entry['chosen'] for entry in row.get('chosen_for', ()) if entry['domain'] == domain]
    groups = row.get('recipients', {}).get('domains', []).count(domain)
    if len(found) < groups:
        found.append(row['chosen'])
    return listed(found)


class Seen:
    """What became of a case's message, for expect: each see_KEY gives what is wrong, or None."""

    def __init__(self, answer, field, marked, log, row, refused):
        self.answer, self.field, self.marked, self.log = answer, field, marked, log
        self.row, self.refused, self.view = row, refused, of_row(row)

    def faults(self, expect):
        found = []
        for key, values in expect.items():
            for value in values:
                fault = self.see(key, value)
                if fault:
                    found.append('expected %s %s, but %s' % (key, value, fault))
        if self.refused and 'refused' not in expect:
            found.append('recipients were refused: %s' % self.refused)
        return found

    def see(self, key, value):
        if key in self.view:
            return None if self.view[key] == value else 'it is %s' % self.view[key]
        return getattr(self, 'see_' + key.replace('-', '_'))(value)

    @staticmethod
    def has(text, value, what):
        """`value` "-": there is none."""
        if value == '-':
            return 'there is "%s"' % text if text else None
        return None if value in (text or '') else '%s is "%s"' % (what, text)

    def see_comment(self, value):
        comments = [reason['comment'] for reason in self.row.get('reasons', ())
                    if 'comment' in reason]
        return self.has('; '.join(comments), value, 'the comment')

    def see_reply(self, value):
        return self.has(self.answer.reply, value, 'the reply')

    def see_header(self, value):
        return self.has(self.field, value, 'the header')

    def see_no_header(self, value):
        return 'the header is "%s"' % self.field if value in (self.field or '') else None

    def see_quarantine(self, value):
        if value == ('yes' if self.marked else 'no'):
            return None
        return 'the field says %s' % self.marked[0] if self.marked else 'there is no such field'

    def see_log(self, value):
        key, _, wanted = value.partition('=')
        return None if self.log.get(key) == wanted else 'it says %s' % self.log.get(key)

    def see_no_log(self, value):
        return 'it says %s' % self.log[value] if value in self.log else None

    def see_refused(self, value):
        recipient, _, text = value.partition(' ')
        if recipient not in self.refused:
            return 'it was not refused'
        return self.has(self.refused[recipient], text, 'the reply')

    def see_for(self, value):
        domain, _, chosen = value.partition(' ')
        was = chosen_for(self.row, domain)
        return None if was == chosen else 'it is %s' % was
