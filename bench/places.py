"""Where a run happens: namespaces of its own, so port 53 and all names are free, nobody
else is disturbed, and nothing outlives it. The servers are those of tests/system."""

import importlib.machinery
import importlib.util
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
SYSTEM = os.path.join(TOP, "tests", "system")
BUILD = os.environ.get("builddir", TOP)
PLACE = "/run/alignd-bench"
INSIDE = "ALIGND_BENCH_INSIDE"
RESOLVER = "10.53.53.53"        # on our loopback: libunbound asks nobody in 127/8 unless told
sys.path[:0] = [SYSTEM, os.path.join(TOP, "tests", "session")]

import lab as labs  # noqa: E402,F401


def system_run():
    """tests/system/run as a module: it knows how to make namespaces."""
    loader = importlib.machinery.SourceFileLoader("system_run", os.path.join(SYSTEM, "run"))
    spec = importlib.util.spec_from_loader("system_run", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def enter(folder):
    """Inside: loopback up, our folder at a short path, names asked of RESOLVER."""
    isolation = system_run()
    isolation.keep_mounts()
    labs.run_program(["ip", "link", "set", "lo", "up"])
    labs.run_program(["ip", "addr", "add", RESOLVER + "/32", "dev", "lo"])
    labs.run_program(["hostname", labs.HOST_NAME])
    labs.run_program(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"])
    os.mkdir(PLACE)
    isolation.mount_over(folder, PLACE)
    for name, text in (("hosts", "127.0.0.1 %s localhost\n::1 localhost\n" % labs.HOST_NAME),
                       ("resolv.conf", "nameserver %s\n" % RESOLVER)):
        path = os.path.join(folder, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(text)
        isolation.mount_over(path, os.path.realpath("/etc/" + name))


def run_inside(folder):
    """This program again, in there; its exit status. All of it ends with us."""
    isolation = system_run()
    missing = isolation.missing_for_isolation()
    if missing is not None:
        print("skipped, needs %s" % missing)
        return 77
    os.chmod(folder, 0o755)
    # As the group of the terminal gets an interrupt, the child ends by itself.
    with subprocess.Popen(isolation.UNSHARE + ["--", sys.executable] + sys.argv,
                          env=dict(os.environ, **{INSIDE: folder})) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            return 130
        finally:
            if child.poll() is None:
                child.kill()


def built(name):
    """A program of ours; AssertionError when it has not been built."""
    path = os.path.join(BUILD, name)
    assert os.access(path, os.X_OK), "%s is not there: make it first" % path
    return path
