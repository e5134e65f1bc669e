-- Each picture beside the one taken before it at its point, in its direction.
select
    authority_code,
    to_image_id,
    encoder,
    from_image_id,
    point_id,
    area_code,
    heading_deg,
    from_on,
    to_on,
    cosine,
    from_cluster,
    to_cluster
from capture_changes
