"""The sender's new words apart from the quoted ones. Every line is kept on one side or the other; none is dropped.

Each rule looks at the lines and says which of them are quoted; the order is the table `RULES`. Where a rule is not
sure it leaves the line visible: a fold too few costs a glance, a fold too many hides a complaint. Inline answers
survive because only the quoted lines themselves go. Where nothing would remain visible, all of it is.
"""

import re
from collections.abc import Callable, Collection, Iterable

from maildesk.domain.marker import QUOTE_BEGINS, QUOTE_ENDS, REPLY_MARKER
from maildesk.mail import quote_words as words

TEXT_CHARACTERS = 64 * 1024
INTRODUCTION_LINES = 4
INTRODUCTION_CHARACTERS = 400
HEADER_LINES = 10
LABELS = 3
SIGNATURE_LINES = 25
FOOTER_LINES = 8

Lines = list[str]
Quoted = list[bool]
Rule = Callable[[Lines, Quoted], None]


def any_of(phrases: Iterable[str]) -> str:
    """The phrases as one alternative, longest first."""
    return "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))


WROTE = re.compile(rf"(?<!\w)(?:{any_of(words.WROTE)})(?!\w)", re.IGNORECASE)
BEGINS = re.compile(rf"(?:{any_of(words.ON)})(?:[\s,.]|(?=\d))|\d{{1,4}}[-./年]\s?\d")
COLON = (":", "：", "----", ":*")
DECORATION = "*_ -"
ENDING_ADDRESS = re.compile(r"<\s?[^<>\s@]+@[^<>\s@]+>[^<>]{0,20}$")
TIME_OF_DAY = re.compile(r"\d{1,2}[:.h時]\d{2}")
LEAST_DIGITS = 5  # of a day and a time
WROTE_AT_END = re.compile(rf"(?<!\w)(?:{any_of(words.WROTE)})$", re.IGNORECASE)
# What a client always names and a person seldom does: the address, or the year and the time of day.
PRECISE = re.compile(r"@|(?=.*(?:\b(?:19|20)\d{2}\b|年)).*\d{1,2}[:.時]\d{2}")
FIRST_PERSON = re.compile(
    r"\b(?:I wrote|schrieb ich|ich .{0,40}schrieb|habe ich|jag skrev|skrev jag|jeg skrev)\b", re.IGNORECASE
)
LABEL = r"[*>\s]*(?:{})\s?\*?\s?[:：]"
FROM = re.compile(LABEL.format(any_of(words.FROM)), re.IGNORECASE)
OTHER = re.compile(LABEL.format(any_of((*words.SENT, *words.TO, *words.SUBJECT, *words.FROM))), re.IGNORECASE)
SUBJECT = re.compile(LABEL.format(any_of(words.SUBJECT)), re.IGNORECASE)
SENT = re.compile(LABEL.format(any_of(words.SENT)), re.IGNORECASE)
ORIGINAL = re.compile(rf"[-_*=\s>]*(?:{any_of(words.ORIGINAL)})(?:\s?[-_*=:]+)?\s*", re.IGNORECASE)
FORWARDED = re.compile(rf"[>\s]*(?:{any_of(words.FORWARDED)})\s?:?\s*", re.IGNORECASE)
UNDERSCORES = re.compile(r"\s*_{5,}\s*")
SIGNATURE = re.compile(r"\s?(?:-- ?|__)\s?")
SENT_FROM = re.compile(
    rf"[\s*_<([]*(?:{any_of(words.SENT_FROM)})(?:[^,;!?]{{0,50}}|.{{0,40}}<.{{0,200}}>)", re.IGNORECASE
)


