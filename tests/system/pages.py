#!/usr/bin/python3
"""pages.py [FOLDER]: the pages of what-if in a browser, and by a validator of HTML.

Each page is laid out by headless Chromium as wide as a phone (320), a tablet and a desk's
screen; nothing may stand out at the side, and no words may be smaller than 11 px. One is seen
light and dark, and printed on A4: there must be something to see. tidy must find nothing wrong
with the HTML. With a folder as argument there are pictures of all, kept there to be looked at.
What a tool that is not there would have looked at is skipped, and told (exit 77).
"""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

PRINT = os.path.join(os.environ.get("builddir", "."), "tests/print_what_if")
WIDTHS = [320, 768, 1200]
SHOWN = "month"                 # seen and printed each time; the others when they are looked at
TIDY = ["tidy", "-q", "-e", "--doctype", "html5", "--drop-empty-elements", "no", "--show-info", "no"]
# Pages in frames as wide as wanted; what is measured becomes the text of the page around them.
FRAME = '<iframe title="%s" width="%d" style="border:0;width:%dpx;height:1200px" srcdoc="%s"></iframe>'
MEASURE = """<!DOCTYPE html><title>measure</title>%s<script>
const look = (frame) => {
  const page = frame.contentDocument, view = page.defaultView, wide = Number(frame.width);
  const out = [], small = [];
  for (const e of page.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect(), name = e.tagName + "." + (e.getAttribute("class") || "");
    if (box.width && (box.right > wide + 0.5 || box.left < -0.5) && view.getComputedStyle(e).clipPath == "none"
        && !e.closest("thead"))
      out.push(name + " " + e.textContent.slice(0, 40));
    if (e.childElementCount == 0 && e.textContent && !e.closest("svg")
        && parseFloat(view.getComputedStyle(e).fontSize) < 11)
      small.push(name);
  }
  return {name: frame.title, width: wide, out, small, wide: page.documentElement.scrollWidth};
};
onload = () => {
  const seen = [...document.querySelectorAll("iframe")].map(look);
  document.body.textContent = "MEASURED" + JSON.stringify(seen) + "END";
};</script>"""


def chromium(profile, *arguments):
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           f"--user-data-dir={profile}", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=120, check=False)
    return done.stdout.decode()


def measure(place, names):
    """By page, what stands out at the side, or is too small to read; all in one browser."""
    frames = []
    for name in names:
        with open(f"{place}/{name}.html", encoding="utf-8") as file:
            page = html.escape(file.read())
        frames += [FRAME % (name, width, width, page) for width in WIDTHS]
    path = f"{place}/measure.html"
    with open(path, "w", encoding="utf-8") as file:
        file.write(MEASURE % "".join(frames))
    found = re.search("MEASURED(.*)END", chromium(place + "/profile", "--dump-dom", "file://" + path), re.S)
    faults = {name: [] if found else ["was not laid out"] for name in names}
    for seen in json.loads(html.unescape(found.group(1))) if found else []:
        here = [f"stands out: {e}" for e in seen["out"]] + [f"too small: {e}" for e in seen["small"]]
        here += [f"is {seen['wide']} px wide"] if seen["wide"] > seen["width"] else []
        faults[seen["name"]] += [f"{seen['width']} px: {fault}" for fault in here]
    return faults


def picture(place, name, scheme):
    path = f"{place}/{name}-{scheme}.png"
    chromium(place + "/profile", f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
             "--window-size=1200,1600", f"--screenshot={path}", f"file://{place}/{name}.html")
    # one colour alone packs into almost nothing
    return [] if os.path.exists(path) and os.path.getsize(path) > 12000 else ["there is nothing to see"]


def printed(place, name):
    path = f"{place}/{name}.pdf"
    chromium(place + "/profile", "--no-pdf-header-footer", f"--print-to-pdf={path}", f"file://{place}/{name}.html")
    with open(path, "rb") as file:
        pages = len(re.findall(rb"/Type\s*/Page\b", file.read()))
    return [] if 1 <= pages <= 30 else [f"{pages} pages"]


def validate(place, name):
    done = subprocess.run([*TIDY, f"{place}/{name}.html"], stderr=subprocess.PIPE, check=False)
    # that the title of a drawing may have an id is not known to it
    return [line for line in done.stderr.decode().splitlines()
            if line and '<title> proprietary attribute "id"' not in line]


def look(place, name):
    faults = []
    for scheme in ("light", "dark"):
        faults += [f"{scheme}: {fault}" for fault in picture(place, name, scheme)]
    return faults + [f"printed: {fault}" for fault in printed(place, name)]


def check(place, names, missing, all_pictures):
    faults = {name: [] for name in names}
    if "chromium" not in missing:
        faults = measure(place, names)
        for name in names if all_pictures else [SHOWN]:
            faults[name] += look(place, name)
    for name in names if "tidy" not in missing else []:
        faults[name] += [f"tidy: {fault}" for fault in validate(place, name)]
    for name in names:
        for fault in faults[name]:
            print(f"{name}: {fault}")
    return [name for name in names if not faults[name]]


def main():
    missing = [tool for tool in ("chromium", "tidy") if not shutil.which(tool)]
    for tool in missing:
        print(f"skipped, needs {tool}")
    if len(missing) == 2:
        return 77
    place = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else tempfile.mkdtemp()
    try:
        names = subprocess.run([PRINT], stdout=subprocess.PIPE, check=True).stdout.decode().split()
        for name in names:
            subprocess.run([PRINT, name, f"{place}/{name}.html"], check=True)
        sound = check(place, names, missing, len(sys.argv) > 1)
        print(f"{len(sound)} of {len(names)} pages are sound")
        return 1 if sound != names else 77 if missing else 0
    finally:
        shutil.rmtree(place + "/profile", ignore_errors=True)
        if len(sys.argv) == 1:
            shutil.rmtree(place)


if __name__ == "__main__":
    sys.exit(main())
