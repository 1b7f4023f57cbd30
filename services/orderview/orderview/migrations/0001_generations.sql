-- The view exists in generations: tables orders_N and history_N. One answers (live), one may be in the making, and the one
-- before stays until the next is begun, so that who reads it is not cut off.
create table generations (
    number integer generated always as identity primary key,
    state text not null check (state in ('building', 'live', 'old')),
    began_at timestamptz not null default now(),
    beat_at timestamptz not null default now(),
    live_at timestamptz
);
create unique index generations_one_each on generations (state) where state in ('building', 'live');

-- The shape of a generation's tables; they stay empty.
create table orders_shape (
    order_id uuid primary key,
    customer_id text,
    placed_at timestamptz,
    updated_at timestamptz not null,
    status text not null,
    reason text,
    payment text not null,
    lines jsonb not null,
    total_amount bigint,
    total_currency text,
    mails text[] not null
);
create index on orders_shape (customer_id, placed_at desc, order_id desc) where placed_at is not null;

create table history_shape (
    event_id uuid primary key,
    order_id uuid not null,
    type text not null,
    time timestamptz not null,
    detail jsonb not null
);
create index on history_shape (order_id, time);

insert into generations (state, live_at) values ('live', now());
create table orders_1 (like orders_shape including all);
create table history_1 (like history_shape including all);
