import pytest
from reading import mail, reading

from maildesk.domain.message import Kind

MANY_BLANKS = "\n" * 60_000


@pytest.mark.parametrize(
    ("fields", "kind", "rule"),
    [
        ({"Auto-Submitted": "auto-replied"}, Kind.AUTO_REPLY, "auto-replied"),
        ({"Auto-Submitted": "Auto-Replied (vacation); x=y"}, Kind.AUTO_REPLY, "auto-replied"),
        ({"Auto-Submitted": "auto-generated"}, Kind.AUTO_GENERATED, "auto-submitted"),
        ({"Auto-Submitted": "auto-notified; owner-email=x@y.example"}, Kind.AUTO_GENERATED, "auto-submitted"),
        ({"Precedence": "auto_reply"}, Kind.AUTO_REPLY, "responder-precedence"),
        ({"X-Precedence": "Auto_Reply"}, Kind.AUTO_REPLY, "responder-precedence"),
        ({"Precedence": "Bulk"}, Kind.AUTO_GENERATED, "bulk"),
        ({"Precedence": "JUNK"}, Kind.AUTO_GENERATED, "bulk"),
        ({"X-Autoreply": "yes"}, Kind.AUTO_REPLY, "responder-header"),
        ({"X-Autorespond": "osTicket"}, Kind.AUTO_REPLY, "responder-header"),
        ({"X-Loop": "x@y.example"}, Kind.AUTO_GENERATED, "program-header"),
        ({"Return-Path": "<>"}, Kind.AUTO_GENERATED, "null-path"),
        ({"Return-Path": "< >"}, Kind.AUTO_GENERATED, "null-path"),
        ({"From": "MAILER-DAEMON@mx.example", "Subject": "hello"}, Kind.BOUNCE, "bounce-in-words"),
        ({"From": "no-reply@shop.example"}, Kind.AUTO_GENERATED, "no-reply"),
        ({"From": "noreply+4711@shop.example"}, Kind.AUTO_GENERATED, "no-reply"),
        ({"X-Maildesk-Desk": "x", "From": "complaints@desk.example"}, Kind.AUTO_GENERATED, "own-letter"),
        ({"X-Maildesk-Probe": "x"}, Kind.AUTO_GENERATED, "probe"),
        ({"Precedence": "List"}, Kind.HUMAN, "list"),
        ({"List-Id": "<tenants.example>"}, Kind.HUMAN, "list"),
        ({"List-Unsubscribe": "<mailto:x@y.example>"}, Kind.HUMAN, "list"),
        ({"X-Auto-Response-Suppress": "All"}, Kind.HUMAN, "answers-suppressed"),
        ({"X-Auto-Response-Suppress": "DR, OOF, AutoReply"}, Kind.HUMAN, "answers-suppressed"),
        ({"From": "complaints@desk.example"}, Kind.HUMAN, "own-address"),
        ({"From": "Complaints+abc@Desk.example"}, Kind.HUMAN, "own-address"),
    ],
)
def test_a_header_that_forbids_it_gets_no_acknowledgement(fields: dict[str, str], kind: Kind, rule: str):
    message = reading(mail(**fields))
    assert (message.kind, message.rule) == (kind, rule)
    assert not message.may_acknowledge
    assert message.is_list == (rule == "list")
    assert message.reasons


@pytest.mark.parametrize(
    "fields",
    [
        {"X-Maildesk-Desk": "of another desk, where a person wrote the letter"},
        {"Auto-Submitted": "no"},
        {"Auto-Submitted": "NO; x=y"},
        {"Auto-Submitted": "no; x=y"},
        {"Auto-Submitted": "(a person) no"},
        {"Precedence": "first-class"},
        {"X-Auto-Response-Suppress": ""},
        {"X-Auto-Response-Suppress": "DR, NRN"},
        {"X-Autoreply": "no"},
        {"Return-Path": "<jo@customer.example>"},
        {"From": "noreen@customer.example"},
    ],
)
def test_a_header_that_forbids_nothing_leaves_a_person(fields: dict[str, str]):
    message = reading(mail(**fields))
    assert (message.kind, message.rule, message.may_acknowledge) == (Kind.HUMAN, "person", True)


@pytest.mark.parametrize(
    "subject",
    ["autoreply", "Autoreply: hello", "AutoReply - away", "Out of Office: your order", "Automatic reply: your order",
     "[Automatic reply] your order", "Automatische Antwort: Bestellung", "Abwesenheitsnotiz: Bestellung",
     "Réponse automatique : commande", "Respuesta automática: pedido", "Risposta automatica: ordine",
     "Automatisch antwoord: bestelling", "Resposta automática: pedido", "Odpowiedź automatyczna: zamówienie",
     "Autosvar: ordre", "Automatisk svar: ordre", "Automaattinen vastaus: tilaus", "Автоответ: заказ", "自動返信：注文",
     "自动回复: 订单"]
)  # fmt: skip
def test_the_subject_of_a_responder_is_known_from_its_first_letter(subject: str):
    message = reading(mail(Subject=subject))
    assert (message.kind, message.rule, message.may_acknowledge) == (Kind.AUTO_REPLY, "responder-subject", False)


@pytest.mark.parametrize(
    "subject",
    ["Re: Your automatic reply never came", "Complaint: out of office hours rudeness", "Automatic door broke my arm",
     "Vacation home was dirty", "Delivery failure: my parcel never came", "Delayed again!", "Bounce house unsafe",
     "My letter could not be delivered", "Absence of care"]
)  # fmt: skip
def test_the_subject_of_a_complaint_is_not_taken_for_a_programs(subject: str):
    message = reading(mail("I have waited for three weeks.", Subject=subject))
    assert (message.kind, message.may_acknowledge) == (Kind.HUMAN, True)


def test_a_null_path_does_not_turn_an_absence_note_into_a_bounce():
    message = reading(mail(Return_Path="<>", Auto_Submitted="auto-replied", Subject="Out of office"))
    assert message.kind is Kind.AUTO_REPLY


def test_a_person_who_quotes_a_reply_code_is_a_person():
    message = reading(mail("Your server said:\n550 5.1.1 user unknown\nWhy?", Subject="I cannot reach you"))
    assert message.kind is Kind.HUMAN


def test_a_text_of_blank_lines_is_judged_within_the_limit():
    message = reading(mail(MANY_BLANKS + "550 5.1.1 x", From="postmaster@mx.example", Subject="Undeliverable"))
    assert message.kind is Kind.BOUNCE
