-- Areas with vectors of current images but no pooled one, or one pooled from another number of images.
-- asset: area_embeddings
-- severity: error
-- blocking: true
with looked_at as (
    select authority_code, image_id, 1 as image_count, status
    from image_embeddings
    cross join study
    where study.views = 'separate'
    union all
    select authority_code, image_id, panorama_embeddings.image_count, status
    from panorama_embeddings
    cross join study
    where study.views <> 'separate'
),

embedded as (
    select images.area_code, sum(looked_at.image_count)::bigint as image_count
    from looked_at
    inner join images using (authority_code, image_id)
    anti join (select image_id from image_exclusions where is_dropped) using (image_id)
    where
        looked_at.status = 'ok'
        and images.is_current
        and images.status = 'ok'
        and images.area_code is not null
    group by images.area_code
),

pooled as (
    select area_embeddings.area_code, area_embeddings.image_count
    from area_embeddings
    inner join study on study.statistic = area_embeddings.statistic
)

select
    area_code,
    embedded.image_count as embedded_image_count,
    pooled.image_count as pooled_image_count
from embedded
full join pooled using (area_code)
where embedded.image_count is distinct from pooled.image_count
order by area_code
