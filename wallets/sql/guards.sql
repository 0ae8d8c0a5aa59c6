-- What must always hold in the ledger, whoever writes to it.

-- The append-only tables refuse UPDATE, DELETE and TRUNCATE to everyone.
CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is refused: % is append-only', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END
$$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY[
        'wallets_wallet', 'wallets_transfer', 'wallets_entry',
        'wallets_closure', 'wallets_seal', 'wallets_snapshot'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END
$$;

-- Accounts are never removed, and only their balance, sequence, status and time of the last
-- entry ever change.
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE TRIGGER ledger_account_identity
    BEFORE UPDATE OF id, address, wallet_id, kind, currency, created_at ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

-- A wallet account's address names its wallet, a house account's names its currency. The
-- unique address thereby allows one account of a kind per wallet.
ALTER TABLE wallets_account ADD CONSTRAINT wallets_account_address CHECK (
    CASE kind
        WHEN 'house' THEN address ~ ('^house/[^/]+/[a-z_]+/' || currency || '$')
        ELSE address = 'wallet/' || wallet_id || '/' || kind
    END);
ALTER TABLE wallets_account ADD CONSTRAINT wallets_account_currency
    CHECK (currency ~ '^[A-Z]{3}$');
ALTER TABLE wallets_wallet ADD CONSTRAINT wallets_wallet_currency
    CHECK (currency ~ '^[A-Z]{3}$');

-- An account is kept in its wallet's currency.
CREATE OR REPLACE FUNCTION ledger_check_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM inserted a JOIN wallets_wallet w ON w.id = a.wallet_id
        WHERE w.currency <> a.currency
    ) THEN
        RAISE EXCEPTION 'an account is not kept in its wallet''s currency'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_currency';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_account_currency AFTER INSERT ON wallets_account
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_account();

-- An entry is one side of its transfer, and both accounts are kept in the transfer's currency.
-- This stands in for the foreign keys, without a lock on the shared row of a house account.
CREATE OR REPLACE FUNCTION ledger_check_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM inserted e
        LEFT JOIN wallets_transfer t ON t.id = e.transfer_id
        LEFT JOIN wallets_account a ON a.id = e.account_id
        WHERE t.currency IS DISTINCT FROM a.currency
            OR a.id IS DISTINCT FROM CASE WHEN e.amount < 0 THEN t.source_id ELSE t.destination_id END
            OR abs(e.amount) <> t.amount
            OR (a.kind = 'house') <> (e.sequence IS NULL)
    ) THEN
        RAISE EXCEPTION 'an entry does not match its transfer and account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_matches';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entry_matches AFTER INSERT ON wallets_entry
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

-- Room in each page for the next version of a row, so that updating a balance touches no index.
ALTER TABLE wallets_account SET (fillfactor = 80);
