#!/usr/bin/python3
"""confined.py [--write FOLDER]... UID GID PROGRAM ARGUMENT...

Runs PROGRAM as the unit (contrib/systemd/alignd.service) would, without systemd:
reads the unit's own lines, and applies each by the calls that systemd makes for
it. Needs root, libseccomp and systemd-analyze (which expands the groups of
system calls). A line of the unit that is not known here is an error: who
changes the unit says here what becomes of it.

FOLDERs stand for the folders that the unit's StateDirectory and the like give
to write to.
"""

import ctypes
import ctypes.util
import os
import resource
import shutil
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = os.path.join(HERE, "../../contrib/systemd/alignd.service")
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWIPC = 0x00020000, 0x10000000, 0x08000000
NAMESPACES = (CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWIPC, 0x02000000, 0x04000000, 0x20000000,
              0x40000000)
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND = 1, 2, 4, 8, 4096
MS_REC, MS_PRIVATE = 16384, 1 << 18
SYS_MOUNT_SETATTR, AT_RECURSIVE, AT_FDCWD, ATTR_RDONLY = 442, 0x8000, -100, 1
PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT, PR_SET_MDWE = 24, 38, 47, 65
ALLOW, ERRNO = 0x7fff0000, 0x00050000
NE, EQ, MASKED, GT = 1, 4, 7, 6

libc = ctypes.CDLL(None, use_errno=True)


def call(what, result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))
    return result


def missing():
    """What this machine lacks for it; None."""
    if os.geteuid() != 0:
        return "root"
    if shutil.which("systemd-analyze") is None:
        return "systemd-analyze (systemd)"
    return None if ctypes.util.find_library("seccomp") else "libseccomp2"


# the unit

def read_unit(path=UNIT):
    """The lines of [Service]: name -> values in order."""
    found, section = {}, ""
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line and line[0] not in "#;":
                name, value = line.split("=", 1)
                found.setdefault(name.strip(), []).append(value.strip())
    return found


def expand(words):
    """The system calls of a list with groups, as systemd expands it."""
    found = set()
    for word in words:
        if not word.startswith("@"):
            found.add(word)
            continue
        told = subprocess.run(["systemd-analyze", "--no-pager", "syscall-filter", word], check=True,
                              capture_output=True, text=True).stdout
        names = [line.strip() for line in told.splitlines()[1:]]
        found |= expand(name for name in names if name and name[0] != "#")
    return found


def allowed_calls(lines):
    """A list with ~ takes away; @default is always there (systemd.exec(5))."""
    allowed = expand(["@default"])
    for line in lines:
        if line.startswith("~"):
            allowed -= expand(line[1:].split())
        else:
            allowed |= expand(line.split())
    return allowed


# filters: several, as systemd loads several; the strictest answer counts

class Condition(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64),
                ("b", ctypes.c_uint64)]


class Filter:
    def __init__(self, default):
        self.library = ctypes.CDLL(ctypes.util.find_library("seccomp"), use_errno=True)
        self.library.seccomp_init.restype = ctypes.c_void_p
        self.filter = ctypes.c_void_p(self.library.seccomp_init(ctypes.c_uint32(default)))

    def add(self, action, name, *conditions):
        """A call that this machine does not have is passed over, as by systemd."""
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return
        rows = (Condition * max(len(conditions), 1))(*(Condition(*row) for row in conditions))
        code = self.library.seccomp_rule_add_array(self.filter, ctypes.c_uint32(action), number,
                                                   len(conditions), rows)
        if code < 0:
            raise OSError(-code, "filter for %s: %s" % (name, os.strerror(-code)))

    def load(self):
        code = self.library.seccomp_load(self.filter)
        if code < 0:
            raise OSError(-code, "seccomp_load: " + os.strerror(-code))


def call_filter(unit):
    made = Filter(ERRNO | EPERM)
    for name in allowed_calls(unit["SystemCallFilter"]):
        made.add(ALLOW, name)
    return made


def memory_filter():
    """MemoryDenyWriteExecute."""
    made = Filter(ALLOW)
    write, execute = 2, 4
    made.add(ERRNO | EPERM, "mmap", (2, MASKED, write | execute, write | execute))
    for name in ("mprotect", "pkey_mprotect"):
        made.add(ERRNO | EPERM, name, (2, MASKED, execute, execute))
    made.add(ERRNO | EPERM, "shmat", (2, MASKED, 0o100000, 0o100000))
    return made


