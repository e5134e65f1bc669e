-- Authorities where more panoramas got no vector than the study allows, or all of them. `streetview
-- retry` tries them again.
-- asset: panorama_embeddings
-- severity: error
-- blocking: true
select
    panorama_embeddings.authority_code,
    count(*) filter (where status = 'failed') as failed_count,
    count(*) as panorama_count,
    mode(error) as commonest_error
from panorama_embeddings
cross join study
group by panorama_embeddings.authority_code, study.max_failed_share
having
    count(*) filter (where status = 'failed') > study.max_failed_share * count(*)
    or count(*) filter (where status = 'failed') = count(*)
order by panorama_embeddings.authority_code
