"""Notices to people: a message to a webhook, by e-mail or both, as the environment says.

A receiver that cannot be reached is said, without its address, whose path may be a secret; it is
no error, since what a notice tells of has happened already.
"""

import os
import smtplib
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from streetview_assets.errors import StudyError
from streetview_assets.redaction import keep_secrets_out_of_logs, redacted
from streetview_assets.text.strict_json import to_json

WEBHOOK, SMTP, TO = "STREETVIEW_NOTIFY_URL", "STREETVIEW_SMTP_URL", "STREETVIEW_NOTIFY_TO"
SENDER, UI = "STREETVIEW_NOTIFY_FROM", "STREETVIEW_UI_URL"
SECONDS = 10
"""So long a receiver may take to answer."""
SECRET_PATH_LETTERS = 8
"""From so many letters on the path of a webhook is taken for its key; a shorter one is a word."""

PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True)
class Receivers:
    """Who is told, and where the web UI is.

    Attributes
    ----------
    webhook
        Address to which a message is posted; empty: none.
    smtp
        Server of e-mail, `smtp://user:password@host:587` or `smtps://…`; empty: none.
    to
        Addresses of people.
    sender
        Address that e-mail comes from.
    ui
        Address of the web UI, without a slash at its end; empty where it is not known.
    """

    webhook: str = ""
    smtp: str = ""
    to: tuple[str, ...] = ()
    sender: str = ""
    ui: str = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it no message and no log line may show."""
        hook, server = urlsplit(self.webhook), urlsplit(self.smtp)
        paths = [hook.path] if len(hook.path) >= SECRET_PATH_LETTERS else []
        return (*filter(None, (self.webhook, hook.query, *paths, unquote(server.password or ""))),)


@dataclass(frozen=True)
class Notice:
    """What is told.

    Attributes
    ----------
    subject
        In one line.
    text
        All of it, for a person.
    details
        The same for a program, as the webhook gets it beside `text`.
    """

    subject: str
    text: str
    details: Mapping[str, Any]


def receivers(environment: Mapping[str, str] = os.environ) -> Receivers | None:
    """Read who is to be told; None where nobody is named.

    Parameters
    ----------
    environment
        With `STREETVIEW_NOTIFY_URL`, or with `STREETVIEW_SMTP_URL` and `STREETVIEW_NOTIFY_TO`
        (several with a comma between), or both; `STREETVIEW_NOTIFY_FROM` is the first of these
        by default.

    Raises
    ------
    StudyError
        Where one of two that go together is missing, or an address is none.
    """
    webhook, smtp, to, sender, ui = (
        environment.get(name, "").strip() for name in (WEBHOOK, SMTP, TO, SENDER, UI)
    )
    people = tuple(filter(None, (one.strip() for one in to.split(","))))
    if bool(smtp) != bool(people):
        raise StudyError(f"{SMTP} and {TO} go together: set both, or none, in the environment")
    _check(WEBHOOK, webhook, ("http", "https"))
    _check(SMTP, smtp, tuple(PORTS))
    _check(UI, ui, ("http", "https"))
    for name, addresses in ((TO, people), (SENDER, (sender,) if sender else ())):
        if any("@" not in one or not one.isprintable() or " " in one for one in addresses):
            raise StudyError(f"{name} holds what is no address of e-mail, which are name@host")
    if not (webhook or smtp):
        return None
    return Receivers(webhook, smtp, people, sender or "".join(people[:1]), ui.rstrip("/"))


def _check(name: str, address: str, schemes: tuple[str, ...]) -> None:
    """Refuse what is no address of such a kind, without showing it."""
    if not address:
        return
    try:
        parts = urlsplit(address)
        is_one = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        is_one = False
    if not is_one or not address.isprintable() or " " in address:
        kinds = " or ".join(f"{scheme}://host" for scheme in schemes)
        raise StudyError(f"{name} holds no address such as {kinds}")


def send(notice: Notice, to: Receivers) -> Iterator[str]:
    """Send a notice to every receiver; give a line for each that it did not reach.

    Parameters
    ----------
    notice
        What is told, with no secret in it.
    to
        Who is told.
    """
    keep_secrets_out_of_logs(to.secrets)
    if to.webhook:
        try:
            _post(notice, to.webhook)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            yield _not_reached("webhook", to.webhook, error, to)
    if to.smtp:
        try:
            _mail(notice, to)
        except (smtplib.SMTPException, OSError) as error:
            yield _not_reached("server of e-mail", to.smtp, error, to)


def _not_reached(what: str, address: str, error: Exception, to: Receivers) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        why = f"it answered {error.response.status_code}"
    else:
        why = redacted(f"{type(error).__name__}: {error}", to.secrets)
    return f"nobody was told: the {what} at {urlsplit(address).hostname} did not take it; {why}"


def _post(notice: Notice, address: str) -> None:
    """Post JSON whose `text` chats show (Slack, Mattermost, Rocket.Chat, Google Chat)."""
    body = to_json({"text": notice.text, **notice.details})
    headers = {"Content-Type": "application/json"}
    httpx.post(address, content=body, headers=headers, timeout=SECONDS).raise_for_status()


def _mail(notice: Notice, to: Receivers) -> None:
    message = EmailMessage()
    message["From"], message["To"] = to.sender, ", ".join(to.to)
    message["Subject"] = notice.subject
    message.set_content(notice.text)
    server = urlsplit(to.smtp)
    with _connected(server) as connection:
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(message)


def _connected(server: SplitResult) -> smtplib.SMTP:
    """Connect to a server of e-mail, encrypted where it can be; a password never goes in clear."""
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=context)
    connection = smtplib.SMTP(host, port, timeout=SECONDS)
    connection.ehlo()
    if connection.has_extn("starttls"):
        connection.starttls(context=context)
    elif server.username and not _is_this_machine(host):
        connection.close()
        raise smtplib.SMTPException("it offers no TLS, and the password would go in clear")
    return connection


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
