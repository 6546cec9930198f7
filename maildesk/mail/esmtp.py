"""The MAIL and RCPT parameters of one letter: SIZE, 8BITMIME, SMTPUTF8, DSN, each only where the server offers it."""

from aiosmtplib import SMTP, SMTPNotSupported

from maildesk.mail.outgoing import Outgoing, needs_smtputf8


def parameters(smtp: SMTP, letter: Outgoing) -> tuple[list[str], list[str], str]:
    """The MAIL and RCPT parameters that this server offers and this letter needs, and the encoding of addresses.

    Raises SMTPNotSupported where the letter needs SMTPUTF8 and the server has none.
    """
    mail, rcpt, encoding = [], [], "ascii"
    if smtp.supports_extension("size"):
        mail.append(f"SIZE={len(letter.octets)}")
    if smtp.supports_extension("8bitmime") and not letter.octets.isascii():
        mail.append("BODY=8BITMIME")
    if needs_smtputf8(letter):
        if not smtp.supports_extension("smtputf8"):
            raise SMTPNotSupported(
                f"{letter.recipient} needs a mail server that knows international addresses (SMTPUTF8); ours does not."
            )
        mail.append("SMTPUTF8")
        encoding = "utf-8"
    if letter.envelope_id and smtp.supports_extension("dsn"):
        mail += ["RET=HDRS", f"ENVID={_xtext(letter.envelope_id)}"]
        rcpt.append("NOTIFY=FAILURE,DELAY")
    return mail, rcpt, encoding


def _xtext(text: str) -> str:
    """RFC 3461 section 4: everything but printable ASCII, and + and =, as +XX."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text if ord(c) < 128)  # noqa: PLR2004
