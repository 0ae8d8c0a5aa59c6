-- A row from before the first byte of a call leaves. Gives what is wrong with the account, or NULL.
-- `durability` is NULL inside a transaction, which decides for itself how it is committed.
CREATE OR REPLACE FUNCTION begin_provider_call(
    p_id uuid, p_account uuid, p_operation text, p_subject_kind text, p_subject_id uuid,
    p_method text, p_url text, p_request text, p_outcome text, p_failure text, p_error text,
    p_durability text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    health providers_providerhealth;
    now_is timestamptz := clock_timestamp();
BEGIN
    IF p_durability IS NOT NULL THEN
        PERFORM set_config('synchronous_commit', p_durability, true);
    END IF;
    INSERT INTO providers_providercall (
        id, account_id, operation, subject_kind, subject_id, method, url, request, response,
        outcome, failure, error, created_at
    ) VALUES (
        p_id, p_account, p_operation, p_subject_kind, p_subject_id, p_method, p_url, p_request, '',
        p_outcome, p_failure, p_error, now_is
    );
    SELECT * INTO health FROM providers_providerhealth WHERE account_id = p_account AND (
        breaker <> 'closed' OR suspended_at IS NOT NULL OR credentials_refused_at IS NOT NULL
        OR throttled_until > now_is
    );
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN json_build_object(
        'suspended', CASE WHEN health.suspended_at IS NOT NULL THEN health.suspended_reason END,
        'breaker', health.breaker,
        'retry_in_s', extract(epoch FROM coalesce(
            CASE WHEN health.breaker = 'half_open' THEN health.trial_until ELSE health.retry_at END,
            now_is
        ) - now_is),
        'throttled_s', extract(epoch FROM coalesce(health.throttled_until, now_is) - now_is),
        'credentials_refused', health.credentials_refused_at IS NOT NULL
    );
END $$;

-- What is known of a call by now; NULL leaves a column as it is. Gives the account and the
-- operation, or no row if there is no such call.
CREATE OR REPLACE FUNCTION add_to_provider_call(
    p_id uuid, p_outcome text, p_failure text, p_error text, p_response text, p_status int,
    p_duration_ms int, p_durability text
) RETURNS TABLE (account_id uuid, operation text) LANGUAGE plpgsql AS $$
BEGIN
    IF p_durability IS NOT NULL THEN
        PERFORM set_config('synchronous_commit', p_durability, true);
    END IF;
    RETURN QUERY
    UPDATE providers_providercall AS known
    SET outcome = coalesce(p_outcome, known.outcome),
        failure = coalesce(p_failure, known.failure),
        error = coalesce(p_error, known.error),
        response = coalesce(p_response, known.response),
        response_status = coalesce(p_status, known.response_status),
        duration_ms = coalesce(p_duration_ms, known.duration_ms)
    WHERE known.id = p_id
    RETURNING known.account_id, known.operation::text;
END $$;
