-- The cluster of each picture.
select
    authority_code,
    image_id,
    encoder,
    method,
    space,
    k,
    cluster,
    distance
from cluster_assignments
