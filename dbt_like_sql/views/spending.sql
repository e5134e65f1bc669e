-- Requests that cost money, by month and outcome; read from the ledger when published.
select
    provider,
    authority_code,
    month,
    outcome,
    request_count,
    picture_count,
    cost_usd
from spending
