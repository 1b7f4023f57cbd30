-- Pieces of a SKU by state. Who writes states the version read; the checks hold what the domain holds, should it err.
create table levels (
    sku text primary key,
    available bigint not null check (available >= 0),
    reserved bigint not null check (reserved >= 0),
    sold bigint not null check (sold >= 0),
    version bigint not null
);

-- What an order holds or held; `cancelled` is the tombstone of one that was cancelled before it came.
create table reservations (
    order_id uuid primary key,
    state text not null check (state in ('reserved', 'rejected', 'committed', 'released', 'cancelled')),
    lines jsonb not null,
    changed_at timestamptz not null default now()
);
