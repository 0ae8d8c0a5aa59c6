-- Every break of the ledger's rules, in plain words. One statement, hence one moment, so that it
-- may run while postings go on. Each part proves one rule.
CREATE OR REPLACE FUNCTION ledger_breaks() RETURNS TABLE (rule text, detail text)
LANGUAGE sql STABLE
SET timezone = 'UTC' AS $$
    -- A transfer has two entries, which take and give exactly what it says.
    SELECT 'transfer', format(
        'transfer %s (%s): its %s entry %s', t.id, t.reference, side.name,
        CASE WHEN e.id IS NULL THEN 'is missing' ELSE 'does not match it' END)
    FROM wallets_transfer t
    CROSS JOIN LATERAL (VALUES
        ('source', 2 * t.id - 1, t.source_id, -t.amount),
        ('destination', 2 * t.id, t.destination_id, t.amount)
    ) side (name, entry_id, account_id, amount)
    LEFT JOIN wallets_entry e ON e.id = side.entry_id
    WHERE ROW(e.transfer_id, e.account_id, e.amount, e.created_at)
        IS DISTINCT FROM ROW(t.id, side.account_id, side.amount, t.created_at)

    UNION ALL
    SELECT 'transfer', format('transfer %s (%s): %s', t.id, t.reference, wrong.what)
    FROM wallets_transfer t
    LEFT JOIN wallets_account s ON s.id = t.source_id
    LEFT JOIN wallets_account d ON d.id = t.destination_id
    CROSS JOIN LATERAL (VALUES
        ('its source account does not exist', s.id IS NULL),
        ('its destination account does not exist', d.id IS NULL),
        ('its currency is not that of its accounts',
            t.currency <> s.currency OR t.currency <> d.currency),
        ('its amount is not positive', t.amount <= 0),
        ('it goes from an account to itself', t.source_id = t.destination_id),
        ('it is of no known kind', t.kind NOT IN (
            'deposit', 'withdrawal', 'hold', 'capture', 'release', 'payout', 'refund', 'reversal',
            'clawback', 'collection', 'write_off', 'adjustment', 'stake', 'void', 'excise',
            'withholding')),
        ('only a hold fills a held account', (t.kind = 'hold') <> (d.kind = 'held')),
        ('what leaves a held account names no hold', s.kind = 'held' AND t.hold_id IS NULL)
    ) wrong (what, so)
    WHERE wrong.so

    UNION ALL
    SELECT 'entry', format('entry %s belongs to no transfer', e.id)
    FROM wallets_entry e LEFT JOIN wallets_transfer t ON t.id = e.transfer_id
    WHERE t.id IS NULL OR e.id NOT IN (2 * t.id - 1, 2 * t.id)

    UNION ALL
    SELECT 'entry', format('entry %s: %s', e.id, CASE
        WHEN a.id IS NULL THEN format('account %s does not exist', e.account_id)
        WHEN a.kind = 'house' THEN 'a house account has no running balance'
        ELSE 'it has no running balance' END)
    FROM wallets_entry e LEFT JOIN wallets_account a ON a.id = e.account_id
    WHERE a.id IS NULL
        OR CASE a.kind WHEN 'house' THEN e.sequence IS NOT NULL OR e.balance_after IS NOT NULL
            ELSE e.sequence IS NULL OR e.balance_after IS NULL END

    -- Sequences have no gap, times never run backwards, and each balance follows from the last.
    UNION ALL
    SELECT 'running balance', format('account %s, entry %s: %s', r.account_id, r.id, CASE
        WHEN r.sequence <> r.before + 1
            THEN format('sequence %s follows %s', r.sequence, r.before)
        WHEN r.created_at < r.earlier THEN 'it is older than the entry before it'
        ELSE format('balance %s after %s and %s', r.balance_after, r.balance_before, r.amount) END)
    FROM (
        SELECT e.*,
            coalesce(lag(e.sequence) OVER w, 0) AS before,
            coalesce(lag(e.balance_after) OVER w, 0) AS balance_before,
            coalesce(lag(e.created_at) OVER w, e.created_at) AS earlier
        FROM wallets_entry e WHERE e.sequence IS NOT NULL
        WINDOW w AS (PARTITION BY e.account_id ORDER BY e.sequence)
    ) r
    WHERE r.sequence <> r.before + 1 OR r.created_at < r.earlier
        OR r.balance_after IS DISTINCT FROM r.balance_before + r.amount

    -- An account's balance is the sum of its entries.
    UNION ALL
    SELECT 'balance', format('account %s (%s): %s', a.id, a.address, wrong.what)
    FROM wallets_account a
    LEFT JOIN (
        SELECT e.account_id, sum(e.amount) AS amount, count(*) AS entries, max(e.created_at) AS last
        FROM wallets_entry e GROUP BY e.account_id
    ) made ON made.account_id = a.id AND a.kind <> 'house'
    CROSS JOIN LATERAL (
        SELECT coalesce(made.amount, 0) AS amount, coalesce(made.entries, 0) AS entries, made.last
    ) found
    CROSS JOIN LATERAL (VALUES
        (format('its balance is %s, its entries make %s', a.balance, found.amount),
            a.balance <> found.amount),
        (format('its sequence is %s, it has %s entries', a.sequence, found.entries),
            a.sequence <> found.entries),
        ('its last posting is not that of its last entry', a.posted_at IS DISTINCT FROM found.last),
        ('its balance is on the wrong side of zero', CASE a.kind
            WHEN 'owed' THEN a.balance > 0 ELSE a.balance < 0 END)
    ) wrong (what, so)
    WHERE wrong.so

    -- A wallet has its three accounts, and an account's address says what it is.
    UNION ALL
    SELECT 'account', format('wallet %s has no %s account in %s', w.id, k.kind, w.currency)
    FROM wallets_wallet w
    CROSS JOIN (VALUES ('available'), ('held'), ('owed')) k (kind)
    LEFT JOIN wallets_account a
        ON a.wallet_id = w.id AND a.kind = k.kind AND a.currency = w.currency
    WHERE a.id IS NULL

    UNION ALL
    SELECT 'account', format('account %s is not what its address %s says', a.id, a.address)
    FROM wallets_account a
    WHERE (CASE a.kind
        WHEN 'house' THEN a.wallet_id IS NULL
            AND a.address ~ ('^house/[^/]+/[a-z_]+/' || a.currency || '$')
        ELSE a.kind IN ('available', 'held', 'owed')
            AND a.address = 'wallet/' || a.wallet_id || '/' || a.kind
            AND EXISTS (SELECT FROM wallets_wallet w WHERE w.id = a.wallet_id)
    END) IS NOT TRUE

    UNION ALL
    SELECT 'account', format('account %s is %s, its wallet was %sclosed', a.id, a.status,
        CASE WHEN c.id IS NULL THEN 'not ' ELSE '' END)
    FROM wallets_account a LEFT JOIN wallets_closure c ON c.wallet_id = a.wallet_id
    WHERE a.status <> CASE WHEN c.id IS NULL THEN 'open' ELSE 'closed' END

    -- A hold has one outcome at the most, and what is held is what open holds add up to.
    UNION ALL
    SELECT 'hold', format('transfer %s (%s) does not match hold %s', t.id, t.reference, t.hold_id)
    FROM wallets_transfer t LEFT JOIN wallets_transfer h ON h.id = t.hold_id
    WHERE t.hold_id IS NOT NULL AND ROW(h.kind, h.destination_id, h.amount)
        IS DISTINCT FROM ROW('hold', t.source_id, t.amount)

    UNION ALL
    SELECT 'hold', format('hold %s has %s outcomes', t.hold_id, count(*))
    FROM wallets_transfer t WHERE t.hold_id IS NOT NULL
    GROUP BY t.hold_id HAVING count(*) > 1

    UNION ALL
    SELECT 'hold', format('account %s holds %s, its open holds make %s', a.id, a.balance,
        coalesce(held.amount, 0))
    FROM wallets_account a
    LEFT JOIN (
        SELECT h.destination_id, sum(h.amount) AS amount FROM wallets_transfer h
        WHERE h.kind = 'hold'
            AND NOT EXISTS (SELECT FROM wallets_transfer o WHERE o.hold_id = h.id)
        GROUP BY h.destination_id
    ) held ON held.destination_id = a.id
    WHERE a.kind = 'held' AND a.balance <> coalesce(held.amount, 0)

    -- Each snapshot is the former one of its account and the entries since.
    UNION ALL
    SELECT 'snapshot', format('snapshot %s of account %s at seal %s: %s, its entries make %s',
        n.id, n.account_id, n.seal_id, n.balance, coalesce(former.balance, 0) + found.amount)
    FROM wallets_snapshot n
    LEFT JOIN wallets_seal s ON s.id = n.seal_id
    LEFT JOIN LATERAL (
        SELECT p.balance, ps.transfer_through
        FROM wallets_snapshot p JOIN wallets_seal ps ON ps.id = p.seal_id
        WHERE p.account_id = n.account_id AND p.seal_id < n.seal_id
        ORDER BY p.seal_id DESC LIMIT 1
    ) former ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(e.amount), 0) AS amount FROM wallets_entry e
        WHERE e.account_id = n.account_id AND e.sequence IS NULL
            AND e.id > 2 * coalesce(former.transfer_through, 0)
            AND e.id <= 2 * s.transfer_through
    ) found ON true
    WHERE s.id IS NULL OR n.balance <> coalesce(former.balance, 0) + found.amount

    UNION ALL
    SELECT 'snapshot', format('seal %s has no snapshot of account %s', s.id, moved.account_id)
    FROM wallets_seal s
    LEFT JOIN wallets_seal f ON f.id = s.previous_id
    CROSS JOIN LATERAL (
        SELECT DISTINCT e.account_id FROM wallets_entry e
        JOIN wallets_account a ON a.id = e.account_id AND a.kind = 'house'
        WHERE e.id > 2 * coalesce(f.transfer_through, 0) AND e.id <= 2 * s.transfer_through
    ) moved
    WHERE NOT EXISTS (
        SELECT FROM wallets_snapshot n WHERE n.seal_id = s.id AND n.account_id = moved.account_id)

    -- The chain is unbroken.
    UNION ALL
    SELECT 'chain', format('seal %s: what it covers was changed since', s.id)
    FROM wallets_seal s
    LEFT JOIN wallets_seal f ON f.id = s.previous_id
    CROSS JOIN LATERAL ledger_digest(
        s.id, f, s.transfer_through, s.account_through, s.closure_through, s.sealed_at
    ) d
    WHERE ROW(s.transfers, s.entries, s.accounts, s.closures, s.digest)
        IS DISTINCT FROM ROW(d.transfers, d.entries, d.accounts, d.closures, d.digest)

    UNION ALL
    SELECT 'chain', format('seal %s does not follow seal %s', s.id, coalesce(s.former, 0))
    FROM (
        SELECT id, previous_id, lag(id) OVER (ORDER BY id) AS former FROM wallets_seal
    ) s
    WHERE s.previous_id IS DISTINCT FROM s.former;
$$;
