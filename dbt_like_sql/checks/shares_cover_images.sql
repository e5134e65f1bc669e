-- Areas whose shares count another number of images in a cluster than are assigned to it.
-- asset: cluster_shares
-- severity: error
-- blocking: true
with counted as (
    select
        image_places.area_code,
        cluster_assignments.method,
        cluster_assignments.space,
        cluster_assignments.k,
        cluster_assignments.cluster,
        count(*) as image_count
    from cluster_assignments
    inner join image_places using (authority_code, image_id)
    where image_places.is_current and image_places.area_code is not null
    group by all
)

select
    area_code,
    method,
    space,
    k,
    cluster,
    coalesce(counted.image_count, 0) as image_count,
    coalesce(cluster_shares.image_count, 0) as image_count_of_share
from counted
full join cluster_shares using (area_code, method, space, k, cluster)
where coalesce(counted.image_count, 0) <> coalesce(cluster_shares.image_count, 0)
order by area_code, method, space, k, cluster