def split(text: str, markers: Collection[str] = tuple(REPLY_MARKER.values())) -> tuple[str, str]:
    """(visible, quoted): each line of the text in one of them, in order. Linear, and capped at 64 kB of lines.

    `markers` are the lines that our own letters begin with. The text may hold `QUOTE_BEGINS` and `QUOTE_ENDS`.
    """
    head, tail = text[:TEXT_CHARACTERS], text[TEXT_CHARACTERS:]
    lines, quoted = marked_lines(head)
    for rule in RULES:
        rule(lines, quoted)
    marker_rule(lines, quoted, markers)
    if not any(line.strip() for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted):
        quoted = [False] * len(lines)
    visible = "\n".join(line for line, is_quoted in zip(lines, quoted, strict=True) if not is_quoted)
    folded = "\n".join(line for line, is_quoted in zip(lines, quoted, strict=True) if is_quoted)
    if tail and quoted and quoted[-1]:
        folded += unmarked(tail)
    else:
        visible += unmarked(tail)
    return visible.strip("\n").rstrip(), folded.strip("\n")


def unmarked(text: str) -> str:
    """The text without the HTML reader's marks."""
    return text.replace(QUOTE_BEGINS, "").replace(QUOTE_ENDS, "")


def marked_lines(text: str) -> tuple[Lines, Quoted]:
    """The lines, and which of them begin with > or stand between the HTML reader's marks."""
    lines: Lines = []
    quoted: Quoted = []
    level = 0
    for line in text.split("\n"):
        begins, ends = line.count(QUOTE_BEGINS), line.count(QUOTE_ENDS)
        before = line.partition(QUOTE_BEGINS)[0] if begins and not level else ""
        if before.strip():
            lines.append(unmarked(before))
            quoted.append(False)
        bare = unmarked(line[len(before) :] if before.strip() else line)
        inside = bool(level or begins)
        level = max(level + begins - ends, 0)
        lines.append(bare)
        quoted.append(inside or (bare.lstrip().startswith((">", "›")) and not closes_address(lines, bare)))
    return lines, quoted


def closes_address(lines: Lines, line: str) -> bool:
    """Whether the line's > ends the address of a wrapped introduction: "… <jo@example.org", "> wrote:"."""
    before = lines[-2] if len(lines) > 1 else ""
    return line.rstrip().endswith(COLON) and before.rfind("<") > before.rfind(">")


def introductions(lines: Lines, quoted: Quoted) -> None:
    """The line "On … wrote:" goes with the quote under it. Where nothing under it is marked as one, the rest goes."""
    for last, line in enumerate(lines):
        if quoted[last] or not line.strip():
            continue
        first = introduction(lines, quoted, last)
        if first is None:
            continue
        quoted[first : last + 1] = [True] * (last + 1 - first)
        if not any(quoted[last + 1 :]):
            quoted[last + 1 :] = [True] * (len(lines) - last - 1)
            return


def introduction(lines: Lines, quoted: Quoted, last: int) -> int | None:
    """The line on which an introduction begins that ends on `last`, or None where it is none.

    A client wraps it over up to four lines. Without a quote under it, it must name an address or a time of day.
    """
    followed = next_is_quoted(lines, quoted, last)
    ends = lines[last].rstrip()
    if not ends.endswith(COLON) and not (WROTE_AT_END.search(ends) and has_timed_address(ends)):
        return None
    found, said = None, ""
    for first in range(last, max(last - INTRODUCTION_LINES, -1), -1):
        if quoted[first] or not lines[first].strip():
            break
        said = f"{lines[first].strip()} {said}".strip()
        if len(said) > INTRODUCTION_CHARACTERS or not introduces(said, followed=followed):
            continue
        if BEGINS.match(said.lstrip(DECORATION)):
            return first
        found = first if found is None else found
    return found


def introduces(said: str, *, followed: bool) -> bool:
    """Whether the words say who wrote when; a person's own "On Monday I wrote:" names neither address nor time."""
    if has_timed_address(said):
        return True
    if not WROTE.search(said) or FIRST_PERSON.search(said):
        return False
    return bool(re.search(r"\d|@", said)) if followed else bool(PRECISE.search(said))


def has_timed_address(said: str) -> bool:
    """A day, a time and at its end an address: "30.09.2017, 18.30, Jo Bloggs <jo@example.org>:" in any language."""
    if not ENDING_ADDRESS.search(said) or not TIME_OF_DAY.search(said):
        return False
    return sum(map(str.isdigit, said.partition("<")[0])) >= LEAST_DIGITS


