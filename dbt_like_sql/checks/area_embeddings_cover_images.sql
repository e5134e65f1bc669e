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

-- The area an image counts for: the one it stands in, or the one it looks at.
counting as (
    select
        images.authority_code,
        images.image_id,
        images.is_current,
        images.status,
        case
            when study.counts_for = 'looks_at' then image_areas.looks_at_code
            else images.area_code
        end as area_code
    from images
    cross join study
    left join image_areas using (authority_code, image_id)
),

embedded as (
    select counting.area_code, sum(looked_at.image_count)::bigint as image_count
    from looked_at
    inner join counting using (authority_code, image_id)
    anti join (select image_id from image_exclusions where is_dropped) using (image_id)
    where
        looked_at.status = 'ok'
        and counting.is_current
        and counting.status = 'ok'
        and counting.area_code is not null
    group by counting.area_code
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
