-- {prefix} is the setting LOGMILL_TABLE_PREFIX. Text compares by its bytes, whatever the database's
-- locale is, so that lists and pages have one order everywhere.

CREATE TABLE "{prefix}deployment_metadata" (
    id                bigint GENERATED ALWAYS AS IDENTITY,
    deployment_key    text COLLATE "C" PRIMARY KEY,
    s3_path           text COLLATE "C",
    status            text COLLATE "C" NOT NULL
                      CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    status_since      timestamptz NOT NULL,
    created_at        timestamptz,
    seen_at           timestamptz NOT NULL,
    processed_at      timestamptz,
    application_name  text COLLATE "C",
    deployment_type   text COLLATE "C",
    source            text COLLATE "C",
    run               text COLLATE "C",
    "commit"          text COLLATE "C",
    branch            text COLLATE "C",
    actor             text COLLATE "C",
    objects_expected  bigint,
    result            text COLLATE "C",
    error             text COLLATE "C",
    error_part        text COLLATE "C",
    tally             jsonb NOT NULL,
    revision          bigint NOT NULL CHECK (revision > 0),
    change_id         bigint NOT NULL,
    place             text COLLATE "C" NOT NULL
);
COMMENT ON COLUMN "{prefix}deployment_metadata".revision IS
    'Grows by one with each change; a change is written only over the revision that it was made from.';
COMMENT ON COLUMN "{prefix}deployment_metadata".change_id IS
    'Names the change that wrote the row, so that one whose answer was lost is known again.';
COMMENT ON COLUMN "{prefix}deployment_metadata".place IS
    'The place in lists: created_at, else seen_at, to the millisecond, then # and the key.';
CREATE INDEX "{prefix}deployments_by_place" ON "{prefix}deployment_metadata" (place);
CREATE INDEX "{prefix}deployments_by_status" ON "{prefix}deployment_metadata" (status, place);
-- A name may be longer than an entry of an index.
CREATE INDEX "{prefix}deployments_by_app" ON "{prefix}deployment_metadata"
    (left(application_name, 250), place) WHERE application_name IS NOT NULL;

CREATE TABLE "{prefix}deployment_objects" (
    deployment_key  text COLLATE "C" NOT NULL,
    part_key        text COLLATE "C" NOT NULL,
    part            text COLLATE "C" NOT NULL,
    object_key      text COLLATE "C" NOT NULL,
    status          text COLLATE "C" NOT NULL
                    CHECK (status IN ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED')),
    etag            text COLLATE "C" NOT NULL,
    sequencer       text COLLATE "C",
    last_modified   timestamptz NOT NULL,
    lease_owner     text COLLATE "C",
    lease_until     timestamptz,
    attempts        bigint NOT NULL,
    continuations   bigint NOT NULL,
    replays         bigint NOT NULL,
    result          text COLLATE "C",
    error           text COLLATE "C",
    ended_by        text COLLATE "C",
    bytes_read      bigint,
    bytes           bigint,
    status_since    timestamptz NOT NULL,
    revision        bigint NOT NULL CHECK (revision > 0),
    change_id       bigint NOT NULL,
    PRIMARY KEY (deployment_key, part_key),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL))
);
COMMENT ON COLUMN "{prefix}deployment_objects".part_key IS
    'The part; where it is too long for a key, its beginning and its hash.';

CREATE TABLE "{prefix}deployment_summaries" (
    deployment_key  text COLLATE "C" NOT NULL,
    part_key        text COLLATE "C" NOT NULL,
    generation      text COLLATE "C" NOT NULL,
    bytes           bytea NOT NULL,
    expires_at      timestamptz,
    PRIMARY KEY (deployment_key, part_key)
);

CREATE TABLE "{prefix}deployment_checkpoints" (
    deployment_key  text COLLATE "C" NOT NULL,
    part_key        text COLLATE "C" NOT NULL,
    generation      text COLLATE "C" NOT NULL,
    bytes           bytea NOT NULL,
    expires_at      timestamptz,
    PRIMARY KEY (deployment_key, part_key)
);
-- They are packed already.
ALTER TABLE "{prefix}deployment_checkpoints" ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX "{prefix}checkpoints_by_expiry" ON "{prefix}deployment_checkpoints" (expires_at);