def next_is_quoted(lines: Lines, quoted: Quoted, last: int) -> bool:
    """Whether the next line that is not blank is a quoted one."""
    return next((quoted[i] for i in range(last + 1, len(lines)) if lines[i].strip()), False)


def originals(lines: Lines, quoted: Quoted) -> None:
    """From "-----Original Message-----", a forward's first line or a header block on, the rest is the old mail."""
    for i, line in enumerate(lines):
        if quoted[i] or not line.strip():
            continue
        if ORIGINAL.fullmatch(line) or FORWARDED.fullmatch(line) or is_header_block(lines, i):
            start = i
            while start > 0 and (not lines[start - 1].strip() or UNDERSCORES.fullmatch(lines[start - 1])):
                start -= 1
            for rest in range(start, len(lines)):
                quoted[rest] = True
            return


def is_header_block(lines: Lines, first: int) -> bool:
    """Whether From, a date or subject and one more label follow each other, and it is mail that they speak of."""
    if not FROM.match(lines[first]):
        return False
    block = [line for line in lines[first : first + HEADER_LINES] if line.strip()]
    labelled = [line for line in block if OTHER.match(line)]
    said = " ".join(block[: len(labelled) + 1])
    has_subject = any(SUBJECT.match(line) for line in labelled)
    has_sent = any(SENT.match(line) for line in labelled)
    return len(labelled) >= LABELS and (has_subject or has_sent) and (has_subject or "@" in said)


def signature(lines: Lines, quoted: Quoted) -> None:
    """The lines from "-- " (RFC 3676 section 4.3) to the quote or the end, unless they are too many for one."""
    seen = False
    for i, line in enumerate(lines):
        if seen and not quoted[i] and SIGNATURE.fullmatch(line):
            end = end_of_signature(lines, quoted, i)
            if end is not None:
                quoted[i:end] = [True] * (end - i)
                return
        seen = seen or bool(line.strip() and not quoted[i])


def end_of_signature(lines: Lines, quoted: Quoted, first: int) -> int | None:
    """Where a signature ends that begins here; None where it would be too long for one."""
    count = 0
    for i in range(first, len(lines)):
        if quoted[i]:
            return i
        count += bool(lines[i].strip())
        if count > SIGNATURE_LINES:
            return None
    return len(lines)


def footer(lines: Lines, quoted: Quoted) -> None:
    """A long rule of underscores and the few lines under it, where they end the mail: a list's or a sender's footer."""
    shown = [i for i in range(len(lines)) if lines[i].strip() and not quoted[i]]
    for position, i in enumerate(shown[-FOOTER_LINES:-1] if len(shown) > 1 else []):
        if UNDERSCORES.fullmatch(lines[i]) and (position or len(shown) > FOOTER_LINES):
            for j in shown[shown.index(i) :]:
                quoted[j] = True
            return


def sent_from(lines: Lines, quoted: Quoted) -> None:
    """The line "Sent from my iPhone" as the last line of the new text, or the last before the quote."""
    shown = [i for i in range(len(lines)) if lines[i].strip() and not quoted[i]]
    for position, i in enumerate(shown):
        following = shown[position + 1] if position + 1 < len(shown) else len(lines)
        ends = following == len(lines) or any(quoted[i + 1 : following])
        if ends and position and SENT_FROM.fullmatch(lines[i].strip()):
            quoted[i] = True


def marker_rule(lines: Lines, quoted: Quoted, markers: Collection[str]) -> None:
    """Our own marker line: under it stands our letter. What stands between it and a later quote stays visible.

    People write there too, and their client then puts its quote below. Only where no quote follows, and something
    is written above, is the rest of the mail ours.
    """
    wanted = {" ".join(marker.split()).casefold() for marker in markers}
    for i, line in enumerate(lines):
        if " ".join(line.lstrip("> ").split()).casefold() not in wanted:
            continue
        if not quoted[i] and any(lines[j].strip() and not quoted[j] for j in range(i)) and not any(quoted[i + 1 :]):
            for j in range(i, len(lines)):
                quoted[j] = True
        quoted[i] = True


RULES: tuple[Rule, ...] = (introductions, originals, signature, footer, sent_from)
