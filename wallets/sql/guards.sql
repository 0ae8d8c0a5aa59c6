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
            'CREATE OR REPLACE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
             FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()', name);
    END LOOP;
END
$$;

-- Accounts are never removed, and only their balance, sequence, status and time of the last
-- entry ever change.
CREATE OR REPLACE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();
CREATE OR REPLACE TRIGGER ledger_account_identity
    BEFORE UPDATE OF id, address, wallet_id, kind, currency, created_at ON wallets_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();

ALTER TABLE wallets_wallet DROP CONSTRAINT IF EXISTS wallets_wallet_currency;
ALTER TABLE wallets_wallet ADD CONSTRAINT wallets_wallet_currency
    CHECK (currency ~ '^[A-Z]{3}$');

-- PostgreSQL reads and compiles each CHECK of a table again for every statement, a third of the
-- cost of a posting, but a trigger's function once per session. Hence triggers on the tables that
-- every posting writes to.

-- Nobody has less than nothing, a debt is never positive, and house balances are not kept here.
-- It looks after the update: one before it would have to lock the row first, a record more in the
-- log of each posting.
CREATE OR REPLACE FUNCTION ledger_check_funds() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (CASE NEW.kind
        WHEN 'owed' THEN NEW.balance <= 0
        WHEN 'house' THEN NEW.balance = 0
        ELSE NEW.balance >= 0
    END) THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the balance of % cannot be %', NEW.address, NEW.balance
        USING ERRCODE = 'check_violation', CONSTRAINT = 'wallets_account_funds';
END
$$;
CREATE OR REPLACE TRIGGER wallets_account_funds AFTER INSERT OR UPDATE ON wallets_account
    FOR EACH ROW EXECUTE FUNCTION ledger_check_funds();

-- A transfer moves something from one account to another, for a known purpose, under a reference.
CREATE OR REPLACE FUNCTION ledger_check_transfer() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount > 0 AND NEW.source_id <> NEW.destination_id AND NEW.reference <> ''
        AND NEW.kind = ANY (ARRAY[
            'deposit', 'withdrawal', 'hold', 'capture', 'release', 'payout', 'refund', 'reversal',
            'clawback', 'collection', 'write_off', 'adjustment', 'stake', 'void', 'excise',
            'withholding'
        ])
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'transfer %: a transfer has a positive amount, two accounts, a known kind and '
        'a reference', NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'wallets_transfer_rules';
END
$$;
CREATE OR REPLACE TRIGGER wallets_transfer_rules BEFORE INSERT ON wallets_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_check_transfer();

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
CREATE OR REPLACE TRIGGER ledger_account_status AFTER INSERT OR UPDATE OF status ON wallets_account
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
CREATE OR REPLACE TRIGGER ledger_account_matches AFTER INSERT ON wallets_account
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_account();

-- An entry is one side of its transfer, its id says which, and both accounts are kept in the
-- transfer's currency. This stands in for the foreign keys, without a lock on the shared row of a
-- house account.
CREATE OR REPLACE FUNCTION ledger_check_entries() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM inserted e
    LEFT JOIN wallets_transfer t ON t.id = e.transfer_id
    LEFT JOIN wallets_account a ON a.id = e.account_id
    WHERE (
        t.currency = a.currency
        AND CASE e.id
            WHEN 2 * t.id - 1 THEN e.account_id = t.source_id AND e.amount = -t.amount
            WHEN 2 * t.id THEN e.account_id = t.destination_id AND e.amount = t.amount
        END
        AND (a.kind = 'house') = (e.sequence IS NULL)
        AND (a.kind = 'house') = (e.balance_after IS NULL)
    ) IS NOT TRUE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'an entry does not match its transfer and account'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_matches';
END
$$;
CREATE OR REPLACE TRIGGER ledger_entry_matches AFTER INSERT ON wallets_entry
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

-- Room in each page for the next version of a row, so that updating a balance touches no index.
ALTER TABLE wallets_account SET (fillfactor = 80);
