-- How an area's pictures spread over the clusters; shares of an area add up to 1.
select
    authority_code,
    area_code,
    encoder,
    method,
    space,
    k,
    cluster,
    image_count,
    share
from cluster_shares
