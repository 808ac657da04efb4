"""A journal as it is in its folder, while alignd may be at work there."""

import gzip
import os


def names_in(folder):
    """Files of the journal in the order of their names; of one that is being replaced by what
    it was compressed to, the new one."""
    found = set(os.listdir(folder)) if os.path.isdir(folder) else set()
    return sorted(name for name in found if name.endswith('.jsonl.gz') or
                  name.endswith('.jsonl') and name + '.gz' not in found)


def read(path):
    with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as lines:
        return list(lines)


def lines_of(folder):
    """All lines as octets; the last one of a file may be without its end. None in a folder that
    is not there."""
    while True:
        try:
            return [line for name in names_in(folder) for line in read(os.path.join(folder, name))]
        except FileNotFoundError:       # compressed, as when a day ends, or moved away: again
            pass
