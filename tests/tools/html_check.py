#!/usr/bin/python3
"""html_check.py FILE...: each page is well-formed XML and HTML that holds together.

Headings go down one level at a time, ids are unique, links lead somewhere in the page,
drawings have a title and a description, tables have a caption and names of columns, and the
colours of the style sheet keep their contrast (WCAG 2.1 AA), light and dark.
"""

import html.parser
import re
import sys
import xml.etree.ElementTree as ET

VOID = {"meta", "br", "hr", "img", "input", "link"}
WORDS = ["ink", "quiet", "stopped", "hurt", "milder", "good"]
SHAPES = ["reject", "quarantine", "tempfail", "accept"]


class Reader(html.parser.HTMLParser):
    """What a reader of HTML makes of it: the tags in their order, closed as they were opened."""

    def __init__(self):
        super().__init__()
        self.tags, self.open, self.faults = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes something else")


def luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)]
    parts = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def colours(rule):
    found = re.findall(r"--(\w+):#(\w+)", rule)
    return {name: value if len(value) == 6 else "".join(2 * c for c in value) for name, value in found}


def check_colours(style):
    schemes = re.findall(r":root\{[^}]*\}", style)
    if len(schemes) != 2:
        yield f"{len(schemes)} colour schemes, wanted 2"
    for scheme in map(colours, schemes):
        for name, least in [(n, 4.5) for n in WORDS] + [(n, 3) for n in SHAPES]:
            for ground in ("page", "card") if least > 3 else ("page",):
                ratio = contrast(scheme[name], scheme[ground])
                if ratio < least:
                    yield f"--{name} #{scheme[name]} on --{ground}: {ratio:.2f}, wanted {least}"


def check_headings(root):
    levels = [int(e.tag[1]) for e in root.iter() if re.fullmatch("h[1-6]", e.tag)]
    if levels.count(1) != 1 or levels[0] != 1:
        yield "not one h1, first"
    for before, level in zip(levels, levels[1:]):
        if level > before + 1:
            yield f"h{level} after h{before}"


def check_ids(root):
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    yield from (f"id {i} twice" for i in set(ids) if ids.count(i) > 1)
    for element in root.iter():
        wanted = (element.get("aria-labelledby") or "").split()
        if element.get("href"):
            wanted.append(element.get("href").lstrip("#"))
        yield from (f"no id {i}" for i in wanted if i not in ids)


def check_parts(root):
    if root.get("lang") != "en":
        yield "no language"
    for svg in root.iter("svg"):
        if svg.get("role") != "img" or svg.find("title") is None or svg.find("desc") is None:
            yield "a drawing without title or description"
    for table in root.iter("table"):
        if table.find("caption") is None or not table.findall("thead/tr/th[@scope='col']"):
            yield "a table without caption or names of columns"
        if any(row.find("th[@scope='row']") is None and row.get("class") != "rule"
               for row in table.findall("tbody/tr")):
            yield "a row without a name"


def check(path):
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    try:
        root = ET.fromstring(text.replace("<!DOCTYPE html>", ""))
    except ET.ParseError as error:
        return [f"no XML: {error}"]
    reader = Reader()
    reader.feed(text)
    faults = reader.faults + [f"<{tag}> is open" for tag in reader.open]
    if reader.tags != [e.tag for e in root.iter()]:
        faults.append("as HTML it has other elements than as XML")
    for part in (check_headings, check_ids, check_parts):
        faults += part(root)
    return faults + list(check_colours(root.find("head/style").text))


def main():
    failed = False
    for path in sys.argv[1:]:
        for fault in check(path):
            print(f"{path}: {fault}")
            failed = True
    return failed


if __name__ == "__main__":
    sys.exit(main())
