-- What was sent a moment ago is asked for by every replay that begins.
CREATE INDEX dispositions_ended ON dispositions (ended_at);