def family_filter(words):
    """RestrictAddressFamilies, a list of what is allowed."""
    allowed = {getattr(socket, word) for word in words.split()}
    made = Filter(ALLOW)
    for family in range(50):
        if family not in allowed:
            made.add(ERRNO | EAFNOSUPPORT, "socket", (0, EQ, family, 0))
    made.add(ERRNO | EAFNOSUPPORT, "socket", (0, GT, 49, 0))
    return made


def namespace_filter():
    """RestrictNamespaces: glibc falls back to clone(), whose flags can be seen."""
    made = Filter(ALLOW)
    made.add(ERRNO | ENOSYS, "clone3")
    made.add(ERRNO | EPERM, "setns")
    for flag in NAMESPACES:
        made.add(ERRNO | EPERM, "clone", (0, MASKED, flag, flag))
        made.add(ERRNO | EPERM, "unshare", (0, MASKED, flag, flag))
    return made


def mode_filter():
    """RestrictSUIDSGID."""
    made = Filter(ALLOW)
    for bit in (0o4000, 0o2000):
        for name, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1),
                               ("mkdirat", 2), ("mknod", 1), ("mknodat", 2)):
            made.add(ERRNO | EPERM, name, (argument, MASKED, bit, bit))
    return made


def persona_filter():
    made = Filter(ALLOW)
    made.add(ERRNO | EPERM, "personality", (0, NE, 0, 0))
    return made


# what is seen of the machine

class MountAttributes(ctypes.Structure):
    _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64),
                ("propagation", ctypes.c_uint64), ("user", ctypes.c_uint64)]


def set_read_only(path, is_read_only, flags=0):
    attributes = MountAttributes(ATTR_RDONLY if is_read_only else 0,
                                 0 if is_read_only else ATTR_RDONLY, 0, 0)
    call("mount_setattr " + path,
         libc.syscall(SYS_MOUNT_SETATTR, AT_FDCWD, path.encode(), flags,
                      ctypes.byref(attributes), ctypes.sizeof(attributes)))


def mount(source, target, kind, flags, data=None):
    call("mount " + target, libc.mount(source.encode(), target.encode(), kind and kind.encode(),
                                       ctypes.c_ulong(flags), data and data.encode()))


def set_mounts(unit, folders):
    """ProtectSystem=strict, ProtectHome, PrivateTmp, ProtectProc with ProcSubset."""
    call("unshare", libc.unshare(CLONE_NEWNS))
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    for folder in folders:
        mount(folder, folder, None, MS_BIND)
    if yes(unit, "ProtectHome"):
        for path in ("/home", "/root", "/run/user"):
            if os.path.isdir(path):
                mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=0")
    if value(unit, "ProtectSystem") == "strict":
        set_read_only("/", True, AT_RECURSIVE)
    if yes(unit, "PrivateTmp"):
        for path in ("/tmp", "/var/tmp"):
            mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    if value(unit, "ProtectProc") == "invisible" and value(unit, "ProcSubset") == "pid":
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "hidepid=invisible,subset=pid")
    for folder in folders:
        set_read_only(folder, False)


def own_users(uid, gid):
    """PrivateUsers: root and the user are known, everybody else is nobody."""
    done_read, done_write = os.pipe()
    ready_read, ready_write = os.pipe()
    target = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(ready_write)
        os.read(ready_read, 1)
        for name, number in (("uid_map", uid), ("gid_map", gid)):
            with open("/proc/%d/%s" % (target, name), "w", encoding="ascii") as out:
                out.write("0 0 1\n%d %d 1\n" % (number, number))
        os.write(done_write, b"+")
        os._exit(0)
    os.close(done_write)
    call("unshare", libc.unshare(CLONE_NEWUSER))
    os.write(ready_write, b"+")
    is_done = os.read(done_read, 1) == b"+"
    os.waitpid(helper, 0)
    for end in (done_read, ready_read, ready_write):
        os.close(end)
    if not is_done:
        raise OSError(EPERM, "the users could not be mapped")


