"""The main table as a picture: messages/s of each stack at each number of connections.
One SVG that is legible on a light and on a dark page: colours and text follow
prefers-color-scheme, and it brings its own background."""

from xml.sax.saxutils import escape

WIDTH, LEFT, TOP, BAR, GAP, RIGHT = 800, 50, 64, 15, 22, 80
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.small { font-size: 11px; fill: #59636e }
.title { font-size: 15px; font-weight: 600 }
.page { fill: #ffffff }
.line { stroke: #d1d9e0; stroke-width: 1 }
.s0 { fill: #0969da } .s1 { fill: #8c959f } .s2 { fill: #bc4c00 } .s3 { fill: #8250df }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } text { fill: #e6edf3 } .small { fill: #9198a1 } .line { stroke: #3d444d }
.s0 { fill: #4493f8 } .s1 { fill: #9198a1 } .s2 { fill: #db6d28 } .s3 { fill: #ab7df8 }
}
"""
COLOURS = 4


def text(x, y, words, kind="", anchor="start"):
    return '<text x="%g" y="%g" class="%s" text-anchor="%s">%s</text>' % (
        x, y, kind, anchor, escape(words))


def nice_top(value):
    """The next handy number times a power of ten."""
    step = 1.0
    while True:
        for factor in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8):
            if step * factor >= value:
                return step * factor
        step *= 10


def legend(rows, y):
    parts, x = [], LEFT
    for number, row in enumerate(rows):
        parts.append('<rect x="%g" y="%g" width="11" height="11" rx="2" class="s%d"/>' % (
            x, y - 10, number % COLOURS))
        parts.append(text(x + 16, y, row["title"]))
        x += 34 + 7.2 * len(row["title"])
    return parts


def axis(top, bottom, scale):
    parts = []
    for part in range(5):
        x = LEFT + scale * top * part / 4
        parts.append('<line x1="%g" x2="%g" y1="%g" y2="%g" class="line"/>' % (
            x, x, TOP - 8, bottom))
        parts.append(text(x, bottom + 15, "%d" % (top * part / 4), "small", "middle"))
    return parts


def group(rows, count, y, scale):
    """The bars of one number of connections; the spread as a thin line over each end."""
    parts = [text(LEFT - 10, y + BAR * len(rows) / 2 + 4, str(count), "", "end")]
    for number, row in enumerate(rows):
        value, spread = row["per_second"][str(count)], row["per_second_spread"][str(count)]
        top = y + BAR * number
        parts.append('<rect x="%d" y="%g" width="%.1f" height="%d" rx="2" class="s%d"/>' % (
            LEFT, top, scale * value, BAR - 2, number % COLOURS))
        parts.append(text(LEFT + scale * value + 6, top + BAR - 4, "%.0f" % value + (
            " \u00b1%.0f %%" % (spread / 2) if spread >= 1 else ""), "small"))
    return parts


def svg(result, facts):
    rows = sorted(result["rows"].values(), key=lambda row: row["title"] != "alignd")
    counts = result["connections"]
    top = nice_top(max(row["per_second"][str(count)] for row in rows for count in counts))
    scale = (WIDTH - LEFT - RIGHT) / top
    step = BAR * len(rows) + GAP
    bottom = TOP + step * len(counts) - GAP + 6
    parts = [text(LEFT, 20, "Messages per second, by connections of the MTA (more is better)",
                  "title")]
    parts += legend(rows, 44) + axis(top, bottom, scale)
    for number, count in enumerate(counts):
        parts += group(rows, count, TOP + step * number, scale)
    parts.append(text(LEFT, bottom + 36, "%s, %d cores of %s, %s; load generator and name servers "
                      "on the same cores" % (facts["date"], facts["cores"], facts["cpu"],
                                             facts["system"]), "small"))
    height = bottom + 46
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" '
            'role="img" aria-label="Messages per second">\n<style>%s</style>\n'
            '<rect width="%d" height="%d" rx="6" class="page"/>\n%s\n</svg>\n' % (
                WIDTH, height, WIDTH, height, STYLE, WIDTH, height, "\n".join(parts)))
