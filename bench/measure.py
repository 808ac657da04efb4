"""Runs of bench/load against a stack, and what they cost."""

import json
import os
import statistics
import subprocess
import sys

import corpus
from places import BUILD, built, labs


def kept_corpus(*arguments):
    """The folder of a corpus, made when it is not there yet; kept below the build."""
    options = corpus.parse(list(arguments) + ["x"])
    words = ["v%d" % corpus.VERSION, options.seed, "%dm" % options.messages,
             "%dd" % options.domains, "%d-%d" % options.octets]
    words += [options.story] if options.story else []
    words += ["%ds" % options.signatures] if options.signatures > 1 else []
    words += ["distinct"] if options.distinct else []
    folder = os.path.join(BUILD, "bench", "corpora", ".".join(words))
    if not os.path.isdir(folder):
        os.makedirs(os.path.dirname(folder), exist_ok=True)
        print("making the corpus %s" % os.path.basename(folder), flush=True)
        subprocess.run([sys.executable, corpus.__file__] + list(arguments) + [folder], check=True)
    return folder


def load(sockets, folder, *arguments, compared="dmarc,spf,dkim", timeout_s=600):
    """One run; what bench/load says of it."""
    argv = [built("bench/load"), "-j", "-t", "20", "-x", compared]
    for path in sockets:
        argv += ["-s", "unix:" + path]
    done = subprocess.run(argv + [str(word) for word in arguments] + [folder], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout_s)
    if done.returncode > 1:
        raise AssertionError("bench/load: %s" % done.stderr.decode(errors="replace"))
    return json.loads(done.stdout)


def run_stack(stack, resolver, folder, *arguments, **options):
    """One run with its costs: cpu_ms and questions per message."""
    questions, cpu = resolver.questions(), stack.cpu_s()
    result = load(stack.sockets, folder, *arguments, compared=stack.compared, **options)
    if not stack.is_running():
        result["failures"] += 1
        result["examples"].append("%s has ended: %s" % (
            stack.name, " ".join(process.log()[-200:] for process in stack.processes)))
    count = max(1, result["messages"])
    result["cpu_ms"] = (stack.cpu_s() - cpu) * 1000 / count
    result["questions"] = (resolver.questions() - questions) / count
    result["peak_mb"] = stack.peak_kb() / 1000
    return result


def median(values):
    return statistics.median(values) if values else None


def spread(values):
    """How far apart the values are, in percent of their median."""
    middle = median(values)
    return 0.0 if not middle else 100 * (max(values) - min(values)) / middle


def fresh_lab(parent, *words):
    return labs.Lab(os.path.join(parent.folder, "-".join(str(word) for word in words)))
