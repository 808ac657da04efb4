"""A store in PostgreSQL that is stopped and started while mail comes in, and a
daemon that is killed: every message that was answered is there exactly once.

Needs: postfix, nsd, python3-dkim, postgresql (server and client).
"""

import os
import signal

import filtered
import load
import servers
from lab import PATIENCE_S, Needs, Process, need_program, run_program, wait_until

SCRIPT = os.path.join(servers.TOP, "tests", "store", "pg.sh")
KILLS = 5
LINES = ("SELECT sources.name || '-' || messages.seq FROM messages"
         " JOIN sources ON sources.id = messages.source")


class PostgreSql:
    def __init__(self, lab):
        self.lab = lab
        self.folder = os.path.join(lab.folder, "pg")
        self.psql = need_program("psql", package="postgresql-client")
        try:
            run_program([SCRIPT, "init", self.folder], 120)
        except AssertionError as error:
            if "ended with 77" in str(error):
                raise Needs("postgresql") from error
            raise
        os.chmod(self.folder, 0o755)    # alignd is another user
        self.conninfo = "host=%s user=alignd dbname=postgres" % self.folder
        self.process = None
        self.start()

    def start(self):
        # TERM would wait for alignd to go first
        self.process = Process("pg-server", [SCRIPT, "run", self.folder], self.folder + ".out")
        self.lab.defer(self.stop, signal.SIGINT)

        def is_up():
            try:
                return self.ask("SELECT 1") == ["1"]
            except AssertionError:
                return False
        wait_until(is_up, "PostgreSQL")

    def stop(self, how):
        self.process.stop(how)

    def ask(self, sql):
        return run_program([self.psql, "-XAtq", "-d", self.conninfo, "-c", sql]).split()


def setup(lab):
    return filtered.PostfixSite(lab, chroot=False)


def journal_ids(site):
    return sorted(row["id"] for row in site.alignd.journal(KILLS))


def check_all_there(site, base):
    """What the journal has is in the rows once, and in the tallies and sums as often."""
    wanted = journal_ids(site)
    wait_until(lambda: len(base.ask(LINES)) >= len(wanted), "%d lines in the store" % len(wanted))
    assert sorted(base.ask(LINES)) == wanted
    assert base.ask("SELECT sum(n) FROM tallies") == [str(len(wanted))]
    assert base.ask("SELECT sum(n) FROM sums") == [str(len(wanted))]


def says(site, word):
    return [line for line in site.alignd.log().splitlines() if "event=store " + word in line]


def test_server_stopped_and_started_under_load(lab, site):
    base = PostgreSql(lab)
    site.use({"store.driver": "postgresql", "store.conninfo": base.conninfo})
    before = len(site.alignd.journal())
    with load.Load(site) as running:
        for number, how in enumerate((signal.SIGQUIT, signal.SIGINT, signal.SIGQUIT), 1):
            running.wait_for_more(20)
            base.stop(how)
            wait_until(lambda n=number: len(says(site, "problem=")) == n, "what is said about it")
            running.wait_for_more(20)
            base.start()
            wait_until(lambda n=number: len(says(site, "note=")) == n, "the store is back", 2 * PATIENCE_S)
    assert len(site.alignd.journal()) - before >= len(running.accepted)
    check_all_there(site, base)
    site.check_quiet()


def test_daemon_killed_under_load(lab, site):
    """With the same database: what was loaded before is known."""
    base = PostgreSql(lab)
    site.use({"store.driver": "postgresql", "store.conninfo": base.conninfo})
    with load.Load(site) as running:
        for _ in range(KILLS):
            running.wait_for_more(20)
            site.alignd.process.kill(signal.SIGKILL)
            site.alignd.process.wait()
            site.alignd.start()
        running.wait_for_more(20)
    check_all_there(site, base)
    site.expect_errors()
