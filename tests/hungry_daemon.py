"""The daemon whose children use up their memory at a mail that says so: none is known that does it to the parser."""

from maildesk.mail import foreign

HUNGRY = b"Subject: Feed me"
_BLOCK = 16 << 20


def answer(item: bytes) -> bytes:
    """As the real one, but for hungry mail."""
    eaten = []
    while HUNGRY in item:
        eaten.append(bytearray(_BLOCK))
    return foreign.answer(item)


if __name__ == "__main__":
    from maildesk.__main__ import main

    foreign.TARGET = "hungry_daemon:answer"
    main()
