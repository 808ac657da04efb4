#!/usr/bin/python3
"""pages.py [FOLDER]: the pages of what-if in a browser, and by a validator of HTML.

Each page is laid out by headless Chromium as wide as a phone (320), a tablet and a desk's
screen, light and dark, and printed on A4; nothing may stand out at the side, no words may be
smaller than 11 px, and a picture must show something. tidy must find nothing wrong with the HTML.
With a folder as argument the pictures are kept there, to be looked at.
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
FULLY = ["month", "huge"]       # the others on a phone, and as one picture
TIDY = ["tidy", "-q", "-e", "--doctype", "html5", "--drop-empty-elements", "no", "--show-info", "no"]
# The page in a frame as wide as wanted; what is measured becomes the text of the page around it.
FRAME = """<!DOCTYPE html><title>measure</title><iframe id=f style="border:0;width:%dpx;height:%dpx"
srcdoc="%s"></iframe><script>
onload = () => {
  const page = document.getElementById("f").contentDocument, view = page.defaultView;
  const out = [], small = [];
  for (const e of page.body.querySelectorAll("*")) {
    const box = e.getBoundingClientRect(), name = e.tagName + "." + (e.getAttribute("class") || "");
    if (box.width && (box.right > %d + 0.5 || box.left < -0.5) && view.getComputedStyle(e).clipPath == "none"
        && !e.closest("thead"))
      out.push(name + " " + e.textContent.slice(0, 40));
    if (e.childElementCount == 0 && e.textContent && !e.closest("svg")
        && parseFloat(view.getComputedStyle(e).fontSize) < 11)
      small.push(name);
  }
  document.body.textContent = "MEASURED" + JSON.stringify({out, small,
    wide: page.documentElement.scrollWidth}) + "END";
};</script>"""


def chromium(profile, *arguments):
    done = subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                           f"--user-data-dir={profile}", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=120, check=False)
    return done.stdout.decode()


def measure(place, name, width):
    """What stands out at the side, or is too small to read."""
    with open(f"{place}/{name}.html", encoding="utf-8") as file:
        page = html.escape(file.read())
    frame = f"{place}/frame.html"
    with open(frame, "w", encoding="utf-8") as file:
        file.write(FRAME % (width, 1200, page, width))
    found = re.search("MEASURED(.*)END", chromium(place + "/profile", "--dump-dom", "file://" + frame), re.S)
    if not found:
        return ["was not laid out"]
    seen = json.loads(html.unescape(found.group(1)))
    faults = [f"stands out: {e}" for e in seen["out"]] + [f"too small: {e}" for e in seen["small"]]
    return faults + ([f"is {seen['wide']} px wide"] if seen["wide"] > width else [])


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


def check(place, name):
    faults = []
    if shutil.which("tidy"):
        faults += [f"tidy: {fault}" for fault in validate(place, name)]
    if shutil.which("chromium"):
        for width in WIDTHS if name in FULLY else WIDTHS[:1]:
            faults += [f"{width} px: {fault}" for fault in measure(place, name, width)]
        for scheme in ("light", "dark") if name in FULLY else ("light",):
            faults += [f"{scheme}: {fault}" for fault in picture(place, name, scheme)]
        if name in FULLY:
            faults += [f"printed: {fault}" for fault in printed(place, name)]
    for fault in faults:
        print(f"{name}: {fault}")
    return not faults


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
        sound = [check(place, name) for name in names]
        print(f"{sum(sound)} of {len(names)} pages are sound")
        return 0 if all(sound) else 1
    finally:
        shutil.rmtree(place + "/profile", ignore_errors=True)
        if len(sys.argv) == 1:
            shutil.rmtree(place)


if __name__ == "__main__":
    sys.exit(main())
