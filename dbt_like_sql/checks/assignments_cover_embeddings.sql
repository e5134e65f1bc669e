-- Vectors of what is looked at, current images or panoramas, without a cluster; clusters of others;
-- clusters beyond k.
-- asset: cluster_assignments
-- severity: error
-- blocking: true
with looked_at as (
    select authority_code, image_id, 1 as image_count, status
    from image_embeddings
    cross join study
    where study.views = 'separate'
    union all
    select authority_code, image_id, panorama_embeddings.image_count, status
    from panorama_embeddings
    cross join study
    where study.views <> 'separate'
),

current_vectors as (
    select looked_at.image_id
    from looked_at
    inner join images using (authority_code, image_id)
    anti join (select image_id from image_exclusions where is_dropped) using (image_id)
    where looked_at.status = 'ok' and images.is_current
)

select image_id, null as cluster, 'vector without a cluster' as fault
from current_vectors
anti join cluster_assignments using (image_id)
where exists (from cluster_centres)  -- too few images for k clusters: there are none
union all
select image_id, cluster, 'cluster without a current vector' as fault
from cluster_assignments
anti join current_vectors using (image_id)
union all
select image_id, cluster, 'not among 1 to k' as fault
from cluster_assignments
where cluster not between 1 and k
order by image_id
