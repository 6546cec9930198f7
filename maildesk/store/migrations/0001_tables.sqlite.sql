CREATE TABLE "anchor" (
    "day" TEXT NOT NULL PRIMARY KEY,
    "at" TIMESTAMP NOT NULL,
    "hash" TEXT NOT NULL UNIQUE,
    "previous" TEXT NOT NULL
);
CREATE TABLE "anchor_head" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "case_id" BIGINT NOT NULL,
    "seq" INT NOT NULL,
    "hash" TEXT NOT NULL,
    "anchor_id" TEXT NOT NULL REFERENCES "anchor" ("day") ON DELETE RESTRICT,
    CONSTRAINT "uid_anchor_head_anchor__888e21" UNIQUE ("anchor_id", "case_id")
);
CREATE INDEX "anchor_head_case" ON "anchor_head" ("case_id", "seq");
CREATE TABLE "case_file" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "reference" TEXT NOT NULL UNIQUE,
    "desk" TEXT NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "seq" INT NOT NULL,
    "head" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "closed_at" TIMESTAMP,
    "channel" TEXT NOT NULL,
    "language" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "what_happened" TEXT NOT NULL,
    "happened_on" TEXT NOT NULL,
    "due_at" TIMESTAMP,
    "parties" TEXT NOT NULL,
    "milestones" TEXT NOT NULL,
    "owner" TEXT,
    "severity" TEXT NOT NULL,
    "safety" TEXT NOT NULL,
    "complexity" TEXT NOT NULL,
    "impact" TEXT NOT NULL,
    "immediate_action" TEXT NOT NULL,
    "product" TEXT NOT NULL,
    "branch" TEXT NOT NULL,
    "category" TEXT NOT NULL,
    "remedy_sought" TEXT NOT NULL,
    "people_complained_about" TEXT NOT NULL,
    "root_cause" TEXT NOT NULL,
    "remedies" TEXT NOT NULL,
    "outcome" TEXT,
    "reasons" TEXT NOT NULL,
    "vulnerability" TEXT NOT NULL,
    "vulnerability_driver" TEXT NOT NULL,
    "confidential" INT NOT NULL,
    "legal_hold" INT NOT NULL,
    "repeat_of_id" INTEGER REFERENCES "case_file" ("id") ON DELETE RESTRICT
);
CREATE INDEX "case_of_desk" ON "case_file" ("status", "desk");
CREATE INDEX "case_of_owner" ON "case_file" ("owner", "status");
CREATE INDEX "case_received" ON "case_file" ("received_at");
CREATE INDEX "case_closed" ON "case_file" ("closed_at");
CREATE TABLE "counter" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "next" BIGINT NOT NULL
);
CREATE TABLE "event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "seq" INT NOT NULL,
    "kind" TEXT NOT NULL,
    "version" INT NOT NULL,
    "at" TIMESTAMP NOT NULL,
    "caused_by" TEXT NOT NULL,
    "cause" BIGINT,
    "facts" TEXT NOT NULL,
    "content" TEXT,
    "salt" BLOB,
    "content_digest" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "case_id" INTEGER NOT NULL REFERENCES "case_file" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_event_case_id_f523f0" UNIQUE ("case_id", "seq")
);
CREATE TABLE "inbox" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "mailbox" TEXT NOT NULL,
    "uidvalidity" BIGINT NOT NULL,
    "uid" BIGINT NOT NULL,
    "size" BIGINT NOT NULL,
    "internaldate" TIMESTAMP NOT NULL,
    "is_partial" INT NOT NULL,
    "sha256" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "is_moved" INT NOT NULL,
    "attempts" INT NOT NULL,
    "error" TEXT NOT NULL,
    CONSTRAINT "uid_inbox_mailbox_565c7a" UNIQUE ("mailbox", "uidvalidity", "uid")
);
CREATE INDEX "inbox_waiting" ON "inbox" ("state", "mailbox", "id");
CREATE INDEX "inbox_unmoved" ON "inbox" ("is_moved", "mailbox", "uidvalidity", "uid");
CREATE TABLE "mailbox" (
    "name" TEXT NOT NULL PRIMARY KEY,
    "uidvalidity" BIGINT NOT NULL,
    "started_at" TIMESTAMP NOT NULL,
    "high_uid" BIGINT NOT NULL,
    "changed_at" TIMESTAMP,
    "changed_from" BIGINT,
    "anew_below" BIGINT NOT NULL
);
CREATE TABLE "message" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "desk" TEXT NOT NULL,
    "message_id" TEXT,
    "sender" TEXT,
    "text_digest" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "rule" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "disposition" TEXT NOT NULL,
    "standing" TEXT NOT NULL,
    "shelf_reason" TEXT NOT NULL,
    "received_at" TIMESTAMP NOT NULL,
    "content" TEXT NOT NULL,
    "case_id" INTEGER REFERENCES "case_file" ("id") ON DELETE RESTRICT,
    "inbox_id" INTEGER NOT NULL UNIQUE REFERENCES "inbox" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_message_digest_813dd2" UNIQUE ("digest", "desk")
);
CREATE INDEX "idx_message_message_4b7652" ON "message" ("message_id");
CREATE INDEX "idx_message_case_id_313d4f" ON "message" ("case_id");
CREATE INDEX "message_sender" ON "message" ("sender", "received_at");
CREATE INDEX "message_disposition" ON "message" ("disposition", "desk");
CREATE TABLE "copy" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "at" TIMESTAMP NOT NULL,
    "message_id" INTEGER NOT NULL REFERENCES "message" ("id") ON DELETE RESTRICT,
    "inbox_id" INTEGER NOT NULL UNIQUE REFERENCES "inbox" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_copy_message_06714a" ON "copy" ("message_id");
