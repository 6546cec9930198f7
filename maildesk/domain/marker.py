"""The lines and characters that mark where a letter of ours begins inside somebody's answer."""

from types import MappingProxyType

REPLY_MARKER = MappingProxyType(
    {
        "en": "--- reply above this line ---",
        "de": "--- bitte oberhalb dieser Zeile antworten ---",
    }
)

# Private-use characters that the HTML reader puts around quoted mail; no text that leaves the reader holds them.
QUOTE_BEGINS = "\ue0f0"
QUOTE_ENDS = "\ue0f1"
