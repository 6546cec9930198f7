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
COLON = (":", "：", "----", "のメール:", ":*")
DATED_ADDRESS = re.compile(r"\d{4}[-/.年]\s?\d{1,2}[-/.月].{4,200}<\s?[^<>\s]+@[^<>\s]+>\s?[:：]$")
PRECISE = re.compile(r"@|\d{1,2}[:.時]\d{2}|\b\d{4}\b|年")
LABEL = r"[*>\s]*(?:{})\s?\*?\s?[:：]"
FROM = re.compile(LABEL.format(any_of(words.FROM)), re.IGNORECASE)
OTHER = re.compile(LABEL.format(any_of((*words.SENT, *words.TO, *words.SUBJECT, *words.FROM))), re.IGNORECASE)
SUBJECT = re.compile(LABEL.format(any_of(words.SUBJECT)), re.IGNORECASE)
SENT = re.compile(LABEL.format(any_of(words.SENT)), re.IGNORECASE)
ORIGINAL = re.compile(rf"[-_*=\s>]*(?:{any_of(words.ORIGINAL)})(?:\s?[-_*=:]+)?\s*", re.IGNORECASE)
FORWARDED = re.compile(rf"[>\s]*(?:{any_of(words.FORWARDED)})\s?:?\s*", re.IGNORECASE)
RULE_LINE = re.compile(r"\s*[_\-=]{20,}\s*")
SHORT_RULE_LINE = re.compile(r"\s*_{5,}\s*")
SIGNATURE = re.compile(r"\s?(?:-- ?|__)\s?")
SENT_FROM = re.compile(rf"[\s*_<([]*(?:{any_of(words.SENT_FROM)}).{{0,120}}", re.IGNORECASE)


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
            line = line[len(before) :]
        bare = unmarked(line)
        inside = bool(level or begins)
        level = max(level + begins - ends, 0)
        lines.append(bare)
        quoted.append(inside or bare.lstrip().startswith((">", "›")))
    return lines, quoted


def introductions(lines: Lines, quoted: Quoted) -> None:
    """ "On … wrote:" goes with the quote under it. Where nothing under it is marked as a quote, the rest goes."""
    for last, line in enumerate(lines):
        if quoted[last] or not line.rstrip().endswith(COLON):
            continue
        first = introduction(lines, quoted, last)
        if first is None:
            continue
        followed = next_is_quoted(lines, quoted, last)
        said = " ".join(lines[first : last + 1])
        if not followed and not PRECISE.search(said):
            continue
        for i in range(first, last + 1):
            quoted[i] = True
        if not followed and "@" not in said and not re.search(r"\d[:.]\d\d", said):
            continue
        if not any(quoted[last + 1 :]):
            for i in range(last + 1, len(lines)):
                quoted[i] = True
            return


def introduction(lines: Lines, quoted: Quoted, last: int) -> int | None:
    """The line on which the introduction begins that ends on `last`, or None where it is none."""
    said = ""
    for first in range(last, max(last - INTRODUCTION_LINES, -1), -1):
        if quoted[first] or not lines[first].strip():
            return None
        said = f"{lines[first].strip()} {said}".strip()
        if len(said) > INTRODUCTION_CHARACTERS:
            return None
        if DATED_ADDRESS.match(said):
            return first
        found = WROTE.search(said)
        if not found or not re.search(r"\d|@", said):
            continue
        if BEGINS.match(said.lstrip("*_ -")) or (first == last and said[found.end() :].count(" ") < 8):
            wraps = first > 0 and not BEGINS.match(said.lstrip("*_ -")) and "@" not in said
            if not wraps:
                return first
            return None if not next_is_quoted(lines, quoted, last) else first
    return None


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
            while start > 0 and (not lines[start - 1].strip() or RULE_LINE.fullmatch(lines[start - 1])):
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
    return len(labelled) >= 3 and (has_subject or has_sent) and (has_subject or "@" in said)


def signature(lines: Lines, quoted: Quoted) -> None:
    """The lines from "-- " (RFC 3676 section 4.3) to the quote or the end, unless they are too many for one."""
    seen = False
    for i, line in enumerate(lines):
        if seen and not quoted[i] and SIGNATURE.fullmatch(line):
            end = next((j for j in range(i + 1, len(lines)) if quoted[j]), len(lines))
            if sum(bool(inner.strip()) for inner in lines[i:end]) <= SIGNATURE_LINES:
                for j in range(i, end):
                    quoted[j] = True
                return
        seen = seen or bool(line.strip() and not quoted[i])


def footer(lines: Lines, quoted: Quoted) -> None:
    """A long rule of underscores and the few lines under it, where they end the mail: a list's or a sender's footer."""
    shown = [i for i in range(len(lines)) if lines[i].strip() and not quoted[i]]
    for position, i in enumerate(shown[-FOOTER_LINES:-1] if len(shown) > 1 else []):
        if SHORT_RULE_LINE.fullmatch(lines[i]) and (position or len(shown) > FOOTER_LINES):
            for j in shown[shown.index(i) :]:
                quoted[j] = True
            return


def sent_from(lines: Lines, quoted: Quoted) -> None:
    """ "Sent from my iPhone" as the last line of the new text, or the last before the quote."""
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
