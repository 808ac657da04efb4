# alignd-quarantine.sieve - files what alignd has put under quarantine into Junk.
#
# alignd with quarantine.method = "header" adds a field X-Alignd-Quarantine to
# such a message and removes fields of this name that a sender has written, so
# the field can be trusted on every message that has passed alignd. If
# quarantine.header has another name in your settings, change it here too.
#
# Dovecot (Pigeonhole): put this file into /etc/dovecot/sieve, 99-alignd.conf,
# which lets it run before the users' own scripts, into /etc/dovecot/conf.d, and
# compile it once: sievec /etc/dovecot/sieve/alignd-quarantine.sieve
#
# Other servers with Sieve: only "fileinto" (RFC 5228 4.1) is required. A mail
# folder of another name, such as "INBOX.Junk" or "Spam", goes into fileinto.
#
# "stop" ends the script: a user's own rules no longer see the message, so
# none can pull it back into the inbox by accident or forward it. Quarantined
# mail must never be bounced or forwarded: its sender is most likely forged.
require "fileinto";

if exists "X-Alignd-Quarantine" {
	fileinto "Junk";
	stop;
}
