"""What keeps a mail from being lost and a letter from being sent twice."""

from faults.mutation import LOST, TWICE, Mutation

_OUTBOX = "store/test_outbox.py::"
_TABLES = "maildesk/store/migrations/0001_tables.sqlite.sql"

OF_MAIL: tuple[Mutation, ...] = (
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
        "await outbox.reclaim(self._policy.name, self._clock.now())",
        "pass",
        ("faults/test_places.py::test_killed_at_any_place_it_goes_on_where_it_was[after the claim]",),
    ),
    Mutation(
        LOST,
        "the database waits for the disk at its checkpoints only (synchronous=NORMAL)",
        "maildesk/store/connection.py",
        '"synchronous": "FULL"',
        '"synchronous": "NORMAL"',
        ("faults/test_power.py::test_a_cut_of_power_at_random_moments_loses_no_mail_and_says_nothing_twice",),
    ),
    Mutation(
        LOST,
        "a mail that fails for the third time gets no case of its own",
        "maildesk/desk/process.py",
        "        if why and mail.kept.attempts >= MOST_ATTEMPTS:\n",
        "        if False:\n",
        ("desk/test_process_failures.py::test_a_mail_that_the_rules_fail_on_is_a_case_for_people_at_the_third_try",),
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
)
