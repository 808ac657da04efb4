"""What is measured. A stack is one filter or a chain of filters, started for a run with
settings that let it judge everything and refuse nothing.

All have the same name server and the same number of cores, write their result into the
message, and write no more to a log than they must (alignd writes its usual line per
message and its journal; the others' logs are off, in their favour).
"""

import os
import stat

from names import version
from places import RESOLVER, built, labs

AUTHSERV_ID = "mx.example.org"
SUFFIXES = "com\nnet\norg\nexample\n"     # in the peers' list example is no top level domain
TICKS = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """(parent, seconds of CPU with all threads and ended children) or None."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as lines:
            words = lines.read().rpartition(")")[2].split()
    except OSError:
        return None
    return int(words[1]), sum(int(word) for word in words[11:15]) / TICKS


def family(pids):
    """These processes and all that descend from them."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            found = stat_of(int(name))
            if found is not None:
                parents[int(name)] = found[0]
    members = set(pids)
    while True:
        more = {pid for pid, parent in parents.items() if parent in members} - members
        if not more:
            return members
        members |= more


def status_kb(pid, word):
    try:
        with open("/proc/%d/status" % pid, encoding="ascii", errors="replace") as lines:
            for line in lines:
                if line.startswith(word + ":"):
                    return int(line.split()[1])
    except OSError:
        pass
    return 0


class Stack:
    """`sockets`: as the MTA would have them, in their order. `compared`: which results
    this stack writes. Subclasses fill in start_in()."""

    name = title = None
    compared = "dmarc,spf,dkim"

    def __init__(self):
        self.lab = None
        self.sockets = []
        self.processes = []

    def missing(self):
        """The package that is not installed, or None."""
        return None

    def start(self, lab):
        self.lab, self.sockets, self.processes = lab, [], []
        self.start_in(lab)
        for path in self.sockets:
            labs.wait_until(lambda path=path: self.is_open(path), "%s: %s" % (self.name, path))

    def start_in(self, lab):
        raise NotImplementedError

    def is_open(self, path):
        for process in self.processes:
            process.check()
        return os.path.exists(path) and stat.S_ISSOCK(os.stat(path).st_mode)

    def run(self, name, argv, **options):
        self.processes.append(self.lab.start(name, argv, **options))

    def stop(self):
        for process in self.processes:
            if process.is_running():
                process.stop(timeout_s=30)

    def is_running(self):
        return all(process.is_running() for process in self.processes)

    def cpu_s(self):
        found = [stat_of(pid) for pid in family([p.pid for p in self.processes])]
        return sum(item[1] for item in found if item is not None)

    def peak_kb(self):
        """The most that each process has had, added up; shared pages count in each."""
        return sum(status_kb(pid, "VmHWM") for pid in family([p.pid for p in self.processes]))

    def version(self):
        return None


class Alignd(Stack):
    name, title = "alignd", "alignd"

    SETTINGS = """dry_run = true;
mode = "override";
authserv_id = "%(id)s";
socket = "local:%(folder)s/alignd.sock";
user = "";
authres: { write = "always"; };
journal: { directory = "%(folder)s/journal"; min_free = 0; };
store: { driver = "none"; };
sample: { key_file = "%(folder)s/sample.key"; };
"""

    def __init__(self, extra="", servers=(RESOLVER,), dns=""):
        super().__init__()
        self.extra, self.servers, self.dns = extra, servers, dns

    def start_in(self, lab):
        folder = lab.make_folder("alignd")
        lab.make_folder("alignd", "journal")
        text = self.SETTINGS % {"id": AUTHSERV_ID, "folder": folder}
        text += "dns: { servers = [ %s ]; %s };\n" % (
            ", ".join('"%s"' % server for server in self.servers), self.dns)
        self.settings = lab.write("alignd/alignd.conf", text + self.extra)
        self.run("alignd", [built("milter/alignd"), "-f", "-c", self.settings])
        self.sockets = [folder + "/alignd.sock"]

    def version(self):
        return version(built("milter/alignd"), "-V")


class Null(Stack):
    name, title, compared = "null", "null milter", "none"

    def start_in(self, lab):
        path = lab.make_folder("null") + "/null.sock"
        self.run("null", [built("bench/null_milter"), "unix:" + path])
        self.sockets = [path]


