-- Vectors of what is looked at, current images or panoramas, without a cluster; clusters of others;
-- clusters beyond k.
-- asset: cluster_assignments
-- severity: error
-- blocking: true
with current_vectors as (
    select included_vectors.image_id
    from included_vectors
    inner join images using (authority_code, image_id)
    where images.is_current
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
