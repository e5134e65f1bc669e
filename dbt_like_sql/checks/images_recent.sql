-- Authorities whose current images are old, or of times far apart.
-- Old is a median capture more than 10 years before the newest look-up, far apart is more than 10
-- years between captures, the oldest and the newest twentieth left out: a street is rebuilt,
-- and cameras are replaced, in about that time.
-- asset: images
-- severity: warn
-- blocking: false
with dated as (
    select
        authority_code,
        quantile_disc(captured_on, 0.05) as captured_early_on,
        quantile_disc(captured_on, 0.5) as captured_median_on,
        quantile_disc(captured_on, 0.95) as captured_late_on
    from images
    where is_current and status = 'ok' and captured_on > date '0001-01-01'
    group by authority_code
),

look_ups as (
    select authority_code, max(last_seen_at)::date as looked_up_on
    from panoramas
    group by authority_code
)

select
    dated.authority_code,
    captured_median_on,
    looked_up_on,
    (looked_up_on - captured_median_on) / 365.25 as age_years,
    (captured_late_on - captured_early_on) / 365.25 as span_years
from dated
left join look_ups using (authority_code)
where
    (looked_up_on - captured_median_on) / 365.25 > 10
    or (captured_late_on - captured_early_on) / 365.25 > 10
order by dated.authority_code
