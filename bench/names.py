"""The name servers: NSD with the corpus's zone, a caching unbound before it, and a
server that answers late."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import time

from places import RESOLVER, TOP, labs
from servers import Nsd, can_connect

NSD_PORT = 10053
LATE_PORT = 10054


class Nameserver(Nsd):
    """NSD with the whole zone as its root zone."""

    def __init__(self, lab, zone_path, address="127.0.0.1", port=NSD_PORT):
        with open(zone_path, encoding="ascii") as zone:
            super().__init__(lab, {".": self.SOA.replace(" 60", " 3600") + zone.read()},
                             address=address, port=port)


class LateNameserver:
    """tests/nameserver.py, each answer `delay_ms` late."""

    def __init__(self, lab, zone_path, delay_ms, port=LATE_PORT):
        self.port = port
        self.log = lab.folder + "/late.log"
        self.process = lab.start("late", [
            sys.executable, os.path.join(TOP, "tests", "nameserver.py"), "--zone", zone_path,
            "--port", str(port), "--no-stdin", "--delay", "%d:*" % delay_ms])
        labs.wait_until(lambda: self.process.check() or "port" in self.process.log(),
                        "the late name server")


class Unbound:
    """A caching resolver on RESOLVER, port 53, that asks one name server. Needs: unbound.
    One thread: it shares the cores with everything else."""

    CONFIG = """
server:
  interface: %(address)s
  access-control: %(address)s/32 allow
  username: ""
  chroot: ""
  directory: "%(folder)s"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  num-threads: 1
  do-not-query-localhost: no
  do-ip6: no
  module-config: "iterator"
  qname-minimisation: no
  msg-cache-size: 512m
  rrset-cache-size: 1024m
  outgoing-range: 4096
  num-queries-per-thread: 2048
  so-rcvbuf: 4m
  jostle-timeout: 5000
  infra-host-ttl: 1
  local-zone: "test." nodefault
remote-control:
  control-enable: yes
  control-interface: "%(folder)s/control"
  control-use-cert: no
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@%(upstream)d
"""

    def __init__(self, lab, upstream):
        self.program = labs.need_program("unbound")
        self.control_program = labs.need_program("unbound-control", package="unbound")
        folder = lab.make_folder("unbound")
        self.config = lab.write("unbound/unbound.conf", self.CONFIG % {
            "folder": folder, "address": RESOLVER, "upstream": upstream})
        self.process = lab.start("unbound", [self.program, "-d", "-c", self.config])
        labs.wait_until(lambda: self.process.check() or can_connect((RESOLVER, 53)),
                        "unbound")
        labs.wait_until(lambda: os.path.exists(folder + "/control"), "unbound's control socket")

    def control(self, *words):
        return subprocess.run([self.control_program, "-c", self.config] + list(words), check=True,
                              stdout=subprocess.PIPE, timeout=60).stdout.decode()

    def questions(self):
        """How many have reached it since it was started."""
        for line in self.control("stats_noreset").splitlines():
            name, _, value = line.partition("=")
            if name == "total.num.queries":
                return int(value)
        raise AssertionError("unbound tells no number of queries")

    def forget(self):
        """An empty cache."""
        self.control("reload")


def ask_ms(name):
    """How long the resolver takes for a TXT record that it does not know."""
    wire = struct.pack("!6H", 4711, 0x0100, 1, 0, 0, 0)
    wire += b"".join(bytes([len(word)]) + word.encode() for word in name.split(".")) + b"\0"
    wire += struct.pack("!2H", 16, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(5)
        start = time.monotonic()
        asker.sendto(wire, (RESOLVER, 53))
        asker.recv(4096)
        return (time.monotonic() - start) * 1000


def version(program, *arguments):
    """The first line that a program says about itself with a digit in it."""
    if shutil.which(program) is None and not os.path.exists(program):
        return None
    done = subprocess.run([program] + list(arguments), stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=20)
    for line in done.stdout.decode(errors="replace").splitlines():
        if any(c.isdigit() for c in line):
            return line.strip()
    return None
