#!/usr/bin/python3
"""hostile.py ALIGNCTL ZONE: markup that strangers wrote is text wherever it is read.

A decision as alignctl check writes it; in each of its texts markup, one at a time and all
together, as another host's journal could have them. Then the way of every line: load, and
what-if, stats, rules and show, for people, programs, browsers and terminals.
"""

import copy
import csv
import json
import os
import subprocess
import sys
import tempfile

import html_check

MARKUP = '"\'><script>alert(1)</script><img src=x onerror=alert(2)>&lt;]]><!--\x1b[2J\x9b\u202e'
SETTINGS = '''dry_run = true;
authserv_id = "mx.example.com";
journal: {{ directory = "{0}/journal"; }};
store: {{ path = "{0}/store.sqlite"; }};
rules = ( {{ id = "r"; owner = "<script>"; ticket = "<img>"; note = "<script>"; action = "quarantine";
	comment = "<script>alert(3)</script>"; match = {{ helo = "h.example"; }}; }} );
'''
MESSAGE = '''From: "<script>" <a@bank.example>
List-Id: <script> <talk.lists.example>
DKIM-Signature: v=1; a=rsa-sha256; d=<script>.example; s=<img>; h=from; bh=AAAA; b=AAAA
DKIM-Signature: v=1; a=rsa-sha256; d=lists.example; s=s; h=from; bh=AAAA; b=AAAA

Hello.
'''
ARRIVAL = ['--ip', '203.0.113.66', '--helo', MARKUP, '--mail-from', '<a@forger.example>', '--rcpt',
           '<u@receiver.example>', '--client-name', 'host.forger.example']
# keys of the journal's line whose texts are one of a few words, or in a form of their own
WORDS = {'id', 'when', 'exempt', 'mode', 'status', 'method', 'scope', 'result', 'why', 'type', 'asked',
         'chosen', 'apply', 'done', 'published', 'effective', 'tag', 'p', 'sp', 'np', 'adkim', 'aspf', 'psd',
         'missing', 'spf_aligned', 'dkim_aligned', 'b'}


class Run:
    def __init__(self, ctl, folder):
        self.ctl, self.folder, self.faults = ctl, folder, []

    def fail(self, text):
        self.faults.append(text)

    def __call__(self, command, *arguments, stdin=None, code=0):
        done = subprocess.run([self.ctl, command, '--config' if command != 'what-if' else '-c',
                               self.folder + '/conf', *arguments], input=stdin, capture_output=True)
        if done.returncode != code or (code == 0 and done.stderr):
            self.fail(f'{command} {arguments}: exit {done.returncode}, {done.stderr!r}')
        return done.stdout


def texts(value, way=()):
    """The way to each text of a line that could be anything."""
    if isinstance(value, dict):
        return [w for key, item in value.items() if key not in WORDS for w in texts(item, way + (key,))]
    if isinstance(value, list):
        return [w for n, item in enumerate(value) for w in texts(item, way + (n,))]
    return [way] if isinstance(value, str) else []


def put(line, way, text):
    for key in way[:-1]:
        line = line[key]
    line[way[-1]] = 'v=DMARC1; p=reject; ' + text if way[-1] == 'text' else text


def spoken_for(line):
    """A list post that fails, so that it is hurt, and by a rule, which has a name of its own."""
    del line['rules']
    line['client']['name_confirmed'] = True
    line['dkim'][-1]['result'] = 'pass'
    line['rule'] = 'r'
    line['reasons'][0]['comment'] = 'why'
    return line


def lines(first):
    """The line itself, it with markup in one of its texts, and in all of them."""
    last = copy.deepcopy(first)
    yield first
    for n, way in enumerate(texts(first)):
        line = copy.deepcopy(first)
        put(line, way, MARKUP)
        put(last, way, f'{MARKUP}{n}')      # no two the same: they would be aligned
        yield line
    yield last


def check_octets(run, what, octets):
    """Nothing that a terminal obeys."""
    bad = {o for o in octets if (o < 0x20 and o != 0x0A) or o > 0x7E}
    if bad:
        run.fail(f'{what}: octets {sorted(bad)}')


def check_page(run, path):
    for fault in html_check.check(path):
        run.fail(f'page: {fault}')
    with open(path, encoding='utf-8', newline='') as file:
        text = file.read()
    for never in ('<script', '<img', '<!--', ']]>', '\x1b', '\x9b', '\u202e'):
        if never in text:
            run.fail(f'page: {never!r}')
    if text.count('&lt;script') < 2:
        run.fail('page: the markup is in no table')


def check_all(run, folder):
    run('load')
    page = folder + '/page.html'
    text = run('what-if', '--set', 'dry_run=false', '--html', page)
    if text.count(b'<script>') != 2:
        run.fail(f'what-if: not in the tables of who is hurt and who is stopped: {text.decode()}')
    check_octets(run, 'what-if', text)
    check_page(run, page)
    for command in (['stats'], ['rules'], ['show', '--from', 'bank.example', '--long']):
        check_octets(run, command[0], run(*command))
    for command in (['stats', '--json'], ['rules', '--json']):
        json.loads(run(*command))
    report = json.loads(run('what-if', '--set', 'dry_run=false', '--json'))
    for row in report['authors'] + report['networks']:
        if '<' in row['suggestion']['text']:
            run.fail(f'what-if suggests {row["suggestion"]["text"]}')
    rows = list(csv.reader(run('stats', '--csv').decode().splitlines()))
    for row in rows:
        if len(row) != len(rows[0]):
            run.fail(f'stats --csv: {row}')


def main(ctl, zone):
    with tempfile.TemporaryDirectory() as folder:
        run = Run(ctl, folder)
        os.mkdir(folder + '/journal')
        with open(folder + '/conf', 'w', encoding='utf-8') as conf:
            conf.write(SETTINGS.format(folder))
        first = spoken_for(json.loads(run('check', '--zone', zone, '--json', *ARRIVAL,
                                          stdin=MESSAGE.encode(), code=1)))
        day = first['when'][:10].replace('-', '')
        with open(f'{folder}/journal/mx1-{day}.jsonl', 'w', encoding='utf-8') as journal:
            for n, line in enumerate(lines(first)):
                line['id'] = f'mx1-1-{n}'
                journal.write(json.dumps(line, ensure_ascii=False) + '\n')
        check_all(run, folder)
        print('\n'.join(run.faults), end='\n' if run.faults else '')
        return bool(run.faults)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
