-- Seals: snapshots of the house balances and a hash chain over everything before them.

-- One link after another, so that any number of rows is digested in constant memory.
CREATE OR REPLACE FUNCTION ledger_link(digest bytea, line text) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$ SELECT sha256(digest || convert_to(line, 'UTF8')) $$;

CREATE OR REPLACE AGGREGATE ledger_chain(line text) (
    SFUNC = ledger_link, STYPE = bytea, INITCOND = ''
);

-- What a seal covers, as a digest: the digest before it, its own row, its snapshots, and every
-- column of the transfers, entries and closures, and of the accounts and wallets as they were
-- opened, since the former seal. Settings that change how values are written are pinned. The first
-- seal starts at the lowest ids there can be, so that no row hides below those given out.
CREATE OR REPLACE FUNCTION ledger_digest(
    seal bigint, former wallets_seal, transfer_through bigint, account_through bigint,
    closure_through bigint, sealed_at timestamptz
) RETURNS TABLE (transfers bigint, entries bigint, accounts bigint, closures bigint, digest bytea)
LANGUAGE sql STABLE
SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET bytea_output = 'hex' SET enable_seqscan = off
AS $$
    WITH transfer AS (
        SELECT count(*) AS rows, ledger_chain(ROW(
            t.id, t.source_id, t.destination_id, t.amount, t.currency, t.kind, t.reference,
            t.coupon_id, t.effective_at, t.created_at, t.actor, t.reason, t.hold_id
        )::text ORDER BY t.id) AS chain
        FROM wallets_transfer t
        WHERE t.id > coalesce(former.transfer_through, -4611686018427387904) AND t.id <= $3
    ),
    entry AS (
        SELECT count(*) AS rows, ledger_chain(ROW(
            e.id, e.transfer_id, e.account_id, e.amount, e.balance_after, e.sequence, e.created_at
        )::text ORDER BY e.id) AS chain
        FROM wallets_entry e
        WHERE e.id > 2 * coalesce(former.transfer_through, -4611686018427387904)
            AND e.id <= 2 * $3
    ),
    account AS (
        SELECT count(*) AS rows, ledger_chain(ROW(
            a.id, a.address, a.wallet_id, a.kind, a.currency, a.created_at,
            w.id, w.currency, w.created_at
        )::text ORDER BY a.id) AS chain
        FROM wallets_account a LEFT JOIN wallets_wallet w ON w.id = a.wallet_id
        WHERE a.id > coalesce(former.account_through, -9223372036854775808)
            AND a.id <= $4
    ),
    closure AS (
        SELECT count(*) AS rows, ledger_chain(ROW(
            c.id, c.wallet_id, c.actor, c.reason, c.created_at
        )::text ORDER BY c.id) AS chain
        FROM wallets_closure c
        WHERE c.id > coalesce(former.closure_through, -9223372036854775808)
            AND c.id <= $5
    ),
    snapshot AS (
        SELECT ledger_chain(ROW(n.id, n.account_id, n.balance)::text ORDER BY n.id) AS chain
        FROM wallets_snapshot n WHERE n.seal_id = $1
    )
    SELECT transfer.rows, entry.rows, account.rows, closure.rows, sha256(
        coalesce(former.digest, '') || convert_to(ROW(
            $1, former.id, $3, $4, $5, transfer.rows, entry.rows, account.rows, closure.rows, $6,
            transfer.chain, entry.chain, account.chain, closure.chain, snapshot.chain
        )::text, 'UTF8')
    )
    FROM transfer, entry, account, closure, snapshot;
$$;

-- Ids commit out of order. Under this lock no posting is under way, so that whatever was given
-- an id up to these is there or never will be. The caller ends its transaction at once. Postings
-- write accounts before transfers, so the tables are locked in that order too.
CREATE OR REPLACE FUNCTION ledger_watermark(
    OUT transfer_through bigint, OUT account_through bigint, OUT closure_through bigint,
    OUT sealed_at timestamptz
)
LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE wallets_account, wallets_transfer, wallets_closure IN SHARE MODE;
    SELECT coalesce(max(id), 0) INTO transfer_through FROM wallets_transfer;
    SELECT coalesce(max(id), 0) INTO account_through FROM wallets_account;
    SELECT coalesce(max(id), 0) INTO closure_through FROM wallets_closure;
    sealed_at := clock_timestamp();
END
$$;

-- Seal up to a watermark. Answers the new seal, or nothing if there is nothing new or another
-- seal came first.
CREATE OR REPLACE FUNCTION ledger_seal(
    transfers_to bigint, accounts_to bigint, closures_to bigint, moment timestamptz
) RETURNS SETOF wallets_seal
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    former wallets_seal;
    new_id bigint;
BEGIN
    LOCK TABLE wallets_seal IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO former FROM wallets_seal ORDER BY id DESC LIMIT 1;
    IF former.id IS NOT NULL AND (
        former.transfer_through > transfers_to OR former.account_through > accounts_to
        OR former.closure_through > closures_to
        OR (former.transfer_through, former.account_through, former.closure_through)
            = (transfers_to, accounts_to, closures_to)
    ) THEN
        RETURN;
    END IF;
    new_id := nextval(pg_get_serial_sequence('wallets_seal', 'id'));

    INSERT INTO wallets_snapshot (seal_id, account_id, balance)
    SELECT new_id, moved.account_id, moved.amount + coalesce((
        SELECT n.balance FROM wallets_snapshot n
        WHERE n.account_id = moved.account_id ORDER BY n.seal_id DESC LIMIT 1
    ), 0)
    FROM (
        SELECT e.account_id, sum(e.amount) AS amount FROM wallets_entry e
        WHERE e.id > 2 * coalesce(former.transfer_through, 0) AND e.id <= 2 * transfers_to
            AND e.sequence IS NULL
        GROUP BY e.account_id ORDER BY e.account_id
    ) moved;

    RETURN QUERY
    INSERT INTO wallets_seal (
        id, previous_id, transfer_through, account_through, closure_through,
        transfers, entries, accounts, closures, digest, sealed_at
    )
    SELECT new_id, former.id, transfers_to, accounts_to, closures_to,
        d.transfers, d.entries, d.accounts, d.closures, d.digest, moment
    FROM ledger_digest(new_id, former, transfers_to, accounts_to, closures_to, moment) d
    RETURNING *;
END
$$;