CREATE TABLE "once" (
    "key" TEXT NOT NULL PRIMARY KEY,
    "at" TIMESTAMP NOT NULL
);
CREATE TABLE "party" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "address" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "case_id" INTEGER NOT NULL REFERENCES "case_file" ("id") ON DELETE RESTRICT,
    CONSTRAINT "uid_party_case_id_db361d" UNIQUE ("case_id", "address")
);
CREATE INDEX "idx_party_address_721a53" ON "party" ("address");
CREATE TABLE "raw_mail" (
    "octets" BLOB NOT NULL,
    "id" INTEGER NOT NULL PRIMARY KEY REFERENCES "inbox" ("id") ON DELETE RESTRICT
);
CREATE TABLE "reply_address" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "desk" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "expires_at" TIMESTAMP NOT NULL,
    "is_spent" INT NOT NULL,
    "about_id" INTEGER REFERENCES "message" ("id") ON DELETE RESTRICT,
    "case_id" INTEGER REFERENCES "case_file" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_reply_addre_case_id_a25018" ON "reply_address" ("case_id");
CREATE TABLE "letter" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "desk" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "recipient" TEXT NOT NULL,
    "person" TEXT NOT NULL,
    "message_id" TEXT NOT NULL UNIQUE,
    "language" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "rank" INT NOT NULL,
    "attempts" INT NOT NULL,
    "next_at" TIMESTAMP NOT NULL,
    "lease_until" TIMESTAMP,
    "claimed_by" TEXT NOT NULL,
    "release_at" TIMESTAMP,
    "hold_seconds" INT NOT NULL,
    "due_at" TIMESTAMP,
    "code" INT,
    "answer" TEXT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "accepted_at" TIMESTAMP,
    "bounced_at" TIMESTAMP,
    "is_capped" INT NOT NULL,
    "address_id" INTEGER REFERENCES "reply_address" ("id") ON DELETE RESTRICT,
    "awaits_id" INTEGER REFERENCES "letter" ("id") ON DELETE RESTRICT,
    "case_id" INTEGER REFERENCES "case_file" ("id") ON DELETE RESTRICT
);
CREATE INDEX "idx_letter_awaits__199355" ON "letter" ("awaits_id");
CREATE INDEX "idx_letter_case_id_ad7f33" ON "letter" ("case_id");
CREATE INDEX "letter_queue" ON "letter" ("state", "desk", "rank", "id", "next_at");
CREATE INDEX "letter_recipient" ON "letter" ("recipient", "created_at");
CREATE TABLE "letter_body" (
    "octets" BLOB,
    "inputs" TEXT,
    "id" INTEGER NOT NULL PRIMARY KEY REFERENCES "letter" ("id") ON DELETE RESTRICT
);
