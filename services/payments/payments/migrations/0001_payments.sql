-- What is known of each order's charge; the provider alone moves money.
create table charges (
    order_id uuid primary key,
    state text not null check (state in ('pending', 'charged', 'declined', 'reversing', 'refunded', 'voided')),
    amount bigint check (amount >= 0),
    currency text,
    charge_id uuid unique,
    reason text not null,
    changed_at timestamptz not null default now(),
    check ((amount is null) = (currency is null))
);
create index charges_unanswered on charges (changed_at) where state in ('pending', 'reversing');
