"""Where a secret comes from: a file, the environment, a systemd credential, or the configuration itself.

A setting `password` may be given as `password_file`, `password_env`, `password_credential` (systemd.exec(5),
LoadCredential) or, with a warning, as plain `password`; always as exactly one of them. No secret is ever part of a
problem's words.
"""

import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from maildesk.config.findings import Findings
from maildesk.config.lines import Path as KeyPath

_LONGEST = 65_536


def names(name: str) -> tuple[str, ...]:
    """The settings by which the secret of that name can be given."""
    return tuple(name + suffix for suffix in _SOURCES)


def read(name: str, table: Mapping[str, Any], at: KeyPath, found: Findings) -> str | None:
    """The secret of that name in a table; None where it is not given, or not to be had (noted in `found`)."""
    given = [source for source in names(name) if source in table]
    if not given:
        return None
    if len(given) > 1:
        found.mistake((*at, given[1]), f"the {name} is given twice: {' and '.join(given)}", "Keep one of them.")
        return None
    key = (*at, given[0])
    value = table[given[0]]
    if not isinstance(value, str):
        found.mistake(key, "a text in quotes is needed here", "Put it in quotes.")
        return None
    return _SOURCES[given[0].removeprefix(name)](value, key, found)


def _plain(value: str, key: KeyPath, found: Findings) -> str | None:
    if not value:
        return value
    if _holds_secret(value) and str(key[0]) not in found.from_environment:
        exposed = " and everybody on this machine can read it" if _is_readable_by_all(found.file) else ""
        remedy = f"Put it into a file of its own (chmod 600) and name that as {key[-1]}_file."
        found.warning(key, f"a password stands in the configuration{exposed}", remedy)
    return value


def _holds_secret(value: str) -> bool:
    """A URL without a password in it is no secret."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return True
    return not (parts.scheme and parts.netloc) or parts.password is not None


def _from_file(value: str, key: KeyPath, found: Findings) -> str | None:
    return _content(found.folder / Path(value).expanduser(), key, found)


def _from_environment(value: str, key: KeyPath, found: Findings) -> str | None:
    if secret := found.environ.get(value):
        return secret
    found.mistake(key, f"the environment has no variable {value}", f"Set {value}, or name the one that is set.")
    return None


def _from_credential(value: str, key: KeyPath, found: Findings) -> str | None:
    folder = found.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        remedy = f"Write LoadCredential={value}:/path/to/it into the unit, or name a file."
        found.mistake(key, "systemd has handed over no credentials", remedy)
        return None
    if Path(value).name != value:
        found.mistake(
            key, f'"{value}" is not the name of a credential', "Give the name before the colon in LoadCredential."
        )
        return None
    return _content(Path(folder) / value, key, found)


def _content(path: Path, key: KeyPath, found: Findings) -> str | None:
    """The first text of a file without the line end that editors add. A file that all may read earns a warning."""
    try:
        with path.open("rb") as file:
            secret = file.read(_LONGEST).decode().rstrip("\r\n")
    except UnicodeDecodeError:
        found.mistake(key, f"{path} holds something else than UTF-8 text", "Save it as UTF-8.")
        return None
    except (OSError, ValueError) as failure:  # ValueError: a NUL byte in the path
        reason = getattr(failure, "strerror", None) or str(failure)
        found.mistake(key, f"{path} cannot be read ({reason})", "Correct the path or who may read it.")
        return None
    if not secret:
        found.mistake(key, f"{path} is empty", "Write the password into it.")
        return None
    if _is_readable_by_all(path):
        found.warning(key, f"everybody on this machine can read {path}", f"Run: chmod 600 {path}")
    return secret


def _is_readable_by_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


_Source = Callable[[str, KeyPath, Findings], str | None]
_SOURCES: Mapping[str, _Source] = MappingProxyType(
    {"": _plain, "_file": _from_file, "_env": _from_environment, "_credential": _from_credential}
)
