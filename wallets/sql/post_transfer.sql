-- The short way of posting one transfer: SELECT * FROM post_transfer('wallet/…', 'house/…', …).
--
-- Most postings are one plain transfer between a wallet and the house, or a hold or a release
-- within a wallet, that nothing stands against. Those are written here in three or four
-- statements, without JSON or arrays, because each statement counts: an UPDATE locks the wallet's
-- account, judges the funds and books at once. Whatever is out of the ordinary, a repeat or a
-- refusal included, takes that back and goes to `post_transfers`, whose rules are the measure.
-- What is accepted here is accepted there with the same result; the tests compare the two.

DROP FUNCTION IF EXISTS post_transfer;

-- Arguments and outcome as in `ledger_request` and `ledger_posted`. No sequential scans in kept
-- plans, for the reason given in `post_transfers.sql`.
CREATE FUNCTION post_transfer(
    source text, destination text, amount numeric, currency text, kind text, reference text,
    coupon_id uuid DEFAULT NULL, effective_at timestamptz DEFAULT NULL, actor text DEFAULT '',
    reason text DEFAULT '', resolves text DEFAULT '', overflow boolean DEFAULT false,
    collect boolean DEFAULT false,
    OUT outcome text, OUT transfer_id bigint, OUT created_at timestamptz,
    OUT available_after numeric, OUT owed_part numeric
)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    too_large CONSTANT numeric := 10000000000000000;
    source_id bigint;
    source_after numeric;         -- stays empty for a house account, as does the sequence
    source_sequence bigint;
    destination_id bigint;
    destination_after numeric;
    destination_sequence bigint;
    hold_id bigint;
