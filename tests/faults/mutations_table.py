"""What makes each promise true, taken out on purpose, and the tests that must then fail.

`old` stands exactly once in its file. A row whose tests pass all the same is a promise that no test holds.
"""

from dataclasses import dataclass

LOST, TWICE, THEIRS, EXPLAINED, PEOPLE = (
    "No complaint is lost",
    "Nothing happens twice",
    "Nobody hears what is not theirs",
    "Everything can be explained",
    "People are treated as people",
)
PROMISES = (LOST, TWICE, THEIRS, EXPLAINED, PEOPLE)


@dataclass(frozen=True, slots=True)
class Mutation:
    """One thing taken out. `tests` are `file::name`, seen from tests/."""

    promise: str
    broken: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


_HEARS = "scenarios/test_who_hears_what.py::"
_OUTBOX = "store/test_outbox.py::"
_BY_MAIL = "scenarios/test_a_case_by_mail_alone.py::"
_DECIDE = "domain/test_decide.py::"
_TABLES = "maildesk/store/migrations/0001_tables.sqlite.sql"

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        LOST,
        "the database no longer waits for the disk (synchronous=OFF)",
        "maildesk/store/connection.py",
        '"synchronous": "FULL"',
        '"synchronous": "OFF"',
        ("faults/test_power.py::test_a_cut_of_power_at_random_moments_loses_no_mail_and_says_nothing_twice",),
    ),
    Mutation(
        LOST,
        "a mail is moved on the server before it is committed",
        "maildesk/desk/intake.py",
        "        await inbox.keep(self.mailbox_name, mark.uidvalidity, kept, max(uids))\n",
        "        await self._mailbox.move(sorted(arrived), self._rules.processed)\n"
        "        await inbox.keep(self.mailbox_name, mark.uidvalidity, kept, max(uids))\n",
        ("faults/test_places.py::test_killed_at_any_place_it_goes_on_where_it_was[before commit 1]",),
    ),
    Mutation(
        LOST,
        "a batch that fails is not done again mail by mail",
        "maildesk/desk/process.py",
        "            for mail in alive:\n                await self._alone(mail)\n",
        "            del alive\n",
        ("desk/test_process_failures.py::test_a_mail_that_the_rules_fail_on_is_a_case_for_people_at_the_third_try",),
    ),
    Mutation(
        LOST,
        "a mail over the limit is passed over",
        "maildesk/desk/intake.py",
        "        for uid, sized in still_there.items():\n",
        "        for uid, sized in list(still_there.items())[:0]:\n",
        ("desk/test_intake.py::test_a_mail_over_the_limit_is_a_case_with_its_words_and_the_sender_is_told",),
    ),
    Mutation(
        LOST,
        "a letter that was claimed by a daemon that died is not sent by the next one",
        "maildesk/desk/dispatch.py",
        "        if self._is_sole:\n",
        "        if False:\n",
        ("faults/test_places.py::test_killed_at_any_place_it_goes_on_where_it_was[after the claim]",),
    ),
    Mutation(
        TWICE,
        "the database takes one mail of the server twice (the unique index on mailbox, UIDVALIDITY and UID)",
        _TABLES,
        ',\n    CONSTRAINT "uid_inbox_mailbox_565c7a" UNIQUE ("mailbox", "uidvalidity", "uid")',
        "",
        ("store/test_inbox.py::test_one_mail_is_kept_once_and_the_first_octets_stay",),
    ),
    Mutation(
        TWICE,
        "the database takes one message twice (the unique index on its digest)",
        _TABLES,
        ',\n    CONSTRAINT "uid_message_digest_813dd2" UNIQUE ("digest", "desk")',
        "",
        ("store/test_inbox.py::test_the_same_mail_by_another_way_is_refused_and_recorded_as_a_copy",),
    ),
    Mutation(
        TWICE,
        "the database takes one Message-ID for two letters (the unique index of the outbox)",
        _TABLES,
        '    "message_id" TEXT NOT NULL UNIQUE,\n',
        '    "message_id" TEXT NOT NULL,\n',
        ("store/test_outbox.py::test_a_message_id_is_used_once",),
    ),
    Mutation(
        TWICE,
        "what became of a letter is written whoever has claimed it now",
        "maildesk/store/outbox.py",
        "        await _demand_claims(settlements)\n",
        "",
        (_OUTBOX + "test_a_letter_whose_lease_ended_is_claimed_again_and_the_late_settlement_finds_nothing",),
    ),
    Mutation(
        TWICE,
        "a claimed letter stays in the queue",
        "maildesk/store/outbox.py",
        '\'UPDATE "letter" SET "state" = \\\'sending\\\', ',
        '\'UPDATE "letter" SET "state" = \\\'queued\\\', ',
        ("store/test_outbox.py::test_two_claimers_at_once_never_get_the_same_letter",),
    ),
    Mutation(
        TWICE,
        "the bytes of a letter are made anew at each attempt",
        "maildesk/desk/dispatch.py",
        "letter.recipient, letter.octets, letter.message_id)",
        'letter.recipient, b"X-Attempt: %d\\r\\n%b" % (letter.attempt, letter.octets), letter.message_id)',
        ("desk/test_dispatch.py::test_an_answer_that_was_lost_repeats_the_letter_with_the_same_bytes",),
    ),
    Mutation(
        TWICE,
        "a digest leaves no once-key, and nobody asks for one",
        "maildesk/desk/timekeeper.py",
        "once=(key,)",
        "once=()",
        ("desk/test_timekeeper.py::test_a_restart_writes_no_second_digest",),
    ),
    Mutation(
        THEIRS,
        "the signature of a token is not compared",
        "maildesk/domain/tokens.py",
        "if key is None or not hmac.compare_digest(token[9:], _lower(_mac(key, use, ident))):",
        "if key is None:",
        (
            "domain/test_tokens.py::test_one_changed_character_makes_it_somebody_elses",
            "domain/test_tokens.py::test_a_token_for_one_use_does_not_pass_for_another",
        ),
    ),
    Mutation(
        THEIRS,
        "whoever has a reply address of staff commands, whatever the From",
        "maildesk/domain/staff.py",
        "    if not (message.sender and message.sender_is_from and "
        "sender.person.writes_from(message.sender.address)):\n",
        "    if not message.sender:\n",
        (
            "domain/test_staff.py::test_a_token_with_somebody_elses_from_is_challenged_at_the_registered_address",
            "domain/test_staff.py::test_a_token_with_a_reply_to_of_its_person_is_challenged",
            _HEARS + "test_a_stranger_with_a_staff_token_gets_no_answer_and_the_person_is_asked",
        ),
    ),
    Mutation(
        THEIRS,
        "what leaves the house needs no proof of the sender",
        "maildesk/domain/staff.py",
        "    if ran.has_applied and needs_strong(mail.lines) and not is_proved:\n",
        "    if ran.has_applied and needs_strong(mail.lines) and False:\n",
        (
            "domain/test_staff.py::test_what_leaves_the_house_needs_authenticity_or_a_challenge",
            "scenarios/test_who_hears_what.py::test_a_verdict_that_the_sender_wrote_proves_nothing",
        ),
    ),
    Mutation(
        THEIRS,
        "a reference in the subject leads to its case, whoever writes",
        "maildesk/domain/filing.py",
        "        if query.is_party(case):\n            return query.on(case, FilingReason.REFERENCE)\n",
        "        return query.on(case, FilingReason.REFERENCE)\n",
        (
            "domain/test_filing.py::test_a_stranger_with_a_key_that_anybody_can_copy_gets_a_new_case_that_refers",
            "domain/test_decide.py::test_a_guessed_reference_opens_a_new_case_and_tells_the_stranger_nothing",
            _HEARS + "test_a_reference_from_a_stranger_opens_a_case_of_its_own_and_tells_nothing",
        ),
    ),
    Mutation(
        THEIRS,
        "an id of a case's thread leads to the case, whoever writes",
        "maildesk/domain/filing.py",
        "        if query.is_party(case):\n            return query.on(case, FilingReason.PARTY_THREAD)\n",
        "        return query.on(case, FilingReason.PARTY_THREAD)\n",
        (
            "domain/test_filing.py::test_a_stranger_with_a_key_that_anybody_can_copy_gets_a_new_case_that_refers",
            _HEARS + "test_a_spouse_who_answers_the_complainants_own_mail_to_all_opens_a_case_that_refers",
        ),
    ),
    Mutation(
        THEIRS,
        "commands are read from quoted text",
        "maildesk/domain/staff.py",
        "    mail = parse(message.visible_text)\n",
        '    mail = parse(message.text.replace("> ", ""))\n',
        ("domain/test_staff.py::test_commands_in_quoted_text_are_never_read",),
    ),
    Mutation(
        THEIRS,
        "a note is no longer called NOT sent",
        "templates/en/transcript.txt.j2",
        "Kept as a private note, NOT sent.",
        "Kept.",
        ("scenarios/test_who_hears_what.py::test_words_without_a_command_stay_in_the_house_and_the_answer_says_so",),
    ),
    Mutation(
        EXPLAINED,
        "a case is moved on beside its history: the last event is applied and not written",
        "maildesk/domain/decision.py",
        "        return CaseChange(before, after, self.records(events))\n",
        "        return CaseChange(before, after, self.records(events[:-1]))\n",
        ("domain/test_decide.py::test_the_complainants_answer_takes_the_case_out_of_waiting",),
    ),
    Mutation(
        EXPLAINED,
        "the database takes events that do not lead to the case",
        "maildesk/store/commit.py",
        "    if seq + len(change.events) != change.after.seq:\n",
        "    if False:\n",
        ("store/test_cases.py::test_events_that_do_not_lead_to_the_snapshot_are_refused",),
    ),
    Mutation(
        EXPLAINED,
        "the hash of an event does not cover the one before it",
        "maildesk/store/history.py",
        '    return sha256(previous.encode("ascii") + canonical).hexdigest()\n',
        "    return sha256(canonical).hexdigest()\n",
        ("store/test_verify.py::test_a_missing_event_is_named",),
    ),
    Mutation(
        EXPLAINED,
        "the digest of an event's personal words does not cover them",
        "maildesk/store/history.py",
        "    octets = salt.encode() if isinstance(salt, str) else bytes(salt)",
        '    octets, content = b"", ""',
        ("store/test_verify.py::test_changed_words_are_named",),
    ),
    Mutation(
        EXPLAINED,
        "an event does not say which mail caused it",
        "maildesk/domain/decision.py",
        "Recorded(event, self.at, self.by, self.cause)",
        "Recorded(event, self.at, self.by, None)",
        ("scenarios/test_who_hears_what.py::test_every_event_of_a_case_says_who_caused_it_and_by_which_mail",),
    ),
    Mutation(
        PEOPLE,
        "a complaint is not acknowledged",
        "maildesk/domain/decide.py",
        "    receipt = None if silent else acknowledgement(case, received, policy, numbers)\n",
        "    receipt = None\n",
        ("domain/test_decide.py::test_a_complaint_becomes_a_case_with_an_acknowledgement_and_word_to_the_staff",),
    ),
    Mutation(
        PEOPLE,
        "letters speak the desk's language and not the complainant's",
        "maildesk/domain/opening.py",
        "language=policy.language_for(message.language)",
        'language=policy.language_for("")',
        ("domain/test_decide.py::test_the_case_speaks_the_mails_language_where_the_desk_does",),
    ),
    Mutation(
        PEOPLE,
        "the promised day ends where the clock of the server is, not where the desk is",
        "maildesk/domain/opening.py",
        "    zone = ZoneInfo(policy.zone)\n",
        '    zone = ZoneInfo("UTC")\n',
        ("domain/test_decide.py::test_the_due_date_is_the_end_of_the_fourteenth_day_where_the_desk_is",),
    ),
    Mutation(
        PEOPLE,
        "automatic letters do not say that they are (Auto-Submitted)",
        "maildesk/desk/letterbox.py",
        "auto_submitted=LETTERS[letter.kind].auto_submitted",
        'auto_submitted=""',
        (_BY_MAIL + "test_a_handler_runs_a_case_from_receipt_to_closing_with_a_mail_client",),
    ),
    Mutation(
        PEOPLE,
        "one address gets automatic letters without end",
        "maildesk/domain/opening.py",
        "    if letters_today >= policy.letters_per_address_per_day:\n",
        "    if False:\n",
        (
            _DECIDE + "test_the_sixth_complaint_of_a_day_from_one_address_opens_a_case_without_an_acknowledgement",
            "scenarios/test_who_hears_what.py::test_a_sixth_automatic_letter_in_a_day_is_not_sent_and_staff_are_told",
        ),
    ),
)
