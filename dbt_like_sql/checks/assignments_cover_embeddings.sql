-- Vectors of current pictures without a cluster, clusters of other pictures, clusters beyond k.
-- asset: cluster_assignments
-- severity: error
-- blocking: true
with current_vectors as (
    select image_embeddings.image_id
    from image_embeddings
    inner join images using (image_id)
    anti join (select image_id from pictures_set_aside where is_dropped) using (image_id)
    where image_embeddings.status = 'ok' and images.is_current
)

select image_id, null as cluster, 'vector without a cluster' as fault
from current_vectors
anti join cluster_assignments using (image_id)
where exists (from cluster_centres)  -- too few pictures for k clusters: there are none
union all
select image_id, cluster, 'cluster without a current vector' as fault
from cluster_assignments
anti join current_vectors using (image_id)
union all
select image_id, cluster, 'not among 1 to k' as fault
from cluster_assignments
where cluster not between 1 and k
order by image_id
