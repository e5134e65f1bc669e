-- Clusters by density, of a sample of the pictures, which may be in none.
select
    image_id,
    encoder,
    space,
    cluster,
    probability,
    distance
from density_clusters
