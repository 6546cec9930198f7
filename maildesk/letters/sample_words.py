"""What the people of the sample letters write, by language."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Spoken:
    """One language's words for the matter that all sample letters are about: a heating that failed."""

    title: str
    organisation: str
    next_stage: str
    subject: str
    subjects: tuple[str, str, str]
    complaint: str
    attachments: tuple[str, ...]
    question: str
    answer: str
    reply: str
    reasons: str
    remedies: tuple[str, str]


_ENGLISH = Spoken(
    title="Complaints desk",
    organisation="Example Homes",
    next_stage="Write to our review panel at review@example.org within two months.\n"
    "If you still disagree, the Example Ombudsman looks at it free of charge: ombudsman.example.",
    subject="No heating since Friday",
    subjects=("No heating since Friday", "Parking charge on a paid ticket", "Nobody called back about the lift"),
    complaint="The heating in our flat has been off since Friday. It is 14 degrees in the children's room.\n\n"
    "I called three times. Each time somebody promised to come, and nobody came.\n"
    "I want it repaired today, and I want to know why nobody came.",
    attachments=("thermometer.jpg", "call log.pdf"),
    question="On which days did you call us, and from which number?\nWith that we can find the calls in our records.",
    answer="I called on Friday at 18:10, on Saturday at 9:00 and again at 16:30, always from 020 7946 0501.",
    reply="Our engineer comes today between 14:00 and 16:00 and brings two electric heaters.\n\n"
    "Please call me if that time does not suit you.",
    reasons="We had your three calls. The first was noted for the wrong building, so the engineer went to another "
    "door. That was our mistake.\n\n"
    "The second and third call were passed on correctly, but the part that was needed came only on Monday. "
    "We could not have had it sooner.",
    remedies=("We refund your heating costs for five days", "Every call is now read back with the address"),
)

_GERMAN = Spoken(
    title="Beschwerdestelle",
    organisation="Beispiel Wohnen",
    next_stage="Schreiben Sie innerhalb von zwei Monaten an unsere Prüfstelle: pruefung@example.org.\n"
    "Sind Sie dann noch nicht einverstanden, prüft die Schlichtungsstelle kostenlos: schlichtung.example.",
    subject="Keine Heizung seit Freitag",
    subjects=("Keine Heizung seit Freitag", "Parkgebühr trotz Parkschein", "Kein Rückruf wegen des Aufzugs"),
    complaint="Die Heizung in unserer Wohnung ist seit Freitag aus. Im Kinderzimmer sind es 14 Grad.\n\n"
    "Ich habe dreimal angerufen. Jedes Mal wurde jemand versprochen, und niemand kam.\n"
    "Ich möchte, dass sie heute repariert wird, und ich möchte wissen, warum niemand kam.",
    attachments=("Thermometer.jpg", "Anrufliste März.pdf"),
    question="An welchen Tagen haben Sie angerufen, und von welcher Nummer?\n"
    "Damit finden wir die Anrufe in unseren Unterlagen.",
    answer="Ich habe am Freitag um 18:10 Uhr angerufen, am Samstag um 9 Uhr und um 16:30 Uhr, immer von 020 7946 0501.",
    reply="Unser Techniker kommt heute zwischen 14 und 16 Uhr und bringt zwei Heizlüfter mit.\n\n"
    "Bitte rufen Sie mich an, wenn Ihnen die Zeit nicht passt.",
    reasons="Ihre drei Anrufe sind bei uns angekommen. Der erste wurde für das falsche Haus notiert, deshalb stand der "
    "Techniker vor einer anderen Tür. Das war unser Fehler.\n\n"
    "Der zweite und der dritte Anruf wurden richtig weitergegeben, das Ersatzteil kam aber erst am Montag. "
    "Früher konnten wir es nicht bekommen.",
    remedies=("Wir erstatten Ihre Heizkosten für fünf Tage", "Jede Adresse wird am Telefon jetzt wiederholt"),
)

SPOKEN: Mapping[str, Spoken] = MappingProxyType({"en": _ENGLISH, "de": _GERMAN})
