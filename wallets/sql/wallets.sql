-- Opening and closing wallets.

-- The accounts are opened in the order of their ids: available, held, owed.
CREATE OR REPLACE FUNCTION open_wallets(wallets uuid[], code text) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO wallets_wallet (id, currency) SELECT unnest(wallets), code;
    INSERT INTO wallets_account (address, wallet_id, kind, currency)
    SELECT 'wallet/' || wallet || '/' || kind, wallet, kind, code
    FROM unnest(wallets) WITH ORDINALITY w (wallet, nth),
        unnest(ARRAY['available', 'held', 'owed']) WITH ORDINALITY k (kind, rank)
    ORDER BY nth, rank;
$$;

-- Answers closed, unknown_account or wallet_not_empty. A posting on its way waits for the locks
-- and then finds the accounts closed, or is done first and then they are not empty.
CREATE OR REPLACE FUNCTION close_wallet(wallet uuid, closed_by text, closed_for text)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    total numeric;
BEGIN
    PERFORM FROM wallets_account WHERE address IN (
        'wallet/' || wallet || '/available',
        'wallet/' || wallet || '/held',
        'wallet/' || wallet || '/owed'
    ) ORDER BY id FOR NO KEY UPDATE;
    SELECT sum(abs(balance)) INTO total FROM wallets_account WHERE address IN (
        'wallet/' || wallet || '/available',
        'wallet/' || wallet || '/held',
        'wallet/' || wallet || '/owed'
    );
    IF total IS NULL THEN RETURN 'unknown_account'; END IF;
    IF total <> 0 THEN RETURN 'wallet_not_empty'; END IF;

    UPDATE wallets_account SET status = 'closed' WHERE status = 'open' AND address IN (
        'wallet/' || wallet || '/available',
        'wallet/' || wallet || '/held',
        'wallet/' || wallet || '/owed'
    );
    INSERT INTO wallets_closure (wallet_id, actor, reason, created_at)
    VALUES (wallet, closed_by, closed_for, clock_timestamp())
    ON CONFLICT (wallet_id) DO NOTHING;
    RETURN 'closed';
END
$$;
