"""Secrets taken out of text, in one place: before it is logged, raised, stored or shown."""

import logging
import re
from collections.abc import Callable, Iterable
from functools import cache

HIDDEN = "***"

_PARAMETERS = re.compile(
    r"(?i)(?:\b|(?<=%3F)|(?<=%26))(key|api[_-]?key|subscription[_-]?key|sig|signature|access[_-]?token|token|auth|client[_-]?secret|secret|password|passwd|pwd)(=|%3D)(?:(?!%26)[^&\s\"'<>)])+",
    re.ASCII,
)
_USERINFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*:/+)[^\s\"'<>]*@")
_AUTHORIZATION = re.compile(r"(?i)\b(oauth|bearer)\s+(?=[^\s\"',;]*[\d|])[^\s\"',;]{8,}")
_TALKATIVE = ("httpx", "httpcore")

_known: set[str] = set()


def redacted(text: str, secrets: Iterable[str | None] = ()) -> str:
    """Take secrets out of a text.

    Parameters
    ----------
    text
        An error, a log line, an address.
    secrets
        Values that must not be seen, wherever they stand, however they are quoted and in whatever
        case. Values of query parameters and headers that carry secrets, and who asks in an address
        (``//user:password@host``), are taken out without being named here.
    """
    text = _without(text, secrets)
    text = _USERINFO.sub(lambda found: f"{found[1]}{HIDDEN}@", text)
    text = _PARAMETERS.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", text)
    return _AUTHORIZATION.sub(lambda found: f"{found[1]} {HIDDEN}", text)


def holds_secret(address: str) -> bool:
    """Whether a text is an address in which a user, a password or a key stands."""
    return re.search(r"\w:/|\?", address) is not None and redacted(address) != address


def shown_input(value: str) -> str:
    """Give what somebody wrote for a message: no query and nobody's name of an address."""
    without_names = re.sub(r"((?:\w+:/+)?)\S*@", rf"\1{HIDDEN}@", value)
    return redacted(re.sub(r"(\w:/\S*?)[?#]\S*", rf"\1?{HIDDEN}", without_names))


def keep_secrets_out_of_logs(secrets: Iterable[str | None] = ()) -> None:
    """See to it that from now on nothing that is logged in this process shows a secret.

    The HTTP libraries log every address in full at level INFO, and headers at DEBUG; what others
    log (asyncio of a task that failed, a library of an error it was given) is looked at as well.

    Parameters
    ----------
    secrets
        Values that no log line may show, beside those named before.
    """
    _known.update(filter(None, secrets))
    make = logging.getLogRecordFactory()
    if not isinstance(make, _RedactingFactory):
        logging.setLogRecordFactory(_RedactingFactory(make))


class _RedactingFactory:
    """Makes log records without secrets, for every logger there is and every handler it has."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make = make

    def __call__(self, *values: object, **named: object) -> logging.LogRecord:
        record = self._make(*values, **named)
        hide = redacted if (record.name or "").startswith(_TALKATIVE) else _without
        try:
            said = record.getMessage()
        except (TypeError, ValueError, KeyError):
            return record  # arguments that do not fit: whoever handles the record says so
        if (plain := hide(said, _known)) != said:
            record.msg, record.args = plain, ()
        if record.exc_info:
            trace = logging.Formatter().formatException(record.exc_info)
            if (plain := hide(trace, _known)) != trace:
                record.exc_info, record.exc_text = None, plain
        return record


def _without(text: str, secrets: Iterable[str | None]) -> str:
    values = frozenset(secret for secret in secrets if secret)
    return _any_of(values).sub(HIDDEN, text) if values else text


@cache
def _any_of(secrets: frozenset[str]) -> re.Pattern[str]:
    """Match any of these values, the longest first, with or without the padding of base64."""
    stripped = {secret.rstrip("=") or secret for secret in secrets}
    longest_first = sorted(stripped, key=lambda secret: (-len(secret), secret))
    return re.compile("(?i)" + "|".join("".join(map(_quoted, one)) for one in longest_first))


def _quoted(letter: str) -> str:
    """Match a letter as it is, as a URL quotes it, once or twice, and as JSON escapes it."""
    once = "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "surrogatepass"))
    if letter.isascii() and letter.isalnum():
        return letter
    twice = once.replace("%", "%25")
    return f"(?:{re.escape(letter)}|{once}|{twice}|\\\\u{ord(letter):04x})"
