"""The inputs of a letter that is not frozen yet, as JSON and back: the kind says which content they hold."""

from typing import Any, get_type_hints

import msgspec

from maildesk.domain.letter import CONTENTS, Letter, LetterKind

_TYPES = {name: hint for name, hint in get_type_hints(Letter).items() if name != "content"}


def letter_of(inputs: str) -> Letter:
    """The letter as it was decided."""
    fields = msgspec.json.decode(inputs)
    content: Any = msgspec.convert(fields.pop("content"), CONTENTS[LetterKind(fields["kind"])])
    return Letter(content=content, **{name: msgspec.convert(value, _TYPES[name]) for name, value in fields.items()})
