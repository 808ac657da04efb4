"""Sends mail to a server under test and says where and how it was answered."""

import collections
import smtplib

# stage: "connect", "xclient", "helo", "mail", "rcpt", "data" (the command) or "message"
Answer = collections.namedtuple("Answer", "stage code text")


class Client:
    """One connection. xclient: {"ADDR": "192.0.2.1", "NAME": ..., "HELO": ...}
    (Postfix; NAME is unknown unless said); source: the address to connect from, which must be the loopback's
    (lab.add_address)."""

    sender = "sender@example.com"

    def __init__(self, server, helo="client.example", xclient=None, source=None, timeout_s=60):
        self.smtp = smtplib.SMTP(timeout=timeout_s,
                                 source_address=(source, 0) if source else None)
        self.smtp.command_encoding = "utf-8"
        self.refused = None
        code, text = self.smtp.connect(server.address, server.port)
        if self._is_refused("connect", code, text):
            return
        self._is_refused("helo", *self.smtp.ehlo(helo))
        if xclient and self.refused is None:
            xclient = dict({"NAME": "[UNAVAILABLE]"}, **xclient)
            words = " ".join("%s=%s" % pair for pair in xclient.items())
            code, text = self.smtp.docmd("XCLIENT", words)
            if not self._is_refused("xclient", code, text):
                self._is_refused("helo", *self.smtp.ehlo(xclient.get("HELO", helo)))

    def _is_refused(self, stage, code, text):
        if code >= 400:
            self.refused = Answer(stage, code, text.decode(errors="replace"))
        return code >= 400

    def send(self, message, sender=None, recipients=("inbox@receiver.example",),
             mail_options=()):
        """One message; the first answer that is a refusal, or the last one. `message`
        is octets with CRLF line ends, handed over as they are (dots doubled)."""
        if self.refused is not None:
            return self.refused
        if sender is None:
            sender = self.sender
        steps = [("mail", "MAIL", " ".join(["FROM:<%s>" % sender] + list(mail_options)))]
        steps += [("rcpt", "RCPT", "TO:<%s>" % recipient) for recipient in recipients]
        for stage, command, argument in steps:
            code, text = self.smtp.docmd(command, argument)
            if code >= 400:
                self.smtp.rset()
                return Answer(stage, code, text.decode(errors="replace"))
        try:
            code, text = self.smtp.data(message)
        except smtplib.SMTPDataError as fault:
            return Answer("data", fault.smtp_code, fault.smtp_error.decode(errors="replace"))
        return Answer("message", code, text.decode(errors="replace"))

    def close(self):
        try:
            self.smtp.quit()
        except (smtplib.SMTPException, OSError):
            self.smtp.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def send(server, message, helo="client.example", xclient=None, source=None, **arguments):
    """One message over a connection of its own."""
    with Client(server, helo, xclient, source) as client:
        return client.send(message, **arguments)


def message(header, body="Hello.\n"):
    """Octets to send: header lines and a body, written with plain line ends."""
    text = header.strip("\n") + "\n\n" + body
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("utf-8", "surrogateescape")
