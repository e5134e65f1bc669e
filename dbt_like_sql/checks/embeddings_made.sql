-- Authorities where more images got no vector than the study allows, or all of them. `streetview
-- retry` tries them again.
-- asset: image_embeddings
-- severity: error
-- blocking: true
select
    image_embeddings.authority_code,
    count(*) filter (where status = 'failed') as failed_count,
    count(*) as image_count,
    mode(error) as commonest_error
from image_embeddings
cross join study
group by image_embeddings.authority_code, study.max_failed_share
having
    count(*) filter (where status = 'failed') > study.max_failed_share * count(*)
    or count(*) filter (where status = 'failed') = count(*)
order by image_embeddings.authority_code
