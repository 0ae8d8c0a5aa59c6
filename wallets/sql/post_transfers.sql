-- How money moves: SELECT * FROM post_transfers('[{"source": …}, …]'). All rules are here. One
-- ordinary transfer takes the short way of `post_transfer.sql`, which leaves the rest to this one.
--
-- It takes an array of transfers and answers with one row for each, in their order, or with a
-- single row whose `outcome` is the reason of the refusal; then nothing was written. It runs in
-- the caller's transaction and raises nothing that a caller could have foreseen.
--
-- Order of work: lock the wallet accounts by id, look up the references, judge what is left,
-- write. An `owed` account is touched only under the lock of its `available` account, so that
-- collecting needs a lock on it only where there is a debt. House accounts are never locked and
-- never updated: their balances are derived from the entries.

DROP FUNCTION IF EXISTS post_transfers(jsonb);
DROP TYPE IF EXISTS ledger_request;
DROP TYPE IF EXISTS ledger_posted;

CREATE TYPE ledger_request AS (
    position int,             -- 1 for the first of the array
    source text,              -- an account's address
    destination text,
    amount numeric,
    currency text,
    kind text,
    reference text,
    coupon_id uuid,
    effective_at timestamptz,
    actor text,
    reason text,
    resolves text,            -- the reference of the hold whose outcome this is
    overflow boolean,         -- what `source` lacks is taken from its wallet's `owed`
    collect boolean           -- what `destination` receives pays its wallet's debt
);

CREATE TYPE ledger_posted AS (
    position int,
    outcome text,             -- posted, repeated, or the code of the refusal
    reference text,
    transfer_id bigint,
    created_at timestamptz,
    available_after numeric,
    owed_part numeric         -- what came from `owed`, or was collected
);

-- The account of an address, or the house account that a posting may open there.
CREATE OR REPLACE FUNCTION ledger_account(sought text)
RETURNS TABLE (id bigint, wallet_id uuid, kind text, currency text, status text)
LANGUAGE sql STABLE ROWS 1 AS $$
    SELECT id, wallet_id, kind, currency, status FROM wallets_account WHERE address = sought
    UNION ALL
    SELECT NULL, NULL, 'house', right(sought, 3), 'open'
    WHERE sought ~ ('^house/[^/]+/(stakes|payouts|deposits|withdrawals|adjustments'
                    '|excise|withholding|write_offs)/[A-Z]{3}$')
        AND NOT EXISTS (SELECT FROM wallets_account WHERE address = sought);
$$;

-- Plans are kept for as long as a session lives. One that was made while the tables were small
-- would read them whole for ever, hence no sequential scans. And one that was made for arrays of
-- any length would compare every transfer of a long one with every other, hence a plan of its own
-- for each long array.
CREATE FUNCTION post_transfers(requests jsonb) RETURNS SETOF ledger_posted
LANGUAGE plpgsql SET enable_seqscan = off SET plan_cache_mode = auto AS $$
#variable_conflict use_column
DECLARE
    too_large CONSTANT numeric := 10000000000000000;
    items ledger_request[];   -- what was asked for
    fresh ledger_request[];   -- those of them that were not posted before
    parts ledger_request[];   -- the same, split into what `available` and `owed` take
    refused ledger_posted;
    new_ids bigint[];
    moment timestamptz;
    attempt int := 0;
