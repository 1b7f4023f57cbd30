-- Orders as they stand. `version` grows with every change: who writes over another's change is refused.
create table orders (
    order_id uuid primary key,
    customer_id text not null,
    email text not null,
    lines jsonb not null,
    payment_token text not null,
    placed_at timestamptz not null,
    deadline timestamptz not null,
    updated_at timestamptz not null,
    status text not null check (status in ('pending', 'reserved', 'confirmed', 'cancelled')),
    paid boolean not null,
    reason text,
    version integer not null,
    check ((status = 'cancelled') = (reason is not null))
);
create index orders_open on orders (deadline) where status in ('pending', 'reserved');

-- A customer's key, the request it came with, and the order that answers it from then on.
create table idempotency_keys (
    customer_id text not null,
    key text not null,
    fingerprint text not null,
    order_id uuid not null references orders deferrable initially deferred,
    created_at timestamptz not null default now(),
    primary key (customer_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);
