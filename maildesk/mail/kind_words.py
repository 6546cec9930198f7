"""What automatic mail calls itself, as tables: senders, subjects, headers. Languages and vendors are added here."""

DAEMONS = (
    "mailer-daemon", "mailerdaemon", "mdaemon", "postmaster", "poostmaster", "mail-daemon", "mail.delivery.system",
    "maildelivery", "bounce", "bounces", "ndr", "mailadm", "mail-delivery", "mailer_daemon",
)  # fmt: skip
SYSTEM_NAMES = (
    "mail delivery", "mailer-daemon", "mailer daemon", "mail system", "mail administrator", "system administrator",
    "delivery subsystem", "delivery system", "postmaster",
)  # fmt: skip
NO_REPLY = (
    "noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply", "dontreply",
    "nicht-antworten", "keine-antwort", "nepasrepondre", "ne-pas-repondre", "noresponder", "no-responder",
    "nao-responda", "naoresponda", "non-rispondere", "nonrispondere", "nepasrépondre", "notifications", "notification",
    "autoresponder", "auto-reply", "autoreply", "auto-responder", "automailer", "automated",
)  # fmt: skip

# A responder's subject begins with one of these and a mark of punctuation, or is nothing else.
RESPONDER_SUBJECTS = (
    "out of office", "out of the office", "out-of-office", "out of office autoreply", "out of office reply", "ooo",
    "automatic reply", "auto reply", "auto-reply", "autoreply", "auto:", "autoresponse", "auto response",
    "auto-response", "automatic response", "automated reply", "automated response", "vacation", "away from my mail",
    "away from office", "on vacation", "on leave", "vacation reply", "vacation response",
    "abwesenheitsnotiz", "abwesenheit", "abwesend", "abwesenheitsmeldung", "automatische antwort",
    "automatische abwesenheitsnotiz", "automatische abwesenheitsmeldung", "außer haus", "nicht im büro", "autoantwort",
    "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "message d'absence",
    "notification d'absence", "respuesta automática", "respuesta automatica", "fuera de la oficina", "fuera de oficina",
    "risposta automatica", "fuori sede", "fuori ufficio", "assente dall'ufficio",
    "automatisch antwoord", "automatisch antwoordbericht", "afwezig", "afwezigheidsbericht", "afwezigheid",
    "resposta automática", "resposta automatica", "ausência temporária", "fora do escritório",
    "odpowiedź automatyczna", "automatyczna odpowiedź", "autoodpowiedź", "nieobecność", "poza biurem",
    "autosvar", "automatiskt svar", "frånvaro", "frånvarande", "frånvaromeddelande", "inte på kontoret",
    "automatisk svar", "ikke til stede", "fraværsmeddelelse", "fravær", "fraværsmelding", "fraværende",
    "automaattinen vastaus", "poissa", "poissaoloviesti", "automatická odpověď", "mimo kancelář",
    "automatikus válasz", "házon kívül", "otomatik yanıt", "ofis dışında", "răspuns automat", "samodejni odgovor",
    "automatski odgovor", "автоответ", "автоматический ответ", "нет на месте", "автоматична відповідь",
    "自動返信", "自動応答", "不在通知", "不在メッセージ", "自动回复", "自動回覆", "自动答复", "자동 회신", "부재중",
    "αυτόματη απάντηση", "הודעת מענה אוטומטי", "תשובה אוטומטית", "رد تلقائي",
)  # fmt: skip

