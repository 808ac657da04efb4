"""The same message under other settings: judged anew, and decided from its journal line.

    again = Again(folder, cases)
    faults = again.faults(case, settings, line, arguments, recipients)

The other settings are those of the case with some options of kind `decide` drawn by
chance, and often the rules of another case: the same at every run, unless AGAIN_SEED
says otherwise. Judging (alignctl check) and deciding the line (decide(), and what-if over
a store with this line) have to give the same. They run in tests/decide_again, many in
one process.
"""

import json
import os
import random
import re
import subprocess

import harness
import views

PROGRAM = os.path.join(harness.BUILD, 'tests', 'decide_again')
SEED = os.environ.get('AGAIN_SEED') or '1'
SHORT = os.environ.get('ALIGND_TEST_EFFORT') == 'short'
ROUNDS = int(os.environ.get('AGAIN_ROUNDS') or (2 if SHORT else 8))     # other settings for each case
VERDICT = ('mode', 'judged', 'result', 'result_reason', 'decisive', 'asked', 'chosen', 'why', 'rule',
           'reply', 'missing', 'trusted_set', 'recipients_differ', 'left_out', 'reasons', 'dry_run',
           'apply', 'method', 'done')


def quoted(text):
    return re.findall(r'"([^"]*)"', text)


def listed(words):
    return '[ %s ]' % ', '.join('"%s"' % word for word in words)


def some(chance, words):
    return [word for word in words if chance.random() < 0.5]


class Draw:
    """Settings by chance: values of all options of kind `decide`, and rules."""

    def __init__(self, table, cases):
        rows = [line.split('\t') for line in table]
        self.options = [(row[0], row[1], row[3]) for row in rows if row[4] == 'decide']
        self.rules = self.rules_of(cases)
        self.near = {case.path: self.rules_of([other for other in cases if other.path == case.path])
                     for case in cases}
        self.sealers = sorted({word[2:] for case in cases for _, step, rest in case.journey
                               if step == 'seal' for word in rest.split() if word.startswith('d=')})

    @staticmethod
    def rules_of(cases):
        """[(rules, the files that they read)], each once."""
        return list({case.settings['rules']: (case.settings['rules'], case.files)
                     for case in cases if 'rules' in case.settings}.values())

    def value(self, chance, kind, accepted):
        if kind == 'bool':
            return chance.choice(('true', 'false'))
        if kind == 'word':
            return '"%s"' % chance.choice(quoted(accepted))
        if kind == 'integer':
            low, high = map(int, re.findall(r'\d+', accepted))
            return str(chance.choice((low, high, chance.randint(low, high))))
        if kind == 'list of signals':
            return listed(some(chance, quoted(accepted)))
        if kind == 'list of domains':
            return listed(some(chance, self.sealers))
        raise harness.Failed('no values are drawn for an option of type "%s"' % kind)

    @staticmethod
    def rule_for(chance, recipients):
        """A rule that names one of these addresses; None when none is plain."""
        plain = [recipient[1:-1] for recipient in recipients
                 if re.fullmatch(r'<[A-Za-z]+@[A-Za-z.]+>', recipient)]
        return plain and '( { id = "drawn"; match = { recipient = "%s"; }; action = "%s"; } )' % (
            chance.choice(plain), chance.choice(('accept', 'quarantine', 'reject')))

    def settings(self, chance, case, settings, recipients):
        """Other settings than these of the case, and the files that their rules read."""
        changed, files = dict(settings), {}
        for name, kind, accepted in self.options:
            value = harness.Verbatim(self.value(chance, kind, accepted))
            if chance.random() < 0.5:
                changed[name] = value
        if chance.random() < 0.1 and self.rule_for(chance, recipients):
            changed['rules'] = harness.Verbatim(self.rule_for(chance, recipients))
        elif chance.random() < 0.6:
            near = self.near[case.path] if chance.random() < 0.5 else []
            rules, files = chance.choice(near or self.rules)
            changed['rules'] = harness.Verbatim(rules)
        elif chance.random() < 0.3:
            changed.pop('rules', None)
        return changed, files


