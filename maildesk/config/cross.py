"""What must hold between settings: names that are unique, names that name something, accounts that fit together.

Each check sees the values that could be read, which may lack some where a mistake was noted already.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from maildesk.config.findings import Findings
from maildesk.config.lines import Path as KeyPath
from maildesk.config.settings import LANGUAGES
from maildesk.config.words import choices, did_you_mean

Values = Mapping[str, Any]
CrossCheck = Callable[[Values, Findings], None]

_PROFILES = Path(__file__).parent.parent / "mail" / "profiles"
_NEEDS_AUTHSERV_ID = "rfc8601"


def _desks(values: Values) -> Iterator[tuple[KeyPath, Values]]:
    for index, desk in enumerate(values.get("desks", ())):
        yield ("desk", index), desk


def _staff(values: Values) -> Iterator[tuple[KeyPath, Values]]:
    for index, person in enumerate(values.get("staff", ())):
        yield ("staff", index), person


def _known(name: str, known: Sequence[str], key: KeyPath, what: str, found: Findings) -> None:
    if name not in known:
        hint = did_you_mean(name, known) or (f"Known: {choices(known)}." if known else "None could be read so far.")
        found.mistake(key, f'there is no {what} "{name}"', hint)


def names_are_unique(values: Values, found: Findings) -> None:
    """No two desks have one name, no two people one key."""
    for places, field in ((_desks(values), "name"), (_staff(values), "key")):
        seen: set[str] = set()
        for at, entry in places:
            name = entry.get(field)
            if name in seen:
                found.mistake((*at, field), f'"{name}" is given twice', "Give each its own.")
            elif name:
                seen.add(name)


def addresses_are_unique(values: Values, found: Findings) -> None:
    """One address belongs to one desk or one person: else nobody could say whose mail it is."""
    owner: dict[str, str] = {}
    for at, entry in (*_desks(values), *_staff(values)):
        whose = f'{at[0]} "{entry.get("name", at[1])}"'
        places = [((*at, "address"), entry.get("address"))]
        places += [((*at, "also", index), text) for index, text in enumerate(entry.get("also", ()))]
        for key, text in places:
            if text and text.casefold() in owner:
                found.mistake(key, f"{text} belongs to {owner[text.casefold()]} already", "Keep it in one place.")
            elif text:
                owner[text.casefold()] = whose


def staff_name_desks(values: Values, found: Findings) -> None:
    """The desks that a person works for exist."""
    known = [desk["name"] for _, desk in _desks(values) if "name" in desk]
    for at, person in _staff(values):
        for index, name in enumerate(person.get("desks", ())):
            _known(name, known, (*at, "desks", index), "desk", found)


def notify_names_staff(values: Values, found: Findings) -> None:
    """Whoever is told about new cases exists and works for that desk: nobody hears what is not theirs."""
    people = {person["key"]: person for _, person in _staff(values) if "key" in person}
    for at, desk in _desks(values):
        for index, key in enumerate(desk.get("notify", ())):
            place = (*at, "notify", index)
            _known(key, list(people), place, "member of staff", found)
            desks = people.get(key, {}).get("desks", ())
            if desks and desk.get("name") not in desks:
                found.mistake(place, f'"{key}" does not work for this desk', f"Add the desk to the desks of {key}.")


def languages_are_known(values: Values, found: Findings) -> None:
    """Every language has letters: ours, or a folder of its own in `templates`."""
    folder = values.get("templates")
    own = sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder else ()
    known = tuple(dict.fromkeys((*LANGUAGES, *own)))
    for at, desk in _desks(values):
        for index, language in enumerate(desk.get("languages", ())):
            _known(language, known, (*at, "languages", index), "language", found)
    for at, person in _staff(values):
        if (*at, "language") in found.lines:  # else it is the desk's, and judged there
            _known(person.get("language", LANGUAGES[0]), known, (*at, "language"), "language", found)


def desk_languages_fit(values: Values, found: Findings) -> None:
    """The default language is one of the desk's, and each of them has the words on how to go further."""
    for at, desk in _desks(values):
        languages = desk.get("languages", ())
        if languages and "default_language" in desk:
            _known(desk["default_language"], languages, (*at, "default_language"), "language of this desk", found)
        if "next_stage" not in desk or not languages:
            continue
        for language in desk["next_stage"]:
            _known(language, languages, (*at, "next_stage", language), "language of this desk", found)
        silent = [language for language in languages if not desk["next_stage"].get(language, "").strip()]
        if silent:
            what = f"letters in {choices(silent)} do not say where a complainant can go further"
            found.warning((*at, "next_stage"), what, "Add the words under [desk.next_stage], one line per language.")


