-- Events that happened here and are yet to be told; written in the transaction of what happened.
create table outbox (
    id bigint generated always as identity primary key,
    event_id uuid not null unique,
    type text not null,
    subject text not null,
    body bytea not null,
    added_at timestamptz not null default now(),
    sent_at timestamptz
);
create index outbox_pending on outbox (id) where sent_at is null;
create index outbox_sent on outbox (sent_at) where sent_at is not null;

-- Events whose effect stands; written in the transaction of the effect.
create table inbox (
    consumer text not null,
    event_id uuid not null,
    seen_at timestamptz not null default now(),
    primary key (consumer, event_id)
);
