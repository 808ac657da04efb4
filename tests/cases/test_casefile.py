#!/usr/bin/python3
"""What is wrong with a case file is said with file and line."""

import os
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import casefile         # noqa: E402
import journey          # noqa: E402

GOOD = '# A story.\nmessage:\n    From: a@bank.example\nexpect:\n    chosen accept\n'
ROWS = [                # a file's text, and what is said of it
    ('message:\n', '1: the first line is no comment'),
    ('# A story.\nmessage:\n    From: a@bank.example\n', '1: nothing is expected'),
    (GOOD + 'expected:\n    chosen accept\n', '6: no section "expected"'),
    (GOOD + 'Chosen accept\n', '6: neither a section'),
    (GOOD + '    choosen accept\n', '6: "choosen" is none of'),
    (GOOD + '    chosen reject\n', '6: a second "chosen"'),
    (GOOD + '  chosen reject\n', '6: less indented'),
    (GOOD + 'variant:\n', '6: a variant without a name'),
    (GOOD + 'variant: next\n    chosen reject\n', '7: a line between'),
    (GOOD + 'settings:\n    mode honor\n', '7: not NAME = VALUE'),
    (GOOD + 'settings:\n    rules = ( {\n', '7: rules: the brackets are not closed'),
    (GOOD + 'journey:\n    stamp d=bank.example\n', '7: "stamp" is none of'),
    (GOOD + 'journey:\n    sign s=s\n', '7: d= is missing'),
    (GOOD + 'journey:\n    sign d=bank.example v=1\n', '7: "v" is none of'),
    (GOOD + 'journey:\n    replace Sender: x\n', '7: the message has no Sender'),
]


def said_of(path):
    try:
        for case in casefile.read(path):
            journey.Journey(case, journey.Keys())
    except casefile.Fault as fault:
        return str(fault)
    return None


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'a.case')
        for text, wanted in ROWS + [(GOOD, None)]:
            with open(path, 'w', encoding='utf-8') as out:
                out.write(text)
            said = said_of(path)
            if (said or '') != '' if wanted is None else \
                    not (said or '').startswith('%s:%s' % (path, wanted)):
                print('FAIL %r: wanted %s, said %s' % (text, wanted, said))
                failed += 1
    return 1 if failed else 0


sys.exit(main())