class Opendkim(Stack):
    """opendkim, then opendmarc, which looks at SPF itself: as many sites have them."""

    name, title = "opendkim+opendmarc", "opendkim then opendmarc"

    def missing(self):
        for program in ("opendkim", "opendmarc"):
            try:
                labs.need_program(program)
            except labs.Needs as fault:
                return str(fault)
        return None

    def start_in(self, lab):
        folder = lab.make_folder("opendkim")
        lab.write("opendkim/nobody", "192.168.255.255\n")
        tlds = lab.write("opendkim/tlds", SUFFIXES)
        dkim = lab.write("opendkim/opendkim.conf", "\n".join((
            "Mode v", "Syslog no", "Background no", "AuthservID " + AUTHSERV_ID,
            "AlwaysAddARHeader yes", "Nameservers " + RESOLVER,
            "Socket local:%s/dkim.sock" % folder, "UMask 000", "")))
        dmarc = lab.write("opendkim/opendmarc.conf", "\n".join((
            "Background false", "Syslog false", "AuthservID " + AUTHSERV_ID,
            "TrustedAuthservIDs " + AUTHSERV_ID, "SPFIgnoreResults true", "SPFSelfValidate true",
            "RejectFailures false", "IgnoreHosts %s/nobody" % folder,
            "PublicSuffixList " + tlds,
            "Socket local:%s/dmarc.sock" % folder, "UMask 000", "")))
        self.run("opendkim", [labs.need_program("opendkim"), "-f", "-x", dkim])
        self.run("opendmarc", [labs.need_program("opendmarc"), "-f", "-c", dmarc])
        self.sockets = [folder + "/dkim.sock", folder + "/dmarc.sock"]

    def version(self):
        return "%s; %s" % (version(labs.need_program("opendkim"), "-V"),
                           version(labs.need_program("opendmarc"), "-V"))


class Rspamd(Stack):
    """rspamd's proxy worker as a milter that scans itself, with nothing but spf, dkim
    and dmarc, and its result written."""

    name, title = "rspamd", "rspamd (spf, dkim, dmarc)"

    CONFIG = """
options {
  filters = "dkim";
  pidfile = "%(folder)s/rspamd.pid"; cache_file = "%(folder)s/symbols.cache";
  history_file = "%(folder)s/history"; stats_file = "%(folder)s/stats.ucl";
  hs_cache_dir = "%(folder)s/"; tempdir = "%(folder)s"; dynamic_conf = "%(folder)s/dynamic";
  control_socket = "%(folder)s/control.sock mode=0600";
  url_tld = "%(tlds)s"; local_addrs = [ "192.168.255.255" ];
  dns { nameserver = [ "%(resolver)s:53:1" ]; timeout = 5s; retransmits = 2; sockets = 16; }
  dns_max_requests = 64; task_timeout = 30s;
}
logging { type = "file"; filename = "%(folder)s/rspamd.log"; level = "error"; }
worker "rspamd_proxy" {
  bind_socket = "%(folder)s/rspamd.sock mode=0666"; milter = yes; count = 2; timeout = 60s;
  upstream "local" { default = yes; self_scan = yes; }
}
worker "normal" { count = 0; bind_socket = "%(folder)s/normal.sock"; enabled = false; }
modules { path = "${PLUGINSDIR}"; }
spf { spf_cache_size = 2k; spf_cache_expire = 1d; }
dkim { dkim_cache_size = 2k; dkim_cache_expire = 1d; time_jitter = 6h; trusted_only = false;
  skip_multi = false; check_local = true; check_authed = true; }
dmarc { }
milter_headers { use = [ "authentication-results" ]; skip_local = false;
  skip_authenticated = false; authenticated_headers = [ "authentication-results" ]; }
actions { reject = 10000; add_header = 9000; greylist = 8000; }
"""

    def missing(self):
        try:
            labs.need_program("rspamd")
        except labs.Needs as fault:
            return str(fault)
        return None

    def start_in(self, lab):
        folder = lab.make_folder("rspamd")
        tlds = lab.write("rspamd/tlds", SUFFIXES)
        config = lab.write("rspamd/rspamd.conf", self.CONFIG % {
            "folder": folder, "tlds": tlds, "resolver": RESOLVER})
        self.run("rspamd", [labs.need_program("rspamd"), "-f", "-i", "-c", config])
        self.sockets = [folder + "/rspamd.sock"]

    def version(self):
        return version(labs.need_program("rspamd"), "--version")


ALL = (Alignd, Null, Opendkim, Rspamd)
