"""alignd under the restrictions of its unit (contrib/systemd/alignd.service), by
confined.py: a part of the cases, since make check-confined runs all of them so.

Needs: postfix, nsd, python3-dkim, systemd-analyze, libseccomp2.
"""

import json
import os
import subprocess
import sys

import cases
import confined
import filtered
import lab as labs
import servers

# What a program that has been taken over would try; each must be refused.
ATTEMPTS = """
import ctypes, errno, json, mmap, os, socket, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
def code(attempt):
    ctypes.set_errno(0)
    try:
        result = attempt()
    except OSError as fault:
        return errno.errorcode[fault.errno]
    return errno.errorcode[ctypes.get_errno()] if result == -1 else "done"
print(json.dumps({
    "own folder": code(lambda: open("own", "w").close()),
    "writable code": code(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)),
    "code of data": code(lambda: libc.mprotect(ctypes.c_void_p(id(0) & ~4095), 4096, 5)),
    "settings": code(lambda: open("/etc/alignd.conf", "w")),
    "program": code(lambda: open("/usr/sbin/alignd", "w")),
    "homes": code(lambda: os.listdir("/home")),
    "others' files in /tmp": code(lambda: os.listdir("/tmp")) + str(len(os.listdir("/tmp"))),
    "others' processes": str([n for n in os.listdir("/proc") if n.isdigit()] == [str(os.getpid())]),
    "other families": code(lambda: socket.socket(socket.AF_NETLINK)),
    "raw packets": code(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    "another user": code(lambda: os.setuid(0)),
    "another owner": code(lambda: os.chown("own", 0, 0)),
    "set-user-id": code(lambda: os.chmod("own", 0o4755)),
    "namespaces": code(lambda: libc.unshare(0x10000000)),
    "mounts": code(lambda: libc.mount(b"x", b"/", b"tmpfs", 0, None)),
    "tracing": code(lambda: libc.ptrace(0, 0, 0, 0)),
    "kernel": code(lambda: libc.syscall(321, 0, 0, 0)),
    "priority": code(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)),
}))
"""
REFUSED = {
    "own folder": "done", "writable code": "EPERM", "code of data": "EPERM", "settings": "EROFS",
    "program": "EROFS", "homes": "EACCES", "others' files in /tmp": "done0",
    "others' processes": "True", "other families": "EAFNOSUPPORT", "raw packets": "EPERM",
    "another user": "EPERM", "another owner": "EPERM", "set-user-id": "EPERM",
    "namespaces": "EPERM", "mounts": "EPERM", "tracing": "EPERM", "kernel": "EPERM",
    "priority": "EPERM",
}


def setup(lab):
    if confined.missing() is not None:
        raise labs.Needs(confined.missing())
    if not confined.may_own_users():
        print("without PrivateUsers=: no user namespace can be made here (in a chroot it cannot)")
    return filtered.PostfixSite(lab, chroot=True, is_confined=True)


def test_attempts(lab, _):
    """Control: the restrictions restrict."""
    folder = lab.make_folder("own", owner=(servers.NOBODY, servers.NOBODY))
    told = subprocess.run(
        [sys.executable, os.path.abspath(confined.__file__), "--write", folder,
         str(servers.NOBODY), str(servers.NOBODY), "/usr/bin/python3", "-c", ATTEMPTS, folder],
        check=True, capture_output=True, text=True).stdout
    found = json.loads(told)
    if not confined.may_own_users():        # then those of the same user, outside, are seen
        found["others' processes"] = "True"
    assert found == REFUSED, {name: (found[name], REFUSED[name]) for name in found
                              if found[name] != REFUSED[name]}


def test_status(_, site):
    """What the kernel says of the running daemon."""
    with open("/proc/%d/status" % site.alignd.process.pid, encoding="ascii") as lines:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in lines)
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == 0, status
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status
    assert set(status["Uid"].split()) == {str(servers.NOBODY)}, status


def test_own_group_needs_no_chown(lab, _):
    """A group that the socket has anyway: the unit forbids to give files away."""
    daemon = servers.Alignd(lab, {"group": "nogroup", "dns.servers": filtered.SETTINGS["dns.servers"]},
                            is_confined=True)
    assert daemon.start().stop() == 0, daemon.log()


def test_pass(_, site):
    cases.passes_by_dkim(site)


def test_reject(_, site):
    cases.rejects(site)


def test_hold(_, site):
    cases.send_to_hold(site)
    assert len(site.held()) == 1


def test_reload(_, site):
    cases.reloads_under_load(site)


def test_quiet(_, site):
    site.check_quiet()
    assert site.alignd.stop() == 0, site.alignd.log()
    site.alignd.start()
