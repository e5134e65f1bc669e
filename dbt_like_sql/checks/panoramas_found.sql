-- Authorities where more look-ups failed than the study allows.
-- asset: panoramas
-- severity: error
-- blocking: true
select
    panoramas.authority_code,
    count(*) filter (where status = 'failed') as failed_count,
    count(*) as look_up_count,
    count(*) filter (where status = 'failed') / count(*) as failed_share,
    mode(error) as commonest_error
from panoramas
cross join study
group by panoramas.authority_code, study.max_failed_share
having count(*) filter (where status = 'failed') > study.max_failed_share * count(*)
order by panoramas.authority_code