def may_own_users():
    """Not in a chroot, and not where the kernel's owner has forbidden it."""
    child = os.fork()
    if child == 0:
        os._exit(0 if libc.unshare(CLONE_NEWUSER) == 0 else 1)
    return os.waitpid(child, 0)[1] == 0


def drop_capabilities():
    number = 0
    while libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    libc.prctl(PR_CAP_AMBIENT, 4, 0, 0, 0)


# the lines

def value(unit, name):
    return unit.get(name, [""])[-1]


def yes(unit, name):
    return value(unit, name) == "true"


# Lines that need nothing here: how systemd starts and watches it, folders that
# the caller has made, and what follows from others (without capabilities nobody
# sets clocks, host names or devices; its own user has no keys and no segments).
OTHERWISE = """Type NotifyAccess ExecStart ExecReload KillMode TimeoutStopSec Restart RestartSec
RestartPreventExitStatus SyslogFacility SyslogIdentifier User Group RuntimeDirectory
RuntimeDirectoryMode StateDirectory StateDirectoryMode ConfigurationDirectory
ConfigurationDirectoryMode PrivateDevices PrivateMounts ProtectClock ProtectHostname
ProtectKernelLogs ProtectKernelModules ProtectKernelTunables ProtectControlGroups TasksMax
RestrictRealtime RemoveIPC KeyringMode DevicePolicy SystemCallArchitectures""".split()
APPLIED = """UMask LimitNOFILE LimitCORE ProtectSystem ProtectHome PrivateTmp PrivateUsers PrivateIPC
ProtectProc ProcSubset CapabilityBoundingSet AmbientCapabilities NoNewPrivileges
RestrictAddressFamilies RestrictNamespaces RestrictSUIDSGID LockPersonality
MemoryDenyWriteExecute SystemCallFilter SystemCallErrorNumber""".split()


def check_lines(unit):
    unknown = set(unit) - set(OTHERWISE) - set(APPLIED)
    if unknown:
        raise SystemExit("confined.py does not know %s of the unit" % ", ".join(sorted(unknown)))
    wanted = {"CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "true",
              "SystemCallErrorNumber": "EPERM"}
    for name, text in wanted.items():
        if name not in unit or value(unit, name) != text:
            raise SystemExit("confined.py knows %s=%s only" % (name, text))


def filters_of(unit):
    """All of them are made before the first is loaded, which forbids much."""
    found = []
    if yes(unit, "MemoryDenyWriteExecute"):
        found.append(memory_filter())
    if "RestrictAddressFamilies" in unit:
        found.append(family_filter(value(unit, "RestrictAddressFamilies")))
    if yes(unit, "RestrictNamespaces"):
        found.append(namespace_filter())
    if yes(unit, "RestrictSUIDSGID"):
        found.append(mode_filter())
    if yes(unit, "LockPersonality"):
        found.append(persona_filter())
    return found + [call_filter(unit)]


def confine(unit, uid, gid, folders):
    filters = filters_of(unit)
    for name, number in (("LimitNOFILE", resource.RLIMIT_NOFILE),
                         ("LimitCORE", resource.RLIMIT_CORE)):
        limit, most = int(value(unit, name)), resource.getrlimit(number)[1]
        limit = limit if most < 0 else min(limit, most)
        resource.setrlimit(number, (limit, limit))
    os.umask(int(value(unit, "UMask"), 8))
    set_mounts(unit, folders)
    if yes(unit, "PrivateIPC"):
        call("unshare", libc.unshare(CLONE_NEWIPC))
    os.setgroups([])
    if yes(unit, "PrivateUsers") and may_own_users():
        own_users(uid, gid)
    drop_capabilities()
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    call("no new privileges", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if yes(unit, "MemoryDenyWriteExecute"):
        libc.prctl(PR_SET_MDWE, 1, 0, 0, 0)     # newer kernels; the filter does it, too
    for made in filters:
        made.load()


def main(arguments):
    folders = []
    while arguments and arguments[0] == "--write":
        folders.append(arguments[1])
        del arguments[:2]
    if missing() is not None:
        raise SystemExit("confined.py needs %s" % missing())
    unit = read_unit()
    check_lines(unit)
    confine(unit, int(arguments[0]), int(arguments[1]), folders)
    os.chdir("/")                               # what is seen from elsewhere is gone
    os.execv(arguments[2], arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
