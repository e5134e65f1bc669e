-- Vectors without a cluster, clusters of pictures without a vector, and clusters beyond k.
-- asset: cluster_assignments
-- severity: error
-- blocking: true
select image_id, null as cluster, 'vector without a cluster' as fault
from (select image_id from image_embeddings where status = 'ok')
anti join cluster_assignments using (image_id)
union all
select image_id, cluster, 'cluster without a vector' as fault
from cluster_assignments
anti join (select image_id from image_embeddings where status = 'ok') using (image_id)
union all
select image_id, cluster, 'not among 1 to k' as fault
from cluster_assignments
where cluster not between 1 and k
order by image_id
