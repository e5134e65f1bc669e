-- One row per cluster: its centre, by which pictures are assigned.
select
    encoder,
    method,
    space,
    k,
    cluster,
    image_count,
    centre
from cluster_centres
