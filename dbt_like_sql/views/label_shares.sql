-- How an area's pictures spread over the labels; shares of an area add up to 1.
select
    authority_code,
    area_code,
    encoder,
    label,
    image_count,
    share,
    mean_probability
from label_shares
