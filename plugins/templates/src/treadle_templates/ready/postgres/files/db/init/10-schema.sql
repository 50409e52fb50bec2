-- Run once, when the database is made.
CREATE TABLE IF NOT EXISTS greeting (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    said_at timestamptz NOT NULL DEFAULT now()
);
