import pytest
from reading import mail, reading

from maildesk.mail import language

COMPLAINTS = {
    "en": "The lift in our house has been out of order for three weeks and nobody has come to repair it.",
    "de": "Der Aufzug in unserem Haus ist seit drei Wochen defekt und niemand ist gekommen, um ihn zu reparieren.",
    "fr": "L'ascenseur de notre immeuble est en panne depuis trois semaines et personne n'est venu le réparer.",
    "es": "El ascensor de nuestra casa está estropeado desde hace tres semanas y nadie ha venido a repararlo.",
    "it": "L'ascensore del nostro palazzo è guasto da tre settimane e nessuno è venuto a ripararlo, non è giusto.",
    "nl": "De lift in ons huis is al drie weken kapot en niemand is gekomen om het te repareren, dat is niet goed.",
    "pt": "O elevador do nosso prédio está avariado há três semanas e não veio ninguém para o reparar, isso não é bom.",
    "pl": "Winda w naszym domu nie działa od trzech tygodni i nikt nie przyszedł, żeby ją naprawić, a ja jestem chory.",
    "sv": "Hissen i vårt hus har varit trasig i tre veckor och ingen har kommit för att laga den, det är inte bra.",
    "fi": "Talomme hissi on ollut rikki kolme viikkoa ja kukaan ei ole tullut korjaamaan sitä, se ei ole hyvä.",
    "ja": "私たちの家のエレベーターは三週間も故障していますが、誰も修理に来てくれません。",
    "zh": "我们楼里的电梯已经坏了三个星期没有人来修理请尽快处理这个问题谢谢",
    "ru": "Лифт в нашем доме не работает уже три недели, и никто не пришёл, чтобы его починить, это не дело.",
    "ko": "우리 집 엘리베이터가 삼 주 동안 고장 났는데 아무도 고치러 오지 않았습니다 빨리 처리해 주시기 바랍니다.",
}


@pytest.mark.parametrize("expected", COMPLAINTS)
def test_the_language_of_a_sentence_is_known(expected: str):
    assert language.of("", COMPLAINTS[expected]) == expected


@pytest.mark.parametrize("text", ["", "Hello", "1234 5678 9012 3456 7890 1234 5678 9012", "xyzzy plugh " * 10])
def test_a_text_that_says_too_little_has_no_language(text: str):
    assert language.of("", text) is None


@pytest.mark.parametrize(("header", "expected"), [("de-AT", "de"), ("FR", "fr"), ("en, de", "de"), ("nonsense!", "de")])
def test_one_declared_language_is_believed(header: str, expected: str):
    assert reading(mail(COMPLAINTS["de"].encode(), Content_Language=header)).language == expected
