"""Reads case files; the format is told in README beside this file.

    for case in read('list.case'):
        case.title, case.settings, case.zone ...

A case is one variant of a file: what the file says first, with what the variant
says laid over it. Whatever is wrong with a file is a Fault with its line.
"""

import os
import re

EXPECTED = ('result', 'asked', 'chosen', 'done', 'why', 'rule', 'reasons', 'missing', 'comment',
            'reply', 'header', 'no-header', 'quarantine', 'left-out', 'for', 'refused', 'log',
            'no-log')
ARRIVAL = ('client', 'name', 'helo', 'mail_from', 'rcpt', 'authenticated')
MANY = ('rcpt', 'comment', 'reply', 'header', 'no-header', 'for', 'refused', 'log', 'no-log')
STEPS = ('sign', 'seal', 'subject', 'footer', 'field', 'replace', 'remove')
SECTIONS = ('settings', 'zone', 'arrival', 'message', 'journey', 'expect')


class Fault(Exception):
    """What is wrong with a case file, with its name and line."""

    def __init__(self, path, number, text):
        super().__init__('%s:%d: %s' % (path, number, text))


class Section(list):
    """Lines as (number, text), their common indentation taken away."""

    @property
    def text(self):
        return ''.join(line + '\n' for _, line in self)

    @property
    def told(self):
        """The lines that say something."""
        return [(number, line) for number, line in self if line and not line.startswith('#')]


class Case:
    """One variant.

    settings  {option: its value as the settings file has it}
    zone      lines of the zone file, behind those of base.zone
    arrival   {key: [value, ...]}
    message   text; journey: [(line number, step, rest)] in order of time
    expect    {key: [value, ...]}
    files     {name: text}, for domains_file and networks_file
    """

    def __init__(self, path, number, title):
        self.path, self.number, self.title = path, number, title
        self.settings, self.arrival, self.expect, self.files = {}, {}, {}, {}
        self.zone, self.message, self.journey = '', '', []

    def variant(self, number, name):
        """A case that begins equal to this one."""
        case = Case(self.path, number, '%s: %s' % (self.title, name))
        case.settings, case.arrival = dict(self.settings), dict(self.arrival)
        case.expect, case.files = dict(self.expect), dict(self.files)
        case.zone, case.message, case.journey = self.zone, self.message, self.journey
        return case

    def fault(self, number, text):
        return Fault(self.path, number, text)


def sections_of(path):
    """[(line number, name, argument, Section)] of a file."""
    found = []
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip()
            head = re.fullmatch(r'([a-z]+)(?: ([^:]+))?:(?: (.+))?', line)
            if line.startswith('#'):
                continue
            if head:
                found.append((number, head.group(1), head.group(2) or head.group(3), Section()))
            elif line == '' or line[0] in ' \t':
                if found:
                    found[-1][3].append((number, line))
            else:
                raise Fault(path, number, 'neither a section (as "expect:") nor indented')
    for row in found:
        unindent(path, row[3])
    return found


def unindent(path, section):
    while section and section[-1][1] == '':
        section.pop()
    while section and section[0][1] == '':
        section.pop(0)
    margin = re.match(r'\s*', section[0][1]).group() if section else ''
    for place, (number, line) in enumerate(section):
        if line and not line.startswith(margin):
            raise Fault(path, number, 'less indented than the first line of its section')
        section[place] = (number, line[len(margin):])


def read_settings(case, section):
    """`name = value` each; a value goes on until its brackets are closed."""
    name, depth = None, 0
    for number, line in section.told:
        if depth == 0:
            found = re.fullmatch(r'([a-z_.]+)\s*=\s*(.*)', line)
            if not found:
                raise case.fault(number, 'not NAME = VALUE')
            name, line = found.group(1), found.group(2)
            case.settings[name] = ''
        case.settings[name] = (case.settings[name] + '\n' + line).strip('\n').rstrip(';')
        bare = re.sub(r'"(?:[^"\\]|\\.)*"|#.*', '', line)
        depth += len(re.findall(r'[\[({]', bare)) - len(re.findall(r'[\])}]', bare))
    if depth != 0:
        raise case.fault(section[-1][0], '%s: the brackets are not closed' % name)


def read_pairs(case, section, known, into):
    """`key value` lines, which replace what was said of the key before."""
    seen = set()
    for number, line in section.told:
        key, _, value = line.partition(' ')
        if key not in known:
            raise case.fault(number, '"%s" is none of: %s' % (key, ' '.join(known)))
        if key in seen and key not in MANY:
            raise case.fault(number, 'a second "%s"' % key)
        into[key] = (into[key] if key in seen else []) + [value.strip()]
        seen.add(key)


def read_journey(case, section):
    case.journey = []
    for number, line in section.told:
        step, _, rest = line.partition(' ')
        if step not in STEPS:
            raise case.fault(number, '"%s" is none of: %s' % (step, ' '.join(STEPS)))
        case.journey.append((number, step, rest))


def read_section(case, number, name, argument, section):
    if name == 'settings':
        read_settings(case, section)
    elif name == 'zone':
        case.zone += section.text
    elif name == 'arrival':
        read_pairs(case, section, ARRIVAL, case.arrival)
    elif name == 'message':
        case.message = section.text
    elif name == 'journey':
        read_journey(case, section)
    elif name == 'expect':
        read_pairs(case, section, EXPECTED, case.expect)
    elif name == 'file' and argument:
        case.files[argument] = section.text
    else:
        raise case.fault(number, 'no section "%s"; there are: %s, file NAME, variant' %
                         (name, ', '.join(SECTIONS)))


def story_of(path):
    with open(path, encoding='utf-8') as lines:
        first = lines.readline()
    if not first.startswith('# '):
        raise Fault(path, 1, 'the first line is no comment that tells the story')
    return first[2:].strip()


def read(path):
    """The cases of a file: itself, and one for each variant."""
    story_of(path)
    cases = [Case(path, 1, os.path.basename(path)[:-len('.case')])]
    for number, name, argument, section in sections_of(path):
        if name != 'variant':
            read_section(cases[-1], number, name, argument, section)
            continue
        if not argument:
            raise Fault(path, number, 'a variant without a name')
        if section:
            raise Fault(path, section[0][0], 'a line between "variant:" and its first section')
        cases.append(cases[0].variant(number, argument))
    for case in cases:
        if not case.expect:
            raise case.fault(case.number, 'nothing is expected')
    return cases
