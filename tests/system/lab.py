"""One place for everything a system test starts: a folder, processes, addresses.

`run` calls every case inside namespaces of its own (network, mounts, host name,
processes), so ports such as 25 and 53 are free, addresses may be added to the
loopback, and nothing outlives the run. A Lab belongs to one case (or to one
test file, for what its cases share); what it started is stopped in reverse
order when that is done or has failed.
"""

import os
import signal
import socket
import subprocess
import threading
import time

HOST_NAME = "mx.receiver.example"
PATIENCE_S = 60                 # what is waited for comes within this time on a busy machine, too


class Needs(Exception):
    """Something is missing here: the case is skipped, and says what it needs."""


def need_program(*names, package=None):
    """The path of the first of these programs that is installed."""
    folders = os.environ.get("PATH", "").split(":") + ["/usr/sbin", "/sbin", "/usr/lib/dovecot"]
    for name in names:
        for folder in folders:
            path = os.path.join(folder, name)
            if os.access(path, os.X_OK):
                return path
    raise Needs(package or names[0])


def wait_until(condition, what, timeout_s=PATIENCE_S):
    """Calls condition() until it returns something true, and returns that; at the end of the time
    once more, since it may be us who were held up."""
    end = time.monotonic() + timeout_s
    while True:
        is_late = time.monotonic() > end
        value = condition()
        if value:
            return value
        if is_late:
            raise AssertionError("waited %d s in vain for %s" % (timeout_s, what))
        time.sleep(0.02)


def wait_for_more(counted, count, what, is_over=lambda: False):
    """Until counted() has grown by `count`: as long as that takes, but some must come."""
    now = counted()
    wanted = now + count
    while now < wanted and not is_over():
        last = now
        wait_until(lambda: is_over() or counted() > last, "more than %d %s" % (last, what))
        now = counted()


def run_program(argv, timeout_s=PATIENCE_S, **options):
    """Runs a program to its end; its output (text), or AssertionError."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout_s, **options)
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise AssertionError("%s ended with %d: %s" % (argv[0], done.returncode, text))
    return text


def processes():
    """All that are running: (id, command, what follows that in /proc/ID/stat: state, parent ...)."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as stat:
                    command, _, rest = stat.read().partition("(")[2].rpartition(")")
            except OSError:
                continue                        # it has just ended
            yield int(name), command, rest.split()


class Process:
    """A server that stays in the foreground; standard output and error in a log."""

    def __init__(self, name, argv, log_path, **options):
        self.name = name
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True, **options)

    @property
    def pid(self):
        return self.child.pid

    def is_running(self):
        return self.child.poll() is None

    def check(self):
        """For wait loops: a server that has ended will not come up."""
        if not self.is_running():
            raise AssertionError("%s ended with %d: %s" % (
                self.name, self.child.returncode, self.log()[-2000:]))

    def kill(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def wait(self, timeout_s=PATIENCE_S):
        return self.child.wait(timeout_s)

    def stop(self, number=signal.SIGTERM, timeout_s=PATIENCE_S):
        """Ends it, by force when it takes too long; its exit status."""
        self.kill(number)
        try:
            return self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill(signal.SIGKILL)
            self.child.wait()
            raise AssertionError("%s did not stop within %d s" % (self.name, timeout_s))

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")


class Syslog:
    """Hears what programs write to /dev/log (run gives us a /dev of our own)."""

    def __init__(self, path="/dev/log"):
        self.lines = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while True:
            self.lines.append(self.socket.recv(65536).decode(errors="replace"))

    def text(self, word=""):
        """All lines with this word (a program's name)."""
        return "".join(line.rstrip("\n\0") + "\n" for line in self.lines if word in line)


class Lab:
    def __init__(self, folder, syslog=None):
        self.folder = folder
        self.syslog = syslog
        self.deferred = []
        self.addresses = set()
        self.addresses_lock = threading.Lock()  # clients are threads
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o755)

    def make_folder(self, *names, mode=0o755, owner=None):
        """A folder below the lab's; owner: (uid, gid)."""
        path = os.path.join(self.folder, *names)
        os.makedirs(path, exist_ok=True)
        os.chmod(path, mode)
        if owner is not None:
            os.chown(path, *owner)
        return path

    def write(self, name, text, mode=0o644):
        """A file below the lab's folder; its path."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        os.chmod(path, mode)
        return path

    def defer(self, function, *arguments):
        """To be called at the end; the last first."""
        self.deferred.append((function, arguments))

    def start(self, name, argv, **options):
        process = Process(name, argv, os.path.join(self.folder, name + ".out"), **options)
        self.defer(lambda: process.is_running() and process.stop())
        return process

    def add_address(self, address):
        """Puts an address on the loopback, to connect from or to listen on."""
        with self.addresses_lock:
            if address not in self.addresses:
                options = ["nodad"] if ":" in address else []
                bits = "128" if ":" in address else "32"
                run_program([need_program("ip", package="iproute2"), "addr", "add",
                             address + "/" + bits, "dev", "lo"] + options)
                self.addresses.add(address)
                self.defer(self.remove_address, address)
        return address

    def remove_address(self, address):
        bits = "128" if ":" in address else "32"
        run_program(["ip", "addr", "del", address + "/" + bits, "dev", "lo"])
        self.addresses.discard(address)

    def close(self):
        """Undoes everything, whatever fails; the faults as a list of texts."""
        faults = []
        while self.deferred:
            function, arguments = self.deferred.pop()
            try:
                function(*arguments)
            except Exception as fault:  # pylint: disable=broad-except
                faults.append("%s: %s" % (type(fault).__name__, fault))
        return faults

    def logs(self, octets=3000):
        """The ends of all logs, for a failed case."""
        parts = ["--- syslog\n" + self.syslog.text()[-octets:]] if self.syslog else []
        for folder, _, names in os.walk(self.folder):
            for name in sorted(names):
                if name.endswith((".out", ".log")) and not name.endswith("index.log"):
                    path = os.path.join(folder, name)
                    with open(path, "rb") as log:
                        text = log.read()[-octets:].decode(errors="replace")
                    if text:
                        parts.append("--- %s\n%s" % (os.path.relpath(path, self.folder), text))
        return "\n".join(parts)
