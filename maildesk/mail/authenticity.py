"""Who really sent a mail, by what the provider's own server wrote about it. Only `Authentic.PASS` proves anything.

RFC 8601 (Authentication-Results), RFC 7489 (DMARC). A profile says what a provider writes and what of it is proof;
it is a TOML file in profiles/, this engine knows no provider. A sender can write any header, so only fields above
those that a foreign server could have written are read, and of them only the topmost with the configured name.
"""

import re
import tomllib
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files

import msgspec

from maildesk.domain.message import Authentic, Authenticity
from maildesk.mail.headers import Header, without_comments

BY_HOST = re.compile(r"(?:^|\s)by\s+([^\s;()]+)", re.IGNORECASE)
RESULT = re.compile(r"^\s*([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
PROPERTY = re.compile(r"([a-z]+\.[a-z0-9-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)
RESULTS_HEADER = "authentication-results"


class Zone(StrEnum):
    """Which header fields a profile trusts."""

    ABOVE_OWN = "above-own-received"  # what was added after our own server took the mail in
    ABOVE_FOREIGN = "above-foreign-received"  # also what our own servers added on the way in; they must strip forgeries
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Proof:
    """A result that proves the From domain, where `aligned` names the property that must be that domain."""

    method: str
    result: str
    aligned: tuple[str, ...]
    parent_domain: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """What a provider writes about the mail that it takes in."""

    name: str
    about: str
    zone: Zone
    proofs: tuple[Proof, ...] = ()
    disproofs: tuple[Proof, ...] = ()
    authserv_ids: tuple[str, ...] = ()


GENERIC = Profile("generic", "no provider is known, so nothing is proof", Zone.NOTHING)


@dataclass(frozen=True, slots=True)
class Result:
    """One method's verdict in an Authentication-Results field."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...]


def profile(name: str, authserv_ids: tuple[str, ...] = ()) -> Profile:
    """The profile of that name, with the names under which our own server signs its verdicts. LookupError if none."""
    if name not in names():
        raise LookupError(f"there is no profile {name!r}; there are {', '.join(names())}")
    text = (files("maildesk.mail") / "profiles" / f"{name}.toml").read_text(encoding="utf-8")
    found = msgspec.convert({"name": name, **tomllib.loads(text)}, Profile)
    given = tuple(one.strip().lower() for one in authserv_ids if one.strip())
    return replace(found, authserv_ids=given or found.authserv_ids)


def names() -> tuple[str, ...]:
    """The names of the profiles that exist."""
    folder = files("maildesk.mail") / "profiles"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml")))


def by_host(received: str) -> str:
    """The host that wrote a Received field (RFC 5321 section 4.4), lower case; comments do not count."""
    found = BY_HOST.search(without_comments(received))
    return found.group(1).lower().rstrip(".") if found else ""


def own_received(header: Header, own_hosts: tuple[str, ...]) -> str:
    """The topmost Received field that one of our own hosts wrote, empty where there is none."""
    return next((value for value in header.all("received") if by_host(value) in own_hosts), "")


def trusted(header: Header, own_hosts: tuple[str, ...], zone: Zone) -> list[str]:
    """The Authentication-Results fields that no foreign server can have written, topmost first.

    Nothing is believed where the topmost Received field is not ours: then the way of the mail is not the one that
    was configured, and a forged "Received: by our host" further down would move the border.
    """
    if zone is Zone.NOTHING:
        return []
    found: list[str] = []
    crossed = False
    for name, value in header.fields:
        if name not in {"received", RESULTS_HEADER}:
            continue
        text = value.decode("utf-8", "replace")
        if name == RESULTS_HEADER:
            found.append(" ".join(text.split()))
        elif by_host(text) not in own_hosts:
            return found if crossed and zone is Zone.ABOVE_FOREIGN else []
        elif zone is Zone.ABOVE_OWN:
            return found
        else:
            crossed = True
    return found if crossed else []


def judge(header: Header, own_hosts: tuple[str, ...], from_domain: str, asked: Profile) -> Authenticity:
    """The verdict on the From domain. `from_domain` is empty where From does not name exactly one mailbox."""
    if asked.zone is Zone.NOTHING:
        return Authenticity(Authentic.UNKNOWN, f"profile {asked.name}: {asked.about}")
    if not from_domain:
        return Authenticity(Authentic.UNKNOWN, "From does not name one mailbox")
    if not asked.authserv_ids:
        return Authenticity(Authentic.UNKNOWN, "no authserv-id is configured")
    for value in trusted(header, own_hosts, asked.zone):
        if authserv_id(value) in asked.authserv_ids:
            return verdict(results(value), from_domain, asked)
    return Authenticity(Authentic.UNKNOWN, f"our own server wrote no verdict ({', '.join(asked.authserv_ids)})")


def verdict(found: list[Result], from_domain: str, asked: Profile) -> Authenticity:
    """The first proof of the profile that the results bear out; then the first disproof."""
    for proof in asked.proofs:
        if any(bears_out(result, proof, from_domain) for result in found):
            return Authenticity(Authentic.PASS, f"{proof.method}={proof.result} for {from_domain}")
    for disproof in asked.disproofs:
        if any(bears_out(result, disproof, from_domain) for result in found):
            return Authenticity(Authentic.FAIL, f"{disproof.method}={disproof.result} for {from_domain}")
    said = ", ".join(f"{result.method}={result.result}" for result in found) or "nothing"
    return Authenticity(Authentic.UNKNOWN, f"our own server says {said}, which is no proof for {from_domain}")


def bears_out(result: Result, proof: Proof, from_domain: str) -> bool:
    """Whether a result is the one that a profile asks for, about the domain of From."""
    if (result.method, result.result) != (proof.method, proof.result):
        return False
    given = [value for name, value in result.properties if name in proof.aligned]
    if not given:
        return not proof.aligned
    domain = given[0].rpartition("@")[2].lower().rstrip(".")
    if domain == from_domain:
        return True
    # A signature by the parent domain: relaxed alignment (RFC 7489 section 3.1.1) downwards only.
    return proof.parent_domain and "." in domain and from_domain.endswith(f".{domain}")


def authserv_id(value: str) -> str:
    """The name of the server that wrote the field (RFC 8601 section 2.5); a name inside a comment is none."""
    first = without_comments(value).partition(";")[0].split()
    return first[0].strip('"').lower() if first and "=" not in first[0] else ""


def results(value: str) -> list[Result]:
    """The verdicts in a field: by authres, or, where it refuses a provider's spelling, by a tolerant reading."""
    from authres import AuthenticationResultsHeader
    from authres.core import AuthResError

    try:
        parsed = AuthenticationResultsHeader.parse_value(value)
    except (AuthResError, ValueError, IndexError, AttributeError, TypeError, RecursionError):
        return tolerant_results(value)
    return [
        Result(
            str(one.method).lower(),
            str(one.result).lower(),
            tuple((f"{p.type}.{p.name}".lower(), str(p.value)) for p in one.properties),
        )
        for one in parsed.results
        if getattr(one, "method", None)
    ]


def tolerant_results(value: str) -> list[Result]:
    """The verdicts of a field that is not quite RFC 8601, as Microsoft 365 and others write it."""
    found = []
    for piece in without_comments(value).split(";"):
        head = RESULT.match(piece)
        if head:
            properties = tuple(
                (name.lower(), given.strip('"')) for name, given in PROPERTY.findall(piece[head.end() :])
            )
            found.append(Result(head.group(1).lower(), head.group(2).lower(), properties))
    return found
