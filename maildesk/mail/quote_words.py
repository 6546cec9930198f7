"""The words by which mail programs introduce what they quote, as tables: languages are added here.

English, German, French, Spanish, Italian, Dutch, Portuguese, Polish, Swedish, Danish, Norwegian, Finnish, Czech,
Hungarian, Turkish, Russian, Ukrainian, Japanese, Chinese and Korean.
"""

# "On 3 May 2026 at 10:00, Jo Bloggs <jo@example.org> wrote:": the verb, as the client writes it.
WROTE = (
    "wrote", "schrieb", "geschrieben", "a écrit", "a ecrit", "escribió", "escribio", "ha scritto", "scrive", "schreef",
    "geschreven", "escreveu", "napisał", "napisała", "napisał(a)", "napisal", "pisze", "skrev", "kirjoitti", "napsal",
    "napsala", "napsal(a)", "írta", "yazdı", "пишет", "написал", "написал(а)", "написала", "пише", "のメール",
    "は書きました", "wrote ----", "写道", "寫道", "님이 작성", "이(가) 작성",
)  # fmt: skip

# How such a line begins where the client wraps it over several lines.
ON = (
    "On", "Am", "Le", "El", "Il", "Op", "Em", "No dia", "A", "W dniu", "Dnia", "Den", "På", "Dne", "V", "Il giorno",
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "lun", "mar", "mer", "mié", "jue", "vie", "sáb", "dom", "seg",
    "ter", "qua", "qui", "sex", "ons", "tors", "fre", "lør", "lör", "søn", "sön", "man", "mån", "tis", "tir",
    "Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "ma", "ti", "ke", "to", "pe", "la", "su", "pon", "wt", "śr", "czw", "pt",
    "sob", "niedz", "在", "于", "В", "---- On",
)  # fmt: skip

# The labels of the header block that Outlook and forwards put over the old mail.
FROM = (
    "From", "Von", "De", "Da", "Van", "Od", "Från", "Fra", "Lähettäjä", "Feladó",
    "Kimden", "От", "Від", "差出人",
    "送信者", "发件人", "寄件者", "보낸 사람", "Expéditeur", "Mittente", "Remitente",
)  # fmt: skip
SENT = (
    "Sent", "Date", "Gesendet", "Datum", "Envoyé", "Enviado", "Enviado el", "Enviado em", "Fecha", "Data", "Inviato",
    "Verzonden", "Wysłano", "Skickat", "Sendt", "Dato", "Lähetetty", "Päivä", "Päiväys", "Odesláno", "Küldve", "Dátum",
    "Gönderme", "Tarih", "Отправлено", "Дата", "Надіслано", "送信日時", "日付", "日時", "发送时间", "日期", "보낸 날짜",
)  # fmt: skip
TO = (
    "To", "Cc", "An", "Kopie", "À", "A", "Para", "CC", "Aan", "Do", "DW", "Till", "Kopia", "Til", "Kopi",
    "Vastaanottaja", "Kopio", "Komu", "Címzett", "Kime", "Bilgi", "Кому",
    "Копия", "宛先", "收件人", "抄送", "받는 사람",
    "Reply-To", "Antwort an", "Organization", "Importance", "Wichtigkeit",
)  # fmt: skip
SUBJECT = (
    "Subject", "Betreff", "Objet", "Asunto", "Oggetto", "Onderwerp", "Assunto", "Temat", "Ämne", "Emne", "Aihe",
    "Předmět", "Tárgy", "Konu", "Тема", "件名", "主题", "主題", "제목",
)  # fmt: skip

# "-----Original Message-----"
ORIGINAL = (
    "original message", "original appointment", "ursprüngliche nachricht", "original-nachricht", "originalnachricht",
    "message d'origine", "message d’origine", "message original", "mensaje original", "messaggio originale",
    "oorspronkelijk bericht", "mensagem original", "wiadomość oryginalna", "oryginalna wiadomość",
    "ursprungligt meddelande", "originalmeddelande", "oprindelig meddelelse", "opprinnelig melding",
    "original melding", "alkuperäinen viesti", "původní zpráva", "eredeti üzenet", "orijinal mesaj",
    "исходное сообщение", "пересылаемое сообщение", "元のメッセージ", "原始邮件", "原始郵件", "원본 메시지",
    "forwarded message", "weitergeleitete nachricht", "message transféré", "mensaje reenviado",
    "messaggio inoltrato", "doorgestuurd bericht", "mensagem encaminhada", "wiadomość przekazana",
    "vidarebefordrat meddelande", "videresendt meddelelse", "videresendt melding", "välitetty viesti",
    "转发的邮件", "転送されたメッセージ",
)  # fmt: skip
FORWARDED = (
    "begin forwarded message", "anfang der weitergeleiteten nachricht", "début du message transféré",
    "début du message réexpédié", "inicio del mensaje reenviado", "inizio messaggio inoltrato",
    "begin doorgestuurd bericht", "início da mensagem encaminhada", "początek przekazywanej wiadomości",
    "vidarebefordrat brev", "start på videresendt besked", "videresendt melding",
)  # fmt: skip

# "Sent from my iPhone": the whole last line of the new text.
SENT_FROM = (
    "sent from my", "sent from mail for", "sent from outlook", "sent from yahoo", "sent via", "sent with",
    "get outlook for",
    "von meinem", "gesendet von", "gesendet mit", "diese nachricht wurde von mein", "envoyé de mon", "envoyé depuis",
    "envoyé à partir de", "enviado desde", "enviado de meu", "enviado do meu", "inviato da", "verstuurd vanaf",
    "verzonden vanaf", "verzonden met", "wysłane z", "wysłano z", "skickat från", "sendt fra", "lähetetty",
    "odesláno z", "iphoneから送信", "ipadから送信", "androidから送信", "отправлено с",
    "发自我的", "從我的", "나의 iphone",
    "outlook für ios beziehen", "télécharger outlook", "obtener outlook", "download outlook",
)  # fmt: skip
