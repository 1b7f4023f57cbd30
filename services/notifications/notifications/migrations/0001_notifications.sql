-- Who is to be told of an order; a refund's event does not say.
create table recipients (
    order_id uuid primary key,
    recipient text not null
);

-- Each mail once. While one sends it, `claimed_until` keeps others off; who dies leaves it to end.
create table mails (
    order_id uuid not null,
    kind text not null,
    delivery text not null check (delivery in ('pending', 'sent', 'refused')),
    claimed_until timestamptz not null,
    message_id text,
    changed_at timestamptz not null default now(),
    primary key (order_id, kind)
);
