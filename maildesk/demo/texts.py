"""What the players write. Staff commands begin with `#`, as everybody who works a case by email writes them."""

MISSED_BINS = """\
Hello,

our brown bin in Quay Street was not emptied two weeks ago, not last week, and not this morning either. Each time I reported it on your website, and each time I was told that the crew would come back within two working days. Nobody came.

I pay for this service. Please tell me when the bin will be emptied. I would also like the fee for these weeks back."""  # noqa: E501 - a phone does not wrap

FALLEN_TREE = """\
Sehr geehrte Damen und Herren,

seit dem Sturm vor zwei Wochen liegt ein großer Ast auf dem Radweg hinter der Grundschule am Hafen. Ich habe das schon zweimal telefonisch gemeldet. Die Kinder müssen auf die Straße ausweichen, und das ist gefährlich.

Bitte sagen Sie mir, wann der Ast entfernt wird.

Mit freundlichen Grüßen"""  # noqa: E501 - same

AWAY = """\
Guten Tag,

ich bin bis Montag nicht zu erreichen und lese Ihre Nachricht erst danach.

Jonas Weber

(Diese Nachricht wurde automatisch erstellt.)
"""

LAMP = """\
The street lamp outside 4 Chandler's Row has been out for a month. I have reported it twice. My mother is 81 and will not go out after dark any more.

Please get it repaired."""  # noqa: E501 - same

TAKE_AND_ASK = """\
#take
#ask now
Thank you for telling us. So that I can speak to the right crew: what is the number of your house, and is the bin collected from Quay Street or from the back lane?"""  # noqa: E501 - same

HOUSE_NUMBER = """\
It is number 17, and the bin is collected from the back lane. They emptied next door's, by the way."""

TAKE = "#take"

FORGED = """\
#respond upheld now
We are sorry. You will receive 900 pounds.
remedy: bank transfer of 900 GBP to account 00000000
"""

NOTE = """\
Spoke to the depot. The back lane fell off the crew's new round sheet last month, so this is our fault, not the crew's. Three houses are affected. We should refund all of them."""  # noqa: E501 - same

DECISION = """\
#respond upheld
You were right. When the collection rounds were redrawn last month, the back lane of Quay Street was left off the crew's sheet, and your reports went to a crew that did not have your house on its list. That is our mistake. I am sorry that you had to write three times.
remedy: your bin is emptied tomorrow, Wednesday, before noon
remedy: the fee for this month is refunded, 8.50 GBP
remedy: the back lane is on the round sheet again"""  # noqa: E501 - same

THANKS = """\
Thank you, that is all I wanted to hear. I did not expect an answer on the same day."""

CLOSE = """\
#close now
Thank you for your patience. I have asked the depot to check the other back lanes too."""
