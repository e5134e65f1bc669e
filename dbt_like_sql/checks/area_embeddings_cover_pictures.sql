-- Areas with vectors of current pictures but no pooled one, or one pooled from another number of pictures.
-- asset: area_embeddings
-- severity: error
-- blocking: true
with embedded as (
    select images.area_code, count(*) as image_count
    from images
    inner join image_embeddings using (image_id)
    where
        image_embeddings.status = 'ok'
        and images.is_current
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
