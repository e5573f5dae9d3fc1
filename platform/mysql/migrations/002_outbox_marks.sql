-- A mark that changes the length of its row makes the server write the row, and often its page,
-- anew. So what a mark writes has the same length before and after; published_at stays for readers,
-- and NULL in it means not yet. The index has a place for every row that only its mark moves.
ALTER TABLE outbox
  ADD COLUMN is_published TINYINT NOT NULL DEFAULT 0,
  ADD COLUMN published_ms BIGINT NOT NULL DEFAULT 0;
UPDATE outbox SET is_published = 1, published_ms = published_at WHERE published_at IS NOT NULL;
ALTER TABLE outbox
  DROP KEY outbox_by_publication,
  DROP COLUMN published_at,
  ADD COLUMN published_at BIGINT GENERATED ALWAYS AS (NULLIF(published_ms, 0)) VIRTUAL,
  ADD KEY outbox_by_publication (is_published),
  ALGORITHM = COPY;
