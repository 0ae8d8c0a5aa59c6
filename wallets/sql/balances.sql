-- Balances that are derived from entries.

-- The balance of a wallet account after its last entry at or before a moment. Sequences have no
-- gap and the entries' times never run backwards within an account, so halving the range finds
-- it in a handful of look-ups, however long the history is.
CREATE OR REPLACE FUNCTION ledger_balance_at(account bigint, moment timestamptz) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := coalesce((SELECT sequence FROM wallets_account WHERE id = account), 0);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT created_at FROM wallets_entry
            WHERE account_id = account AND sequence = middle) <= moment
        THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN coalesce(
        (SELECT balance_after FROM wallets_entry WHERE account_id = account AND sequence = low), 0
    );
END
$$;

-- The sequence of a wallet account's last entry before an id. Both grow together, so that this too
-- takes a handful of look-ups, and a page deep in a statement costs what the first one does.
CREATE OR REPLACE FUNCTION ledger_sequence_before(account bigint, entry bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := coalesce((SELECT sequence FROM wallets_account WHERE id = account), 0);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT id FROM wallets_entry
            WHERE account_id = account AND sequence = middle) < entry
        THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END
$$;

-- The entries of an account before an id, newest first. Wallet and house accounts' entries are in
-- an index each.
CREATE OR REPLACE FUNCTION ledger_entries_before(account wallets_account, entry bigint, size int)
RETURNS SETOF wallets_entry
LANGUAGE plpgsql STABLE ROWS 50 AS $$
BEGIN
    IF account.kind = 'house' THEN
        RETURN QUERY SELECT * FROM wallets_entry
            WHERE account_id = account.id AND sequence IS NULL AND id < entry
            ORDER BY id DESC LIMIT size;
    ELSE
        RETURN QUERY SELECT * FROM wallets_entry
            WHERE account_id = account.id
                AND sequence <= ledger_sequence_before(account.id, entry)
            ORDER BY sequence DESC LIMIT size;
    END IF;
END
$$;

-- The balance of a house account: its last snapshot, and the entries after that seal.
CREATE OR REPLACE FUNCTION ledger_house_balance(account bigint) RETURNS numeric
LANGUAGE sql STABLE AS $$
    WITH sealed AS (
        SELECT n.balance, 2 * s.transfer_through AS through
        FROM wallets_snapshot n JOIN wallets_seal s ON s.id = n.seal_id
        WHERE n.account_id = account ORDER BY n.seal_id DESC LIMIT 1
    )
    SELECT coalesce((SELECT balance FROM sealed), 0) + coalesce(sum(e.amount), 0)
    FROM wallets_entry e
    WHERE e.account_id = account AND e.sequence IS NULL
        AND e.id > coalesce((SELECT through FROM sealed), 0);
$$;

-- The same for a past moment. What a seal covers was made before it, and what it does not cover
-- after it, because it is taken while no posting is under way.
CREATE OR REPLACE FUNCTION ledger_house_balance_at(account bigint, moment timestamptz)
RETURNS numeric
LANGUAGE sql STABLE AS $$
    WITH sealed AS (
        SELECT n.balance, 2 * s.transfer_through AS through
        FROM wallets_snapshot n JOIN wallets_seal s ON s.id = n.seal_id
        WHERE n.account_id = account AND s.sealed_at <= moment
        ORDER BY n.seal_id DESC LIMIT 1
    ),
    following AS (
        SELECT 2 * transfer_through AS through FROM wallets_seal
        WHERE sealed_at > moment ORDER BY id LIMIT 1
    )
    SELECT coalesce((SELECT balance FROM sealed), 0) + coalesce(sum(e.amount), 0)
    FROM wallets_entry e
    WHERE e.account_id = account AND e.sequence IS NULL
        AND e.id > coalesce((SELECT through FROM sealed), 0)
        AND e.id <= coalesce((SELECT through FROM following), 9223372036854775807)
        AND e.created_at <= moment;
$$;

-- Transfers as people read them.
CREATE OR REPLACE VIEW ledger_transfers AS
    SELECT t.id, t.created_at, t.effective_at, t.kind,
        source.address AS source, destination.address AS destination, t.amount, t.currency,
        taken.balance_after AS source_after, given.balance_after AS destination_after,
        t.reference, coalesce(hold.reference, '') AS hold, t.coupon_id, t.actor, t.reason
    FROM wallets_transfer t
    JOIN wallets_account source ON source.id = t.source_id
    JOIN wallets_account destination ON destination.id = t.destination_id
    JOIN wallets_entry taken ON taken.id = 2 * t.id - 1
    JOIN wallets_entry given ON given.id = 2 * t.id
    LEFT JOIN wallets_transfer hold ON hold.id = t.hold_id;
