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

ALTER TABLE wallets_wallet ADD CONSTRAINT wallets_wallet_currency
    CHECK (currency ~ '^[A-Z]{3}$');

-- Nobody has less than nothing, a debt is never positive, and house balances are not kept here.
ALTER TABLE wallets_account ADD CONSTRAINT wallets_account_funds CHECK (
    CASE kind WHEN 'owed' THEN balance <= 0 WHEN 'house' THEN balance = 0 ELSE balance >= 0 END);

-- An account is open or closed.
CREATE OR REPLACE FUNCTION ledger_check_status() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status NOT IN ('open', 'closed') THEN
        RAISE EXCEPTION 'an account is open or closed, not %', NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_status';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_account_status AFTER INSERT OR UPDATE OF status ON wallets_account
    FOR EACH ROW EXECUTE FUNCTION ledger_check_status();

-- An account is of a known kind and kept in its wallet's currency; a wallet account's address
-- names its wallet, a house account's names its currency. The unique address thereby allows one
-- account of a kind per wallet. None of this ever changes, so it is checked at the opening.
CREATE OR REPLACE FUNCTION ledger_check_account() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM inserted a LEFT JOIN wallets_wallet w ON w.id = a.wallet_id
        WHERE (
            a.currency ~ '^[A-Z]{3}$'
            AND CASE a.kind
                WHEN 'house' THEN a.wallet_id IS NULL
                    AND a.address ~ ('^house/[^/]+/[a-z_]+/' || a.currency || '$')
                ELSE a.kind IN ('available', 'held', 'owed') AND w.currency = a.currency
                    AND a.address = 'wallet/' || w.id || '/' || a.kind
            END
        ) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'an account does not match its address, wallet or currency'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_account_matches';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_account_matches AFTER INSERT ON wallets_account
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_account();

-- An entry is one side of its transfer, and both accounts are kept in the transfer's currency.
-- This stands in for the foreign keys, without a lock on the shared row of a house account.
CREATE OR REPLACE FUNCTION ledger_check_entry() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    t wallets_transfer;
    a wallets_account;
BEGIN
    SELECT * INTO t FROM wallets_transfer WHERE id = NEW.transfer_id;
    SELECT * INTO a FROM wallets_account WHERE id = NEW.account_id;
    IF (
        t.currency = a.currency
        AND a.id = CASE WHEN NEW.amount < 0 THEN t.source_id ELSE t.destination_id END
        AND abs(NEW.amount) = t.amount
        AND (a.kind = 'house') = (NEW.sequence IS NULL)
    ) IS NOT TRUE THEN
        RAISE EXCEPTION 'an entry does not match its transfer and account'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_matches';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ledger_entry_matches AFTER INSERT ON wallets_entry
    FOR EACH ROW EXECUTE FUNCTION ledger_check_entry();

-- Room in each page for the next version of a row, so that updating a balance touches no index.
ALTER TABLE wallets_account SET (fillfactor = 80);
