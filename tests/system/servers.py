"""Real servers for the system tests, each private to one Lab.

Every class says what it needs and raises lab.Needs when that is missing. All
listen on the loopback only, stay in the foreground under the Lab (which stops
them by their process id) and keep their files in the Lab's folder.
"""

import collections
import glob
import grp
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys

import journal_files
from lab import HOST_NAME, PATIENCE_S, Needs, need_program, processes, run_program, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
NOBODY = 65534                  # deliveries are made as this user and group

Place = collections.namedtuple("Place", "address port")        # for smtp_client


def can_connect(where):
    """`where`: (address, port) or the path of a unix socket."""
    family = socket.AF_UNIX if isinstance(where, str) else \
        socket.AF_INET6 if ":" in where[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(PATIENCE_S)
        try:
            probe.connect(where)
        except OSError:
            return False
    return True


def check_free(address, port):
    """Or the tests would talk to whatever an earlier case has left there."""
    assert not can_connect((address, port)), "port %d on %s is in use" % (port, address)


def user_ids(name):
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise Needs("the user " + name) from None
    return entry.pw_uid, entry.pw_gid


def group_id(name):
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise Needs("the group " + name) from None


class Maildir:
    """Reads what was delivered."""

    def __init__(self, path):
        self.path = path

    def paths(self):
        found = glob.glob(os.path.join(self.path, "new", "*")) + \
            glob.glob(os.path.join(self.path, "cur", "*"))
        return sorted(found, key=lambda path: (os.stat(path).st_mtime_ns, path))

    def messages(self):
        """All messages as octets, oldest first."""
        found = []
        for path in self.paths():
            with open(path, "rb") as mail:
                found.append(mail.read())
        return found

    def clear(self):
        for path in self.paths():
            os.unlink(path)

    def take(self, count=1):
        """Waits for `count` messages, returns them (one: itself) and removes them."""
        wait_until(lambda: len(self.paths()) >= count, "%d messages in %s" % (count, self.path))
        found = self.messages()
        self.clear()
        assert len(found) == count, "%d messages instead of %d" % (len(found), count)
        return found[0] if count == 1 else found


class Postfix:
    """A private Postfix. Everything is delivered into one Maildir (`inbox`).

    Needs: Postfix (its programs and users), iproute2 for run's namespaces.
    chroot=False: no service in a chroot, SMTP on `port`. chroot=True: Debian's
    master.cf as it is, so SMTP is on port 25 and smtpd sees nothing outside
    the queue folder: the filter's socket lies below it (`queue_folder`), and
    is named from there. `settings` are lines of main.cf by name; `services`
    are lines added to master.cf. XCLIENT is allowed from the loopback.
    """

    def __init__(self, lab, name="postfix", settings=None, services=(), chroot=False,
                 address="127.0.0.1", port=10025):
        for needed in ("postfix", "postconf", "postqueue", "postsuper"):
            need_program(needed, package="postfix")
        owner = user_ids("postfix")
        self.lab = lab
        self.name = name
        self.address = address
        self.port = 25 if chroot else port
        self.config_folder = lab.make_folder(name, "etc")
        self.queue_folder = lab.make_folder(name, "queue")
        self.data_folder = lab.make_folder(name, "data", mode=0o700, owner=owner)
        mail = lab.make_folder(name, "mail", owner=(NOBODY, NOBODY))
        self.inbox = Maildir(os.path.join(mail, "inbox"))
        self.log_path = os.path.join(lab.make_folder(name, "log"), "mail.log")
        self._write_settings(mail, settings or {})
        self._write_services(chroot, services)
        if chroot:
            self._fill_chroot()
        self.process = None
        self.start()

    def _write_settings(self, mail, settings):
        lines = {
            "compatibility_level": "3.6",
            "queue_directory": self.queue_folder,
            "data_directory": self.data_folder,
            "maillog_file": self.log_path,
            "maillog_file_prefixes": self.lab.folder,
            "myhostname": HOST_NAME,
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": self.address,
            "inet_protocols": "all",
            "alias_maps": "",
            "alias_database": "",
            "smtpd_relay_restrictions": "reject_unauth_destination",
            "virtual_mailbox_domains": "static:ALL",
            "virtual_mailbox_maps": "static:inbox/",
            "virtual_mailbox_base": mail,
            "virtual_uid_maps": "static:%d" % NOBODY,
            "virtual_gid_maps": "static:%d" % NOBODY,
            "virtual_mailbox_limit": "0",
            "message_size_limit": "0",
            "mailbox_size_limit": "0",
            "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
            "smtpd_client_connection_count_limit": "0",
            "smtpd_error_sleep_time": "0",
        }
        lines.update(settings)
        self.lab.write(self.name + "/etc/main.cf",
                       "".join("%s = %s\n" % pair for pair in lines.items()))

    def _write_services(self, chroot, services):
        packaged = "/usr/share/postfix/master.cf.dist"
        if not os.path.exists(packaged):
            raise Needs("Debian's postfix (%s)" % packaged)
        with open(packaged, encoding="utf-8") as source:
            text = source.read()
        if not chroot:
            text = self._without_chroot(text)
        elif services:
            raise ValueError("chroot=True is for the unmodified master.cf")
        text += "".join(line + "\n" for line in services)
        self.lab.write(self.name + "/etc/master.cf", text)

    def _without_chroot(self, text):
        lines = []
        for line in text.splitlines():
            fields = line.split()
            if len(fields) >= 8 and line[0] not in "# \t":
                fields[4] = "n"
                if fields[:2] == ["smtp", "inet"]:
                    fields[0] = "%s:%d" % (self.address, self.port)
                line = " ".join(fields)
            lines.append(line)
        return "\n".join(lines) + "\n"

    def _fill_chroot(self):
        """What Debian's start script copies into the chroot."""
        for name in ("services", "hosts", "resolv.conf", "nsswitch.conf", "host.conf",
                     "localtime"):
            if os.path.exists("/etc/" + name):
                target = os.path.join(self.lab.make_folder(self.name, "queue", "etc"), name)
                shutil.copyfile("/etc/" + name, target)
                os.chmod(target, 0o644)

    def start(self):
        check_free(self.address, self.port)
        self.process = self.lab.start(self.name, ["/usr/sbin/postfix", "-c", self.config_folder,
                                                  "start-fg"])
        self.lab.defer(self.stop)

        def is_up():
            self.process.check()
            return can_connect((self.address, self.port))
        wait_until(is_up, "Postfix on port %d" % self.port)

    def master(self):
        with open(os.path.join(self.queue_folder, "pid", "master.pid"), encoding="ascii") as pid_file:
            return int(pid_file.read())

    def stop(self):
        """Ends master, which ends its children and the script that waits for it."""
        if self.process is None or not self.process.is_running():
            return
        try:
            os.kill(self.master(), signal.SIGTERM)
        except (OSError, ValueError):
            self.process.stop()
        self.process.wait()
        wait_until(lambda: not can_connect((self.address, self.port)), "Postfix to let its port go")

    def children(self):
        """Ids of the processes that master has started."""
        master = self.master()
        return {number for number, _, fields in processes() if int(fields[1]) == master}

    def set(self, **settings):
        """Changes main.cf and reloads: set(smtpd_milters="unix:/..."). When this returns, no process
        is left that has read the old one."""
        run_program(["/usr/sbin/postconf", "-c", self.config_folder, "-e"] +
                    ["%s=%s" % pair for pair in settings.items()])
        old = self.children()
        run_program(["/usr/sbin/postfix", "-c", self.config_folder, "reload"])
        wait_until(lambda: not old & self.children(), "Postfix's processes with the old settings to end")

    def log(self):
        with open(self.log_path, "rb") as log:
            return log.read().decode(errors="replace")

    def write_log(self, text):
        """A line of ours behind those that are on their way."""
        run_program(["/usr/sbin/postlog", "-c", self.config_folder, text])

    def queue(self):
        """The queue as a list of dictionaries (postqueue -j): queue_name, queue_id ..."""
        text = run_program(["/usr/sbin/postqueue", "-c", self.config_folder, "-j"])
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def wait_queue(self, queue_name, count=1):
        """Waits until `count` messages are in this queue ("hold", "deferred"); them."""
        def found():
            rows = [row for row in self.queue() if row["queue_name"] == queue_name]
            return rows if len(rows) >= count else None
        return wait_until(found, "%d messages in the %s queue" % (count, queue_name))

    def read_queued(self, queue_id):
        """A queued message as it would be delivered (postcat -bh)."""
        return run_program([need_program("postcat", package="postfix"), "-c",
                            self.config_folder, "-qbh", queue_id])

    def submit(self, octets, sender, recipient):
        """Hands a message to Postfix's own sendmail command, as a local program does."""
        subprocess.run(["/usr/sbin/sendmail", "-C", self.config_folder, "-i", "-f", sender,
                        recipient], input=octets.replace(b"\r\n", b"\n"), timeout=PATIENCE_S, check=True)

    def release(self, queue_id):
        """Lets a held message go, and asks for its delivery."""
        run_program(["/usr/sbin/postsuper", "-c", self.config_folder, "-H", queue_id])
        run_program(["/usr/sbin/postqueue", "-c", self.config_folder, "-i", queue_id])

    def clear_hold(self):
        """Removes what is held, and nothing that is on its way."""
        run_program(["/usr/sbin/postsuper", "-c", self.config_folder, "-d", "ALL", "hold"])


def sendmail_root():
    """Where Sendmail was unpacked; SENDMAIL_DIR, or build-sendmail beside the source."""
    for folder in (os.environ.get("SENDMAIL_DIR"), os.path.join(TOP, "build-sendmail")):
        if folder and os.access(os.path.join(folder, "root/usr/libexec/sendmail/sendmail"),
                                os.X_OK):
            return os.path.join(os.path.abspath(folder), "root")
    raise Needs("Sendmail unpacked (tests/system/get-sendmail.sh DIR, SENDMAIL_DIR=DIR)")


class Sendmail:
    """A private Sendmail with its default time-outs. Everything for
    receiver.example is delivered into one Maildir (`inbox`), whoever it is for.

    Needs: what get-sendmail.sh unpacks, m4. `filters` are whole lines of the
    mc file, such as INPUT_MAIL_FILTER(`alignd', `S=local:/run/x.sock, F=T,
    T=S:30s;R:60s'). It has no XCLIENT: connect from an address that was put on
    the loopback (smtp_client's `source`).
    """

    def __init__(self, lab, name="sendmail", filters=(), lines=(), address="127.0.0.1",
                 port=10026):
        self.lab = lab
        self.name = name
        self.address = address
        self.port = port
        self.root = sendmail_root()
        self.m4 = need_program("m4")
        self.folder = lab.make_folder(name)
        mail = lab.make_folder(name, "mail", owner=(NOBODY, NOBODY))
        self.inbox = Maildir(os.path.join(mail, "inbox"))
        for part in ("new", "cur", "tmp"):
            lab.make_folder(name, "mail", "inbox", part, owner=(NOBODY, NOBODY))
        self.queue_folder = lab.make_folder(name, "queue", mode=0o700)
        self.config = self._make_config(filters, lines)
        self.process = None
        self.start()

    def _make_config(self, filters, lines):
        deliver = self.lab.write(self.name + "/deliver", (
            "#!/bin/sh\n"
            "name=`date +%%s%%N`.$$\n"
            "cat >'%s/tmp/'$name && mv '%s/tmp/'$name '%s/new/'$name\n" %
            ((self.inbox.path,) * 3)), mode=0o755)
        cf_folder = os.path.join(self.root, "usr/share/sendmail/cf/")
        values = {
            "confDOMAIN_NAME": HOST_NAME,
            "confPID_FILE": os.path.join(self.folder, "sendmail.pid"),
            "confCW_FILE": "-o " + os.path.join(self.folder, "local-host-names"),
            "confCT_FILE": "-o " + os.path.join(self.folder, "trusted-users"),
            "confCR_FILE": "-o " + os.path.join(self.folder, "relay-domains"),
            "confSERVICE_SWITCH_FILE": os.path.join(self.folder, "switch"),
            "confHOST_STATUS_DIRECTORY": "",
            "confDEAD_LETTER_DROP": os.path.join(self.folder, "dead.letter"),
            "confDEF_USER_ID": "%d:%d" % (NOBODY, NOBODY),
            "confTO_IDENT": "0",
            "confLOG_LEVEL": "15",
            # A busy machine: mail is taken and delivered at once all the same.
            "confQUEUE_LA": "1000",
            "confREFUSE_LA": "1000",
            "QUEUE_DIR": self.queue_folder,
            "STATUS_FILE": os.path.join(self.folder, "statistics"),
            "ALIAS_FILE": os.path.join(self.folder, "aliases"),
            "LOCAL_MAILER_PATH": deliver,
            "LOCAL_MAILER_ARGS": "deliver $u",
            "LOCAL_MAILER_FLAGS": "Prmn9S",
        }
        text = "divert(0)dnl\nOSTYPE(`linux')dnl\n"
        text += "".join("define(`%s', `%s')dnl\n" % pair for pair in values.items())
        # No name server is promised here: only the filter asks the DNS.
        text += "".join("FEATURE(`%s')dnl\n" % name for name in (
            "no_default_msa", "accept_unresolvable_domains", "nocanonify"))
        text += "DAEMON_OPTIONS(`Name=MTA, Addr=%s, Port=%d')dnl\n" % (self.address, self.port)
        text += "LOCAL_DOMAIN(`receiver.example')dnl\n"
        text += "".join(line + "\n" for line in list(filters) + list(lines))
        # Local users need not exist: no flag w, which looks them up.
        text += "MODIFY_MAILER_FLAGS(`LOCAL', `-w')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n"
        source = self.lab.write(self.name + "/sendmail.mc", text)
        for file_name, content in (("aliases", ""), ("statistics", ""),
                                   ("switch", "hosts files\naliases files\n")):
            self.lab.write("%s/%s" % (self.name, file_name), content)
        config = run_program([self.m4, "-D_CF_DIR_=" + cf_folder, cf_folder + "m4/cf.m4", source])
        return self.lab.write(self.name + "/sendmail.cf", config)

    def _command(self, *arguments):
        return [os.path.join(self.root, "usr/libexec/sendmail/sendmail"), "-C", self.config] + \
            list(arguments)

    def _environment(self):
        folders = glob.glob(os.path.join(self.root, "usr/lib/*-linux-gnu*")) + \
            glob.glob(os.path.join(self.root, "lib/*-linux-gnu*"))
        return dict(os.environ, LD_LIBRARY_PATH=":".join(folders))

    def start(self):
        check_free(self.address, self.port)
        self.process = self.lab.start(self.name, self._command("-bD"), env=self._environment())

        def is_up():
            self.process.check()
            return can_connect((self.address, self.port))
        wait_until(is_up, "Sendmail on port %d" % self.port)

    def stop(self):
        if self.process.is_running():
            self.process.stop()

    def log(self):
        """What it has written to syslog."""
        return self.lab.syslog.text("sendmail[") + self.lab.syslog.text("sm-mta[")

    @staticmethod
    def write_log(text):
        """A line of ours behind those that are on their way."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect("/dev/log")
            log.send(b"<22>sendmail[0]: " + text.encode())

    def queue(self, *arguments):
        """What mailq prints; queue("-qQ") shows the quarantine with its reasons."""
        return run_program(self._command("-bp", *arguments), env=self._environment())


class Nsd:
    """An authoritative name server. Needs: nsd.

    `zones`: {"example.com": master file text}; a text without SOA gets one.
    Every name outside them does not exist (there is a root zone).
    """

    SOA = "@ 60 IN SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 60\n@ 60 IN NS ns.invalid.\n"

    def __init__(self, lab, zones, name="nsd", address="127.0.0.1", port=53):
        self.lab = lab
        self.name = name
        self.address = address
        self.port = port
        self.program = need_program("nsd")
        self.folder = lab.make_folder(name)
        lines = [
            "server:", "  ip-address: %s@%d" % (address, port), '  username: ""',
            '  chroot: ""', '  zonesdir: "%s"' % self.folder, '  database: ""',
            '  pidfile: "%s/nsd.pid"' % self.folder, '  xfrdfile: "%s/xfrd.state"' % self.folder,
            '  zonelistfile: "%s/zone.list"' % self.folder, '  xfrdir: "%s"' % self.folder,
            "  server-count: 1", "remote-control:", "  control-enable: no",
        ]
        for zone, text in dict({".": ""}, **zones).items():
            file_name = (zone.strip(".") or "root") + ".zone"
            if " SOA " not in text:
                text = self.SOA + text
            lab.write("%s/%s" % (name, file_name), "$ORIGIN %s.\n$TTL 60\n%s\n" % (
                zone.strip("."), text))
            lines += ["zone:", '  name: "%s"' % (zone.strip(".") or "."),
                      '  zonefile: "%s"' % file_name]
        self.config = lab.write(name + "/nsd.conf", "\n".join(lines) + "\n")
        self.process = None
        self.start()

    def start(self):
        self.process = self.lab.start(self.name, [self.program, "-d", "-c", self.config])

        def is_up():
            self.process.check()
            return can_connect((self.address, self.port))
        wait_until(is_up, "NSD on port %d" % self.port)

    def stop(self):
        if self.process.is_running():
            self.process.stop()


class SilentDns:
    """A name server that hears every question and answers none, until fail()."""

    def __init__(self, lab, address="127.0.0.1", port=5300):
        self.address = address
        self.port = port
        self.sockets = []
        self.heard = []                 # datagrams: (question, from whom)
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            listener = socket.socket(socket.AF_INET, kind)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
            self.sockets.append(listener)
        lab.defer(self.stop)

    def questions(self):
        """How many datagrams have come since the last call."""
        before = len(self.heard)
        self.sockets[0].setblocking(False)
        try:
            while True:
                self.heard.append(self.sockets[0].recvfrom(4096))
        except BlockingIOError:
            return len(self.heard) - before

    def fail(self):
        """Says SERVFAIL to all that have asked so far; call it until nobody asks again."""
        self.questions()
        for question, client in self.heard:
            self.sockets[0].sendto(question[:2] + b"\x81\x82" + question[4:], client)
        self.heard.clear()

    def stop(self):
        for listener in self.sockets:
            listener.close()


class Dovecot:
    """LMTP with Sieve in front of Maildirs; any user is known.

    Needs: dovecot-core, dovecot-lmtpd, dovecot-sieve. `sieve`: a script that
    runs before everything (a file; it is copied and compiled). Mail of
    inbox@... is in folder("inbox"), its Junk in folder("inbox", "Junk").
    """

    def __init__(self, lab, sieve=None, name="dovecot", address="127.0.0.1", port=10024):
        self.lab = lab
        self.name = name
        self.address = address
        self.port = port
        program = need_program("dovecot", package="dovecot-core")
        need_program("lmtp", package="dovecot-lmtpd")
        compiler = need_program("sievec", package="dovecot-sieve")
        for user in ("dovecot", "dovenull"):
            user_ids(user)
        self.mail = lab.make_folder(name, "mail", owner=(NOBODY, NOBODY))
        self.config = self._write_config(sieve)
        if sieve is not None:
            run_program([compiler, "-c", self.config, self._sieve_path()])
        self.process = lab.start(name, [program, "-F", "-c", self.config])

        def is_up():
            self.process.check()
            return can_connect((address, port))
        wait_until(is_up, "Dovecot's LMTP on port %d" % port)

    def _sieve_path(self):
        return os.path.join(self.lab.folder, self.name, "sieve", "before.sieve")

    def _write_config(self, sieve):
        folder = self.lab.make_folder(self.name)
        text = """
protocols = lmtp
listen = %(address)s
base_dir = %(run)s
state_dir = %(run)s
log_path = %(folder)s/dovecot.log
ssl = no
hostname = %(host)s
postmaster_address = postmaster@receiver.example
auth_mechanisms = plain
mail_location = maildir:~/Maildir
lda_mailbox_autocreate = yes
first_valid_uid = 1
first_valid_gid = 1
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=%(user)d gid=%(user)d home=%(mail)s/%%n allow_all_users=yes
}
protocol lmtp {
  mail_plugins = %(plugins)s
}
service lmtp {
  inet_listener lmtp {
    address = %(address)s
    port = %(port)d
  }
}
namespace inbox {
  inbox = yes
}
""" % {"address": self.address, "run": self.lab.make_folder(self.name, "run"), "folder": folder,
            "host": HOST_NAME, "user": NOBODY, "mail": self.mail, "port": self.port,
            "plugins": "sieve" if sieve else ""}
        if sieve is not None:
            with open(sieve, "rb") as source:
                self.lab.write("%s/sieve/before.sieve" % self.name, source.read())
            text += "plugin {\n  sieve_before = %s\n}\n" % self._sieve_path()
        return self.lab.write(self.name + "/dovecot.conf", text)

    def folder(self, user, mailbox=None):
        path = os.path.join(self.mail, user, "Maildir")
        return Maildir(os.path.join(path, "." + mailbox) if mailbox else path)


def settings_text(settings, depth=0):
    """libconfig text of a dictionary; a dot in a name is a group within a group."""
    groups = {}
    for name, value in settings.items():
        at = groups
        *outer, last = name.split(".")
        for part in outer:
            at = at.setdefault(part, {})
        if isinstance(value, dict):
            at.setdefault(last, {}).update(value)
        else:
            at[last] = value
    return "".join("%s%s = %s;\n" % ("\t" * depth, name, _value_text(value, depth))
                   for name, value in groups.items())


def _value_text(value, depth):
    if isinstance(value, dict):
        return "{\n%s%s}" % (settings_text(value, depth + 1), "\t" * depth)
    if isinstance(value, (list, tuple)):
        inner = ", ".join(_value_text(part, depth) for part in value)
        return "( %s )" % inner if any(isinstance(part, dict) for part in value) else \
            "[ %s ]" % inner
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return '"%s"' % value.replace("\\", "\\\\").replace('"', '\\"')


def alignd_program():
    """ALIGND, or milter/alignd of the build."""
    build = os.environ.get("builddir") or TOP
    path = os.environ.get("ALIGND") or os.path.join(build, "milter", "alignd")
    if not os.access(path, os.X_OK):
        raise Needs("milter/alignd (make)")
    return os.path.abspath(path)


def alignctl_program():
    """tools/alignctl of the build that alignd_program() is from."""
    path = os.path.join(os.path.dirname(os.path.dirname(alignd_program())), "tools", "alignctl")
    if not os.access(path, os.X_OK):
        raise Needs("tools/alignctl (make)")
    return path


class Alignd:
    """The built daemon in the foreground. Needs: milter/alignd.

    `settings`: a dictionary (see settings_text) or the text itself; what is not
    said there: socket, authserv_id, user and group (nobody), journal folder.
    `as_user`: started by this user (a number), not by root. `is_confined`: through
    confined.py, as nobody (make check-confined: all of them).
    """

    def __init__(self, lab, settings=None, name="alignd", arguments=(), as_user=None,
                 is_confined="ALIGND_CONFINED" in os.environ):
        self.lab = lab
        self.name = name
        self.program = alignd_program()
        self.options = {}
        self.is_confined = is_confined
        if as_user is not None or is_confined:
            # A build in a home folder is out of that user's reach.
            self.program = shutil.copy(self.program, lab.make_folder(name + "-program"))
        if as_user is not None and not is_confined:
            self.options = {"user": as_user, "group": as_user, "extra_groups": []}
        self.arguments = list(arguments)
        self.folder = lab.make_folder(name, owner=(NOBODY, NOBODY))
        self.journal_folder = lab.make_folder(name, "journal", mode=0o750, owner=(NOBODY, NOBODY))
        self.settings = settings
        if not isinstance(settings, str):
            self.settings = {
                "socket": "unix:" + os.path.join(self.folder, "alignd.sock"),
                "socket_mode": "0660",
                "user": "nobody",
                "group": "nogroup",
                "authserv_id": HOST_NAME,
                "dry_run": True,
                "journal.directory": self.journal_folder,
                "sample.key_file": os.path.join(self.folder, "sample.key"),
                "store.path": os.path.join(self.folder, "store.sqlite"),
            }
            self.settings.update(settings or {})
        self.config = None
        self.write_settings(self.settings)
        self.process = None

    def write_settings(self, settings):
        """For a change before start() or reload(); a dictionary is added to the present one."""
        if not isinstance(settings, str) and isinstance(self.settings, dict):
            settings = dict(self.settings, **settings)
        self.settings = settings
        self.config = self.lab.write(
            self.name + "-settings/alignd.conf",
            settings if isinstance(settings, str) else settings_text(settings))

    def _where(self):
        """What the socket setting names, for a probe; None when it is not said."""
        if isinstance(self.settings, str):
            return None
        kind, rest = self.settings["socket"].split(":", 1)
        if kind in ("unix", "local"):
            return rest
        port, host = rest.split("@")
        return host.strip("[]"), int(port)

    def command(self):
        """What starts it. Confined, it may write to its folder and its socket's."""
        command = [self.program, "-f", "-c", self.config] + self.arguments
        if not self.is_confined:
            return command
        folders = {self.folder}
        if isinstance(self._where(), str):
            folders.add(os.path.dirname(self._where()))
        writes = [word for folder in sorted(folders) for word in ("--write", folder)]
        return [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "confined.py"),
                *writes, str(NOBODY), str(NOBODY)] + command

    def start(self):
        """Starts it and waits until its socket answers; returns itself."""
        self.process = self.lab.start(self.name, self.command(), **self.options)

        def is_up():
            self.process.check()
            where = self._where()
            return where is None or can_connect(where)
        wait_until(is_up, "alignd's socket")
        return self

    def reload(self):
        self.process.kill(signal.SIGHUP)

    def stop(self):
        """TERM; its exit status."""
        return self.process.stop()

    def log(self):
        return self.process.log()

    def wait_log(self, text):
        """Waits for a line with this text; the line."""
        def found():
            return [line for line in self.log().splitlines() if text in line]
        return wait_until(found, "a log line with %r" % text)[0]

    def journal(self, kills=0):
        """All lines of the journal as values, oldest first. A line that a kill has cut is left
        out: its message was not answered."""
        rows, pieces = [], 0
        for line in journal_files.lines_of(self.journal_folder):
            try:
                rows += [json.loads(line)] if line.endswith(b"\n") else []
            except ValueError:
                pieces += 1
        assert pieces <= kills, "%d lines of the journal are none" % pieces
        return rows