class Again:
    def __init__(self, folder, cases):
        if not os.access(PROGRAM, os.X_OK):
            raise harness.Failed('%s is not built: make runners' % PROGRAM)
        self.folder = os.path.join(folder, 'again')
        os.mkdir(self.folder)
        suppressions = os.path.join(os.path.dirname(harness.__file__), 'lsan.supp')
        environment = dict(os.environ)
        environment.setdefault('LSAN_OPTIONS', 'suppressions=%s:print_suppressions=0' % suppressions)
        self.process = subprocess.Popen([PROGRAM, self.path('store')], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment)
        self.draw = Draw(self.command('options')[0], cases)
        self.counts = {'decided': 0, 'otherwise': 0, 'undecided': 0, 'put off': 0}

    def path(self, name):
        return os.path.join(self.folder, name)

    def stop(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise harness.Failed('decide_again ends with %d' % self.process.returncode)

    def tells(self):
        """Is enough decided otherwise than before, for the comparison to mean something?"""
        return self.counts['otherwise'] * 4 > self.counts['decided']

    def summary(self):
        return ', '.join('%d %s' % (n, what) for what, n in self.counts.items())

    def command(self, *words):
        """What it prints, as lines; and its code."""
        self.process.stdin.write(('\t'.join(words) + '\n').encode())
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            line = line.decode('utf-8').rstrip('\n')
            if line.startswith('= '):
                return said, int(line[2:])
            said.append(line)
        raise harness.Failed('decide_again died of %s' % '\t'.join(words))

    def write(self, settings, files):
        """The settings file, its rules' files beside it."""
        for name, text in files.items():
            with open(self.path(name), 'w', encoding='utf-8') as out:
                out.write(text)
        text = harness.write_settings(settings).replace('@HERE@', self.folder)
        with open(self.path('other.conf'), 'w', encoding='utf-8') as out:
            out.write(text)

    def judge(self, arguments, recipients):
        words = [word for recipient in recipients for word in ('--rcpt', recipient)]
        said, _ = self.command('check', *arguments, '-c', self.path('other.conf'), *words)
        if len(said) != 1:
            raise harness.Failed('alignctl check says %s' % said)
        return json.loads(said[0])

    def faults(self, case, settings, line, arguments, recipients):
        """`settings` are of the case, alignd.conf has them, and `line` was written under them."""
        config, line = os.path.join(self.folder, '..', 'alignd.conf'), line.decode('utf-8')
        if self.command('line', config, line)[1] != 0:
            return ['decide_again does not take its journal line']
        found = []
        for number in range(ROUNDS):
            chance = random.Random('%s %s %d' % (SEED, case.title, number))
            other, files = self.draw.settings(chance, case, settings, recipients)
            self.write(other, files)
            faults = self.compare(json.loads(line), arguments, recipients)
            if faults:
                found += faults + ['these are of AGAIN_SEED=%s, round %d:' % (SEED, number),
                                   changes(settings, other)]
        return found

    def compare(self, row, arguments, recipients):
        said, code = self.command('decide', self.path('other.conf'))
        if code != 0 or len(said) != 2:
            return ['decide_again ends with %d, and says %s' % (code, said)]
        decided, told = json.loads(said[0]), said[1]
        judged = self.judge(arguments, recipients)
        self.counts['decided'] += 1
        self.counts['otherwise'] += any(decided[key] != row[key] for key in ('chosen', 'why', 'apply'))
        if told == 'undecided':
            self.counts['undecided'] += 1
            return self.undecided_faults(row)
        if count_of(judged) != count_of(row):
            self.counts['put off'] += 1
            return self.split_faults(decided, judged, arguments, recipients)
        return differences(judged, decided) + told_faults(judged, told)

    def undecided_faults(self, row):
        """Only where rules name addresses, of which the line keeps the domain."""
        with open(self.path('other.conf'), encoding='utf-8') as text:
            addresses = quoted(text.read().lower())
        domains = row.get('recipients', {}).get('domains', ())
        if any(address.rpartition('@')[2] in domains for address in addresses if '@' in address):
            return []
        return ['what-if cannot decide it, and no rule names an address of %s' % listed(domains)]

    def split_faults(self, decided, judged, arguments, recipients):
        """Some would have come in transactions of their own (recipients_differ = "split", or
        more than are listed): each alone gets what the line has for its domain."""
        faults = ['%s: decided %s, judged %s' % (key, decided.get(key), judged.get(key))
                  for key in ('result', 'asked', 'decisive', 'judged') if decided.get(key) != judged.get(key)]
        alone = {}
        for recipient in recipients:
            row = self.judge(arguments, [recipient])
            for domain in row.get('recipients', {}).get('domains', ()):
                alone.setdefault(domain, set()).add(row['chosen'])
        for domain in decided['recipients']['domains']:
            got = set(views.chosen_for(decided, domain).split(','))
            if got != alone[domain]:
                faults.append('for %s: decided %s, judged alone %s' % (domain, got, alone[domain]))
        return faults


def changes(settings, other):
    """What the other settings have beside these, as a file has it."""
    text = harness.write_settings({name: value for name, value in other.items()
                                   if settings.get(name) != value})
    gone = ['%s: none' % name for name in settings if name not in other]
    return '\n'.join([text] + gone)


def count_of(row):
    return row.get('recipients', {}).get('count', 0)


def differences(judged, decided):
    faults = ['%s: decided %s, judged %s' % (key, decided.get(key), judged.get(key))
              for key in VERDICT if decided.get(key) != judged.get(key)]
    for domain in judged.get('recipients', {}).get('domains', ()):
        wanted, got = views.chosen_for(judged, domain), views.chosen_for(decided, domain)
        if wanted != got:
            faults.append('for %s: decided %s, judged %s' % (domain, got, wanted))
    return faults


def told_faults(judged, told):
    """What-if tells what the sender sees of it."""
    wanted = judged['apply']
    if wanted == 'quarantine' and judged['method'] == 'reject':
        wanted = 'reject'
    if judged['exempt'] != 'no':
        wanted = 'exempt'
    return [] if told == wanted else ['what-if tells %s, judged %s' % (told, wanted)]
