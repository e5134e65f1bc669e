-- Areas with vectors of current images but no pooled one, or one pooled from another number of images.
-- asset: area_embeddings
-- severity: error
-- blocking: true
with embedded as (
    select image_places.area_code, sum(included_vectors.image_count)::bigint as image_count
    from included_vectors
    inner join image_places using (authority_code, image_id)
    where
        image_places.is_current
        and image_places.status = 'ok'
        and image_places.area_code is not null
    group by image_places.area_code
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
