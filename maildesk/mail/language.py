"""The language of a mail: what Content-Language says, else a small table of frequent words, else None.

A trained model (py3langid) costs 75 MB in the process that holds it, more than half of what the idle daemon may use,
and 0.6 s in a child that loads it late. For the choice of a letter's language, twenty words each do.
"""

import re

LEAST_LETTERS = 40
TEXT_CHARACTERS = 4_000
LEAST_HITS = 3
CLEAR_LEAD = 1.25
WORD = re.compile(r"[^\W\d_]+")
LANGUAGE_TAG = re.compile(r"\s*([a-z]{2,3})(?:-[a-z0-9-]+)?\s*(?:,|$)", re.IGNORECASE)
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u4e00-\u9fff]")
SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
WORDS = {
    "en": "the and to of you is that it was have for not my with this on are be your at we has been would from",
    "de": "und der die das ich nicht ist zu sie mit den es ein eine auf für wir haben habe mir sind von dass bitte",
    "fr": "le la les et je vous de des est que pas une un pour en nous dans ce avec sur mon votre ai été du",
    "es": "el la los de que y no en un una por con para mi me es lo se su las pero muy del he ha gracias",
    "it": "il di che non la un una per sono mi ho è con del della ma le si da questo vostro mio grazie gli nel",
    "nl": "de het een en van ik is niet dat op te zijn voor met mijn heb u deze aan er maar naar geen wij bij",
    "pt": "o de que não e um uma para com eu os as do da em se por mais meu minha foi está você obrigado já no",
    "pl": "nie w na się z do to jest że i o jak ale mi mam po za co od jestem był przez czy dla proszę",
    "sv": "och att det jag är som en på för inte med har av den ni ett till om var vi från min kan hej men",
    "da": "og at det jeg er som en på for ikke med har af den i et til om var vi fra min kan hej men blev mig jer",
    "no": "og at det jeg er som en på for ikke med har av den et til om var vi fra min kan hei men ble meg dere",
    "fi": "ja on ei että se en olen minä mutta kun hän ole tämä niin kuin oli mitä voi teidän minun saa jo",
    "cs": "a se na je že to s v z do jsem ale jak by pro si jsme není který prosím už bych jste o k",
    "hu": "a az és nem hogy egy is van volt meg én de már csak ez mint ha kell köszönöm el nekem vagy",
    "tr": "ve bir bu da için ile çok ben ne değil var ama daha olarak gibi kadar sonra teşekkürler benim",
    "ru": "и в не на я что с по это как мы вы мне но за от у меня так из был для ваш все",
    "uk": "і в не на я що з це як ми ви мені але за від та у мене так був для ваш все є",
}
BY_WORD: dict[str, tuple[str, ...]] = {
    word: tuple(language for language, listed in WORDS.items() if word in listed.split())
    for listed in WORDS.values()
    for word in listed.split()
}
UNIQUE_WEIGHT = 3


def of(header: str, text: str) -> str | None:
    """The ISO 639 code, or None where the text is too short or the languages are too close to call."""
    declared = LANGUAGE_TAG.match(header)
    if declared and "," not in header:
        return declared.group(1).lower()
    return guess(text[:TEXT_CHARACTERS])


def guess(text: str) -> str | None:
    """The language of the words alone."""
    kana, han = len(KANA.findall(text)), len(HAN.findall(text))
    if kana + han >= LEAST_LETTERS // 4:
        return "ja" if kana * 20 > han else "zh"
    found = WORD.findall(text.lower())
    if sum(map(len, found)) < LEAST_LETTERS:
        return None
    if not text.isascii():
        letters = sum(map(len, found))
        for language, script in SCRIPTS:
            if len(script.findall(text)) * 2 > letters:
                return language
    return by_words(found)


def by_words(found: list[str]) -> str | None:
    """The language whose frequent words occur most; a word that only one language has counts three times."""
    scores: dict[str, int] = {}
    hits: dict[str, int] = {}
    for word in found:
        languages = BY_WORD.get(word, ())
        for language in languages:
            scores[language] = scores.get(language, 0) + (UNIQUE_WEIGHT if len(languages) == 1 else 1)
            hits[language] = hits.get(language, 0) + 1
    ranked = sorted(scores, key=lambda language: scores[language], reverse=True)
    if not ranked or hits[ranked[0]] < LEAST_HITS:
        return None
    if len(ranked) > 1 and scores[ranked[0]] < CLEAR_LEAD * scores[ranked[1]]:
        return None
    return ranked[0]
