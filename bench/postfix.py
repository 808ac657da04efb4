"""End to end: smtp-source sends through a Postfix that asks the filter, and throws the
mail away. The client is the loopback, so SPF is nothing that could pass; one signed
message is sent again and again."""

import os
import re
import time

import measure
import report
import stacks
from names import NSD_PORT, Nameserver, Unbound
from places import labs
from servers import Postfix

SESSIONS = 20


class NotExempt(stacks.Alignd):
    def __init__(self):
        super().__init__(extra="exempt: { networks = [ ]; };\n")


def signed_message(folder):
    """(text, envelope sender) of one in the corpus."""
    with open(os.path.join(folder, "index"), encoding="ascii") as lines:
        words = next(line for line in lines if "-plain" in line).split("\t")
    with open(os.path.join(folder, words[0]), "rb") as source:
        text = source.read().replace(b"\r\n", b"\n")
    return text, words[4].strip("<>")


def one(lab, stack, text, sender, options):
    """Messages a second until Postfix has answered all of them."""
    settings = {"virtual_transport": "discard:", "default_process_limit": "200",
                "smtpd_client_connection_rate_limit": "0", "milter_default_action": "tempfail"}
    if stack is not None:
        for path in stack.sockets:
            os.chmod(path, 0o666)
        settings["smtpd_milters"] = " ".join("unix:" + path for path in stack.sockets)
    mta = Postfix(lab, settings=settings)
    path = lab.write("message", text)
    times = []
    for _ in range(options.rounds + 1):         # the first one wakes Postfix's processes
        start = time.monotonic()
        labs.run_program([labs.need_program("smtp-source", package="postfix"), "-s", str(SESSIONS),
                          "-m", str(options.messages), "-f", sender, "-t", "user@example.org",
                          "-F", path, "127.0.0.1:%d" % mta.port], timeout_s=600)
        times.append(time.monotonic() - start)
    with open(mta.log_path, encoding="utf-8", errors="replace") as log:
        refused = len(re.findall("milter-reject|warning: milter", log.read()))
    mta.stop()
    rates = [options.messages / seconds for seconds in times[1:]]
    return {"per_second": measure.median(rates), "spread": measure.spread(rates),
            "failures": refused, "examples": []}


def postfix_table(lab, options):
    folder = measure.kept_corpus("--messages", "20", "--domains", "5", "--octets", "4000:4000",
                                 "--story", "plain")
    Nameserver(lab, folder + "/zone")
    Unbound(lab, NSD_PORT)
    text, sender = signed_message(folder)
    rows = [dict(one(measure.fresh_lab(lab, "alone"), None, text, sender, options),
                 what="no filter")]
    for kind in (stacks.Null, NotExempt, stacks.Opendkim, stacks.Rspamd):
        stack = kind()
        if stack.missing() is not None:
            continue
        place = measure.fresh_lab(lab, stack.name)
        stack.start(place)
        rows.append(dict(one(place, stack, text, sender, options), what=stack.title))
        place.close()
    return rows


def postfix_words(rows):
    return report.table(["through Postfix, %d sessions" % SESSIONS, "messages/s", "+- %",
                         "of no filter", "refused"],
                        [[row["what"], "%.0f" % row["per_second"], "%.0f" % row["spread"],
                          "%.2f" % (row["per_second"] / rows[0]["per_second"]), row["failures"]]
                         for row in rows])
