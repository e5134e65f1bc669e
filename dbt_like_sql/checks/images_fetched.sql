-- Authorities where more images failed than the study allows (images.max_failed_share), or
-- all of them. `streetview retry` tries them again.
-- asset: images
-- severity: error
-- blocking: true
select
    images.authority_code,
    count(*) filter (where status = 'failed') as failed_count,
    count(*) as image_count,
    count(*) filter (where status = 'failed') / count(*) as failed_share,
    mode(error) filter (where status = 'failed') as commonest_error
from images
cross join study
where images.is_current
group by images.authority_code, study.max_failed_share
having
    count(*) filter (where status = 'failed') > study.max_failed_share * count(*)
    or count(*) filter (where status = 'failed') = count(*)
order by images.authority_code
