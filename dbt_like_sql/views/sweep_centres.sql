-- The centres of every number of clusters of the sweep, in each space, of the first seed.
select
    encoder,
    method,
    space,
    k,
    cluster,
    image_count,
    centre
from sweep_centres