def mailboxes_are_apart(values: Values, found: Findings) -> None:
    """No two desks read one folder, and no folder of a desk has two uses."""
    owner: dict[tuple[Any, ...], Any] = {}
    for at, desk in _desks(values):
        account = desk.get("mailbox", {})
        uses = [(name, account[name]) for name in ("inbox", "processed") if account.get(name)]
        for name, folder in uses:
            first = next(other for other, used in uses if used == folder)
            if first != name:
                found.mistake((*at, "mailbox", name), f'"{folder}" is the {first} folder already', "Name another one.")
        place = tuple(account.get(name) for name in ("host", "port", "user", "inbox"))
        if None not in place and place in owner:
            found.mistake((*at, "mailbox"), f'desk "{owner[place]}" reads this mailbox already', "Give each its own.")
        owner.setdefault(place, desk.get("name"))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def connections_are_encrypted(values: Values, found: Findings) -> None:
    """Clear text to another machine is possible where the file says so in so many words, but not unnoticed."""
    for at, desk in _desks(values):
        for name in ("mailbox", "submission"):
            account = desk.get(name, {})
            if account.get("security") == "none" and not _is_loopback(account.get("host", "localhost")):
                what = "mail and password cross the network in clear text"
                found.warning((*at, name, "security"), what, 'Write "tls" or "starttls" if the server can.')


def submission_has_its_password(values: Values, found: Findings) -> None:
    """A user needs a password, and a password a user."""
    for at, desk in _desks(values):
        account = desk.get("submission", {})
        user, password = account.get("user"), account.get("password")
        if user and password == "":
            remedy = 'Give one of "password_file", "password_env" or "password_credential".'
            found.mistake((*at, "submission", "user"), "there is a user but no password", remedy)
        if password and user == "":
            found.mistake((*at, "submission"), "there is a password but no user", "Give the user.")


def authenticity_fits(values: Values, found: Findings) -> None:
    """The profile exists, and has the authserv-id that it reads (RFC 8601 section 2.5)."""
    known = sorted({"generic", *(file.stem for file in _PROFILES.glob("*.toml"))})
    for at, desk in _desks(values):
        table = desk.get("authenticity", {})
        if "profile" not in table:
            continue
        _known(table["profile"], known, (*at, "authenticity", "profile"), "profile", found)
        if table["profile"] == _NEEDS_AUTHSERV_ID and table.get("authserv_id") == "":
            remedy = "Copy it from the first word of an Authentication-Results field of your own server."
            found.mistake((*at, "authenticity", "authserv_id"), "this profile needs the authserv-id", remedy)


def somebody_works_here(values: Values, found: Findings) -> None:
    """There is a manager for the digest, and somebody at each desk to hear of a new case."""
    people = [person for _, person in _staff(values)]
    if not any(person.get("role") == "manager" for person in people):
        found.warning(
            (), "there is no manager: nobody gets the daily digest", 'Give one of the staff role = "manager".'
        )
    for at, desk in _desks(values):
        if not any(not person.get("desks") or desk.get("name") in person["desks"] for person in people):
            found.warning(at, "nobody works for this desk: nobody hears of new cases", "Add a table [[staff]].")


CROSS_CHECKS: tuple[CrossCheck, ...] = (
    names_are_unique,
    addresses_are_unique,
    staff_name_desks,
    notify_names_staff,
    languages_are_known,
    desk_languages_fit,
    mailboxes_are_apart,
    connections_are_encrypted,
    submission_has_its_password,
    authenticity_fits,
    somebody_works_here,
)