BEGIN
    IF jsonb_array_length(requests) > 50 THEN
        PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);
    END IF;
    SELECT array_agg(
        jsonb_populate_record(
            ROW(position, '', '', NULL, '', '', '', NULL, NULL, '', '', '', false, false)
                ::ledger_request,
            element
        ) ORDER BY position
    )
    INTO items
    FROM jsonb_array_elements(requests) WITH ORDINALITY AS element_of (element, position);

    -- Lock what is named, and `available` wherever `owed` is.
    PERFORM FROM wallets_account
    WHERE kind <> 'house' AND address IN (
        SELECT unnest(ARRAY[
            i.source, i.destination,
            replace(i.source, '/owed', '/available'), replace(i.destination, '/owed', '/available')
        ])
        FROM unnest(items) i
    )
    ORDER BY id FOR NO KEY UPDATE;

    -- Then `owed` wherever an overflow may add to it or a collection may take from it.
    PERFORM FROM wallets_account
    WHERE kind = 'owed' AND (
        address IN (
            SELECT replace(i.source, '/available', '/owed') FROM unnest(items) i WHERE i.overflow
        )
        OR balance < 0 AND address IN (
            SELECT replace(i.destination, '/available', '/owed') FROM unnest(items) i
            WHERE i.collect
        )
    )
    ORDER BY id FOR NO KEY UPDATE;

    -- A reference that meanwhile is taken by a posting on other accounts makes the writing fail;
    -- then everything is judged again.
    LOOP
        attempt := attempt + 1;

        -- Which references are known, from the table or from earlier in this array?
        -- What is known with the same content is a repeat, whatever the funds are by now.
        WITH asked AS (
            SELECT i AS item, i.*,
                first_value(i) OVER (PARTITION BY i.reference ORDER BY i.position) AS earliest
            FROM unnest(items) i
        ),
        judged AS (
            SELECT i.item, i.position, i.reference,
                CASE
                    WHEN (i.earliest).position < i.position THEN
                        CASE
                            WHEN ROW((i.earliest).source, (i.earliest).destination,
                                     (i.earliest).amount, (i.earliest).currency,
                                     (i.earliest).kind, (i.earliest).coupon_id,
                                     (i.earliest).resolves)
                                IS NOT DISTINCT FROM
                                ROW(i.source, i.destination, i.amount, i.currency,
                                    i.kind, i.coupon_id, i.resolves)
                            THEN 'repeated' ELSE 'reference_conflict'
                        END
                    WHEN t.id IS NOT NULL THEN
                        CASE
                            WHEN ROW(td.address, t.amount + coalesce(rest.amount, 0), t.currency,
                                     t.kind, t.coupon_id, coalesce(th.reference, ''))
                                IS NOT DISTINCT FROM
                                ROW(i.destination, i.amount, i.currency,
                                    i.kind, i.coupon_id, i.resolves)
                                AND (ts.address = i.source OR i.overflow
                                     AND ts.address = replace(i.source, '/available', '/owed'))
                            THEN 'repeated' ELSE 'reference_conflict'
                        END
                    WHEN i.reference = '' OR i.reference LIKE '%#owed'
                        OR i.reference LIKE '%#collected' THEN 'invalid_reference'
                    WHEN (i.amount > 0 AND i.amount < too_large) IS NOT TRUE THEN 'invalid_amount'
                    WHEN i.amount <> trunc(i.amount, 4) THEN 'excess_decimals'
                    WHEN i.source = i.destination THEN 'same_account'
                END AS outcome
            FROM asked i
            LEFT JOIN wallets_transfer t ON t.reference = i.reference
            LEFT JOIN wallets_transfer rest ON rest.reference = t.reference || '#owed'
            LEFT JOIN wallets_transfer th ON th.id = t.hold_id
            LEFT JOIN wallets_account ts ON ts.id = t.source_id
            LEFT JOIN wallets_account td ON td.id = t.destination_id
        )
        SELECT array_agg(j.item ORDER BY j.position) FILTER (WHERE j.outcome IS NULL),
            (array_agg(j.outcome ORDER BY j.position) FILTER (WHERE j.outcome <> 'repeated'))[1],
            (array_agg(j.reference ORDER BY j.position) FILTER (WHERE j.outcome <> 'repeated'))[1]
        INTO fresh, refused.outcome, refused.reference
        FROM judged j;
        EXIT WHEN refused.outcome IS NOT NULL OR fresh IS NULL;

        -- Do the accounts and the holds allow what is left? A house account that is not there
        -- yet will be opened; its address says its currency.
        SELECT j.outcome, j.reference INTO refused.outcome, refused.reference
        FROM (
            SELECT i.position, i.reference,
                CASE
                    WHEN sa.kind IS NULL OR da.kind IS NULL THEN 'unknown_account'
                    WHEN sa.currency <> i.currency OR da.currency <> i.currency
                        THEN 'wrong_currency'
                    WHEN sa.status <> 'open' OR da.status <> 'open' THEN 'account_closed'
                    WHEN (i.kind = 'hold') <> (da.kind = 'held')
                        OR i.kind = 'hold' AND (sa.kind <> 'available'
                            OR sa.wallet_id IS DISTINCT FROM da.wallet_id)
                        OR i.overflow AND sa.kind <> 'available'
                        OR i.collect AND da.kind <> 'available' THEN 'wrong_account'
                    WHEN sa.kind <> 'held' AND i.resolves = '' THEN NULL
                    WHEN h.id IS NOT NULL AND h.destination_id = sa.id AND h.amount = i.amount
                        AND h.kind = 'hold'
                    THEN CASE
                        WHEN o.id IS NOT NULL OR i.turn > 1 THEN 'hold_already_resolved'
                    END
                    WHEN e.position < i.position AND e.destination = i.source
                        AND e.amount = i.amount AND e.kind = 'hold'
                    THEN CASE WHEN i.turn > 1 THEN 'hold_already_resolved' END
                    ELSE 'unknown_hold'
                END AS outcome
            FROM (
                SELECT f.*, row_number() OVER (
                    PARTITION BY nullif(f.resolves, '') ORDER BY f.position
                ) AS turn
                FROM unnest(fresh) f
            ) i
            LEFT JOIN LATERAL ledger_account(i.source) sa ON true
            LEFT JOIN LATERAL ledger_account(i.destination) da ON true
            LEFT JOIN wallets_transfer h ON h.reference = nullif(i.resolves, '')
            LEFT JOIN wallets_transfer o ON o.hold_id = h.id
            LEFT JOIN unnest(fresh) e ON e.reference = nullif(i.resolves, '')
        ) j
        WHERE j.outcome IS NOT NULL ORDER BY j.position LIMIT 1;
        EXIT WHEN refused.outcome IS NOT NULL;

        -- Split what overflows or is collected. Where neither can happen, which is almost
        -- everywhere, `walk` is empty. Elsewhere it goes through a wallet's transfers in their
        -- order, all wallets at once, because each depends on what the one before left.
        WITH RECURSIVE asked AS MATERIALIZED (
            SELECT f.* FROM unnest(fresh) f
        ),
        wallet AS MATERIALIZED (
            SELECT available.address AS available_address, available.balance AS available,
                owed.address AS owed_address, owed.balance AS owed
            FROM wallets_account available
            JOIN wallets_account owed
                ON owed.address = replace(available.address, '/available', '/owed')
            WHERE available.kind = 'available' AND (
                available.address IN (SELECT source FROM asked WHERE overflow)
                OR available.address IN (SELECT destination FROM asked WHERE collect) AND (
                    owed.balance < 0 OR owed.address IN (SELECT source FROM asked)
                )
            )
        ),
        step AS MATERIALIZED (
            SELECT w.available_address,
                row_number() OVER (PARTITION BY w.available_address ORDER BY i.position) AS n,
                i.position, i.amount,
                (CASE w.available_address
                    WHEN i.destination THEN 1 WHEN i.source THEN -1 ELSE 0 END) * i.amount
                    AS to_available,
                (CASE w.owed_address
                    WHEN i.destination THEN 1 WHEN i.source THEN -1 ELSE 0 END) * i.amount
                    AS to_owed,
                i.overflow AND i.source = w.available_address AS overflow,
                i.collect AND i.destination = w.available_address AS collect
            FROM wallet w
            JOIN asked i ON w.available_address IN (i.source, i.destination)
                OR w.owed_address IN (i.source, i.destination)
        ),
        walk AS (
            SELECT w.available_address, 0::bigint AS n, 0 AS position,
                w.available::numeric AS available, w.owed::numeric AS owed,
                0::numeric AS from_owed, 0::numeric AS collected
            FROM wallet w
            UNION ALL
            SELECT w.available_address, i.n, i.position,
                w.available + i.to_available + taken.from_owed - paid.collected,
                w.owed + i.to_owed - taken.from_owed + paid.collected,
                taken.from_owed, paid.collected
            FROM walk w
            JOIN step i ON i.available_address = w.available_address AND i.n = w.n + 1
            CROSS JOIN LATERAL (
                SELECT CASE WHEN i.overflow
                    THEN greatest(i.amount - greatest(w.available, 0), 0) ELSE 0 END AS from_owed
            ) taken
            CROSS JOIN LATERAL (
                SELECT CASE WHEN i.collect
                    THEN greatest(least(i.amount, w.available + i.to_available,
                                        -(w.owed + i.to_owed)), 0)
                    ELSE 0 END AS collected
            ) paid
        ),
        split AS (
            SELECT position, sum(from_owed) AS from_owed, sum(collected) AS collected
            FROM walk GROUP BY position
        ),
        part AS (
            SELECT i.position, 1 AS nth,
                CASE WHEN w.from_owed = i.amount
                    THEN replace(i.source, '/available', '/owed') ELSE i.source END AS source,
                i.destination,
                CASE WHEN w.from_owed < i.amount
                    THEN i.amount - w.from_owed ELSE i.amount END AS amount,
                i.kind, i.reference, i.resolves, i AS whole
            FROM asked i LEFT JOIN split w USING (position)
            UNION ALL
            SELECT i.position, 2, replace(i.source, '/available', '/owed'), i.destination,
                w.from_owed, i.kind, i.reference || '#owed', '', i
            FROM asked i JOIN split w USING (position)
            WHERE w.from_owed > 0 AND w.from_owed < i.amount
            UNION ALL
            SELECT i.position, 3, i.destination, replace(i.destination, '/available', '/owed'),
                w.collected, 'collection', i.reference || '#collected', '', i
            FROM asked i JOIN split w USING (position)
            WHERE w.collected > 0
        )
        SELECT array_agg(
            ROW(p.rank, p.source, p.destination, p.amount, (p.whole).currency, p.kind,
                p.reference, (p.whole).coupon_id, (p.whole).effective_at, (p.whole).actor,
                (p.whole).reason, p.resolves, false, false)::ledger_request
            ORDER BY p.rank
        )
        INTO parts
        FROM (SELECT *, row_number() OVER (ORDER BY position, nth)::int AS rank FROM part) p;

        -- Is there enough, on each account's net?
        SELECT j.outcome, regexp_replace(j.reference, '#(owed|collected)$', '')
        INTO refused.outcome, refused.reference
        FROM (
            SELECT l.position, l.reference,
                CASE
                    WHEN abs(l.running) >= too_large THEN 'invalid_amount'
                    WHEN l.kind = 'owed' AND l.net > 0 AND l.running > 0 AND l.amount > 0
                        THEN 'exceeds_debt'
                    WHEN l.kind <> 'owed' AND l.net < 0 AND l.running < 0 AND l.amount < 0
                        THEN 'insufficient_funds'
                END AS outcome
            FROM (
                SELECT leg.position, leg.reference, leg.amount, account.kind,
                    account.balance + sum(leg.amount) OVER (
                        PARTITION BY account.id ORDER BY leg.position
                    ) AS running,
                    account.balance + sum(leg.amount) OVER (PARTITION BY account.id) AS net
                FROM (
                    SELECT p.position, p.reference, p.source AS address, -p.amount AS amount
                    FROM unnest(parts) p
                    UNION ALL
                    SELECT p.position, p.reference, p.destination, p.amount FROM unnest(parts) p
                ) leg
                JOIN wallets_account account USING (address)
                WHERE account.kind <> 'house'
            ) l
        ) j
        WHERE j.outcome IS NOT NULL ORDER BY j.position LIMIT 1;
        EXIT WHEN refused.outcome IS NOT NULL;

        BEGIN
            -- A seal takes these tables' locks to know that no lower id is still to come. The
            -- order is that of `post_transfer` and of the seals, which else could wait in a ring.
            LOCK TABLE wallets_account IN ROW EXCLUSIVE MODE;
            LOCK TABLE wallets_transfer IN ROW EXCLUSIVE MODE;

            INSERT INTO wallets_account (address, kind, currency)
            SELECT DISTINCT house.address, 'house', p.currency
            FROM unnest(parts) p, unnest(ARRAY[p.source, p.destination]) house (address)
            WHERE house.address LIKE 'house/%'
                AND NOT EXISTS (SELECT FROM wallets_account k WHERE k.address = house.address)
            ORDER BY house.address
            ON CONFLICT (address) DO NOTHING;

            new_ids := ARRAY(
                SELECT nextval(pg_get_serial_sequence('wallets_transfer', 'id'))
                FROM generate_series(1, cardinality(parts))
            );
            SELECT greatest(clock_timestamp(), max(k.posted_at)) INTO moment
            FROM wallets_account k
            WHERE k.address IN (SELECT unnest(ARRAY[p.source, p.destination]) FROM unnest(parts) p);

            -- In the order of the references, so that two arrays cannot wait for each other.
            INSERT INTO wallets_transfer (
                id, source_id, destination_id, amount, currency, kind, reference, coupon_id,
                effective_at, created_at, actor, reason, hold_id
            )
            SELECT new_ids[p.position], source.id, destination.id, p.amount, p.currency, p.kind,
                p.reference, p.coupon_id, coalesce(p.effective_at, moment), moment, p.actor,
                p.reason, coalesce(new_ids[same.position], earlier.id)
            FROM unnest(parts) p
            JOIN wallets_account source ON source.address = p.source
            JOIN wallets_account destination ON destination.address = p.destination
            LEFT JOIN unnest(parts) same ON same.reference = nullif(p.resolves, '')
            LEFT JOIN wallets_transfer earlier ON earlier.reference = nullif(p.resolves, '')
            ORDER BY p.reference;

            INSERT INTO wallets_entry
                (id, transfer_id, account_id, amount, balance_after, sequence, created_at)
            SELECT leg.id, leg.transfer_id, k.id, leg.amount,
                CASE WHEN k.kind <> 'house' THEN k.balance + sum(leg.amount) OVER w END,
                CASE WHEN k.kind <> 'house' THEN k.sequence + row_number() OVER w END,
                moment
            FROM (
                SELECT 2 * new_ids[p.position] - 1 AS id, new_ids[p.position] AS transfer_id,
                    p.source AS address, -p.amount AS amount
                FROM unnest(parts) p
                UNION ALL
                SELECT 2 * new_ids[p.position], new_ids[p.position], p.destination, p.amount
                FROM unnest(parts) p
            ) leg
            JOIN wallets_account k USING (address)
            WINDOW w AS (PARTITION BY k.id ORDER BY leg.id)
            ORDER BY leg.id;

            UPDATE wallets_account k
            SET balance = k.balance + leg.amount, sequence = k.sequence + leg.count,
                posted_at = moment
            FROM (
                SELECT e.account_id, sum(e.amount) AS amount, count(*) AS count
                FROM wallets_entry e
                WHERE e.transfer_id = ANY(new_ids) AND e.id = ANY(
                    ARRAY(SELECT 2 * n - side FROM unnest(new_ids) n, generate_series(0, 1) side)
                )
                GROUP BY e.account_id
            ) leg
            WHERE k.id = leg.account_id AND k.kind <> 'house';
            EXIT;
        EXCEPTION WHEN unique_violation THEN
            IF attempt = 5 THEN RAISE; END IF;
        END;
    END LOOP;

    IF refused.outcome IS NOT NULL THEN
        RETURN NEXT refused;
        RETURN;
    END IF;

    -- First results and repeats read alike: from what was posted.
    RETURN QUERY
    SELECT i.position, CASE WHEN f.position IS NULL THEN 'repeated' ELSE 'posted' END,
        i.reference, t.id, t.created_at,
        coalesce(
            collection.balance_after,
            (
                SELECT e.balance_after FROM wallets_entry e
                JOIN wallets_account k ON k.id = e.account_id
                WHERE e.id IN (2 * t.id - 1, 2 * t.id) AND k.kind = 'available'
                ORDER BY e.id LIMIT 1
            ),
            CASE WHEN i.overflow THEN 0 END
        ),
        coalesce(
            collected.amount,
            rest.amount,
            CASE WHEN i.overflow AND source.kind = 'owed' THEN t.amount END,
            0
        )
    FROM unnest(items) i
    LEFT JOIN unnest(fresh) f ON f.position = i.position
    JOIN wallets_transfer t ON t.reference = i.reference
    JOIN wallets_account source ON source.id = t.source_id
    LEFT JOIN wallets_transfer rest ON rest.reference = t.reference || '#owed'
    LEFT JOIN wallets_transfer collected ON collected.reference = t.reference || '#collected'
    LEFT JOIN wallets_entry collection ON collection.id = 2 * collected.id - 1
    ORDER BY i.position;

END
$$;
