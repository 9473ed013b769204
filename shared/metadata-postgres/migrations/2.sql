CREATE TABLE "{prefix}logmill_entries" (
    kind      text COLLATE "C" NOT NULL,
    name      text COLLATE "C" NOT NULL,
    revision  bigint NOT NULL CHECK (revision > 0),
    value     json NOT NULL,
    PRIMARY KEY (kind, name)
);
COMMENT ON COLUMN "{prefix}logmill_entries".revision IS
    'Grows by one with each change; an entry is written only over the revision that it was made from.';
