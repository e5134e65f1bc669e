-- Authorities where the look-up of more points failed than the study allows, or of all of them. What
-- was known before is kept; `streetview retry` asks again.
-- asset: panoramas
-- severity: error
-- blocking: true
select
    panoramas.authority_code,
    count(distinct point_id) filter (where status = 'failed') as failed_count,
    count(distinct point_id) as point_count,
    count(distinct point_id) filter (where status = 'failed')
    / count(distinct point_id) as failed_share,
    mode(error) filter (where status = 'failed') as commonest_error
from panoramas
cross join study
where panoramas.is_current
group by panoramas.authority_code, study.max_failed_share
having
    count(distinct point_id) filter (where status = 'failed')
    > study.max_failed_share * count(distinct point_id)
    or count(distinct point_id) filter (where status = 'failed') = count(distinct point_id)
order by panoramas.authority_code
