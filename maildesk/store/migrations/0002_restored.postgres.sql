ALTER TABLE "mailbox" ADD COLUMN "restored_from" TIMESTAMPTZ;