# Subjects of reports on delivery: they decide only together with a daemon's address, a null path or a reply code.
FAILURE_SUBJECTS = (
    "undeliver", "delivery status", "delivery fail", "delivery has failed", "mail delivery", "failure notice",
    "delivery notification", "delivery report", "delivery problem", "delivery error", "delivery warning",
    "delivery incomplete", "delivery unsuccessful", "non-delivery", "nondelivery", "non delivery", "not delivered",
    "could not be delivered", "couldn't be delivered", "cannot be delivered", "can't be delivered",
    "unable to deliver", "mail failed", "failed mail", "message failed", "returned mail", "returned to sender",
    "returning message to sender", "mail error", "mail system error", "mail rejected", "rejected mail",
    "message you sent blocked", "error sending your mail", "processing error", "address error",
    "user unknown", "unknown user", "bounce", "failure delivery", "permanent delivery", "error during delivery",
    "mail could not be",
    "message rejected", "rejected:", "permanent error", "aws notification message", "mail status report",
    "unzustellbar", "nicht zugestellt", "zustellung fehlgeschlagen", "unzustellbarkeit", "zustellfehler",
    "konnte nicht zugestellt werden", "non remis", "non distribu", "échec de la remise", "impossible de remettre",
    "non recensé", "no se puede entregar", "no entregado", "no se ha podido entregar", "non recapitabile",
    "mancato recapito", "niet bestelbaar", "onbestelbaar", "não entregue", "não é possível entregar",
    "niedostarcz", "nie można dostarczyć", "kunde inte levereras", "det går inte att leverera",
    "kan ikke leveres", "ikke leveret", "toimittaminen epäonnistui", "nelze doručit", "nedoručiteln",
    "недоставленн", "не доставлено", "エラー通知", "配信不能", "配信できません", "配信エラー", "メールエラー",
    "系统退信", "退信", "邮件投递失败", "郵件傳送失敗", "发送失败",
)  # fmt: skip
# Subjects that begin with these are reports whoever sent them: nobody complains in these words.
REPORT_SUBJECTS = (
    "undelivered mail returned to sender", "returned mail", "mail delivery failed", "mail delivery failure",
    "delivery status notification", "delivery failure notification", "undeliverable:", "undeliverable mail",
    "undeliverable message", "non-delivery:", "failure notice", "automatically rejected mail",
    "mail delivery warning", "mail system error", "delivery notification: delivery has failed",
    "returning message to sender", "mail could not be delivered",
)  # fmt: skip
DELAY_SUBJECTS = (
    "delayed", "(delay)", "still being retried", "warning: could not send", "warning--could not send",
    "has not yet been delivered", "not yet been delivered", "will retry", "delivery warning", "message delayed",
    "delayed mail", "delay notification", "verzögert", "verspätet zugestellt", "retardé", "retrasad", "ritardat",
    "vertraagd", "atrasad", "opóźnion", "försenad", "forsinket", "viivästynyt", "zpožděn", "задержан", "遅延", "延迟",
)  # fmt: skip

# Headers that only responders and programs write; the value does not matter unless it says no.
RESPONDER_HEADERS = (
    "x-autoreply", "x-autoreply-from", "x-auto-reply", "x-auto-reply-from", "x-autorespond", "x-autoresponder",
    "x-mail-autoreply", "x-autogenerated", "x-vacation", "x-out-of-office", "x-oof", "x-autoreply-domain",
    "x-auto-responder", "x-autoresponse", "autoreply", "auto-reply",
)  # fmt: skip
PROGRAM_HEADERS = (
    "x-loop", "x-otrs-loop", "x-zammad-loop", "x-rt-loop-prevention", "x-rt-originator", "x-cron-env",
    "x-fc-machinegenerated", "x-ms-exchange-generated-message-source", "x-facebook-notify", "x-osticket-auto",
    "x-debbugs-envelope-to",
)  # fmt: skip
LIST_HEADERS = ("list-id", "list-post", "list-unsubscribe", "list-help", "x-mailman-version", "x-mailing-list",
                "mailing-list", "x-google-group-id")  # fmt: skip
RESPONDER_PRECEDENCE = frozenset({"auto_reply", "auto-reply", "autoreply", "auto_respond", "auto_responder"})
BULK_PRECEDENCE = frozenset({"bulk", "junk"})