BEGIN
    <<plain>>
    BEGIN
        -- The wallet's account is booked first, and of two the available one, which has the lower
        -- id. The clock is read under its lock, and never runs backwards within an account.
        IF destination LIKE '%/available' THEN
            UPDATE wallets_account a
            SET balance = a.balance + amount, sequence = a.sequence + 1,
                posted_at = greatest(clock_timestamp(), a.posted_at)
            FROM wallets_account other
            WHERE a.address = destination AND a.kind = 'available'
                AND a.currency = currency AND a.status = 'open' AND a.balance < too_large - amount
                AND other.address = source AND other.currency = currency AND other.status = 'open'
                AND other.kind = CASE resolves WHEN '' THEN 'house' ELSE 'held' END
                AND (other.kind = 'house' OR other.wallet_id = a.wallet_id)
                AND amount > 0 AND scale(amount) <= 4
                AND reference <> '' AND strpos(reference, '#') = 0
                AND kind <> 'hold' AND NOT overflow
            RETURNING a.id, a.balance, a.sequence, a.posted_at, a.balance, other.id
            INTO destination_id, destination_after, destination_sequence, created_at,
                available_after, source_id;
        ELSE
            UPDATE wallets_account a
            SET balance = a.balance - amount, sequence = a.sequence + 1,
                posted_at = greatest(clock_timestamp(), a.posted_at)
            FROM wallets_account other
            WHERE a.address = source
                AND a.kind = CASE resolves WHEN '' THEN 'available' ELSE 'held' END
                AND a.currency = currency AND a.status = 'open' AND a.balance >= amount
                AND other.address = destination AND other.currency = currency
                AND other.status = 'open' AND other.id <> a.id
                AND other.kind = CASE kind WHEN 'hold' THEN 'held' ELSE 'house' END
                AND (other.kind = 'house' OR other.wallet_id = a.wallet_id)
                AND amount > 0 AND scale(amount) <= 4
                AND reference <> '' AND strpos(reference, '#') = 0
                AND (resolves = '' OR NOT overflow) AND NOT collect
            RETURNING a.id, a.balance, a.sequence, a.posted_at,
                CASE a.kind WHEN 'available' THEN a.balance END, other.id
            INTO source_id, source_after, source_sequence, created_at,
                available_after, destination_id;
        END IF;
        EXIT plain WHEN NOT FOUND;

        <<booked>>
        BEGIN
            -- One question for what most transfers are not.
            IF kind = 'hold' OR resolves <> '' OR collect THEN
                IF kind = 'hold' THEN
                    UPDATE wallets_account h
                    SET balance = h.balance + amount, sequence = h.sequence + 1,
                        posted_at = created_at
                    WHERE h.id = destination_id AND h.status = 'open'
                        AND h.balance < too_large - amount
                        AND coalesce(h.posted_at <= created_at, true)
                    RETURNING h.balance, h.sequence INTO destination_after, destination_sequence;
                    EXIT booked WHEN NOT FOUND;
                END IF;
                IF resolves <> '' AND source_sequence IS NULL THEN
                    UPDATE wallets_account h
                    SET balance = h.balance - amount, sequence = h.sequence + 1,
                        posted_at = created_at
                    WHERE h.id = source_id AND h.status = 'open' AND h.balance >= amount
                        AND coalesce(h.posted_at <= created_at, true)
                    RETURNING h.balance, h.sequence INTO source_after, source_sequence;
                    EXIT booked WHEN NOT FOUND;
                END IF;
                IF resolves <> '' THEN
                    SELECT h.id INTO hold_id FROM wallets_transfer h
                    WHERE h.reference = resolves AND h.kind = 'hold' AND h.amount = amount
                        AND h.destination_id = source_id
                        AND NOT EXISTS (SELECT FROM wallets_transfer o WHERE o.hold_id = h.id);
                    EXIT booked WHEN NOT FOUND;
                END IF;
                IF collect THEN
                    PERFORM FROM wallets_account
                    WHERE address = replace(destination, '/available', '/owed') AND balance < 0;
                    EXIT booked WHEN FOUND;
                END IF;
            END IF;

            INSERT INTO wallets_transfer (
                source_id, destination_id, amount, currency, kind, reference, coupon_id,
                effective_at, created_at, actor, reason, hold_id
            )
            VALUES (
                source_id, destination_id, amount, currency, kind, reference, coupon_id,
                coalesce(effective_at, created_at), created_at, actor, reason, hold_id
            )
            ON CONFLICT ON CONSTRAINT wallets_transfer_reference DO NOTHING
            RETURNING id, 'posted', 0 INTO transfer_id, outcome, owed_part;
            EXIT booked WHEN NOT FOUND;

            INSERT INTO wallets_entry
                (id, transfer_id, account_id, amount, balance_after, sequence, created_at)
            VALUES
                (2 * transfer_id - 1, transfer_id, source_id, -amount, source_after,
                 source_sequence, created_at),
                (2 * transfer_id, transfer_id, destination_id, amount, destination_after,
                 destination_sequence, created_at);
            RETURN;
        END;

        -- What was booked has a sequence here. Nothing was written that would have to stay.
        UPDATE wallets_account k
        SET balance = k.balance + CASE k.id WHEN source_id THEN amount ELSE -amount END,
            sequence = k.sequence - 1,
            posted_at = (
                SELECT e.created_at FROM wallets_entry e
                WHERE e.account_id = k.id AND e.sequence = k.sequence - 1
            )
        WHERE k.id = source_id AND source_sequence IS NOT NULL
            OR k.id = destination_id AND destination_sequence IS NOT NULL;
    END;

    SELECT p.outcome, p.transfer_id, p.created_at, p.available_after, p.owed_part
    INTO outcome, transfer_id, created_at, available_after, owed_part
    FROM post_transfers(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
        'source', source, 'destination', destination, 'amount', amount, 'currency', currency,
        'kind', kind, 'reference', reference, 'coupon_id', coupon_id,
        'effective_at', effective_at, 'actor', actor, 'reason', reason, 'resolves', resolves,
        'overflow', overflow, 'collect', collect
    )))) p;
END
$$;
