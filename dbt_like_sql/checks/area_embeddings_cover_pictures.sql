-- Areas with vectors of current pictures but no pooled one, or one pooled from another number of pictures.
-- asset: area_embeddings
-- severity: error
-- blocking: true
with placed as (
    select image_id, area_code, panorama_id, captured_on
    from images
    anti join (select image_id from pictures_set_aside where is_dropped) using (image_id)
    where is_current and status = 'ok' and area_code is not null
),

pictures as (
    select placed.area_code, count(*) as image_count
    from placed
    inner join image_embeddings using (image_id)
    where image_embeddings.status = 'ok'
    group by placed.area_code
),

-- A panorama belongs to the area of most of its pictures; of equals, the first by code.
areas_of_panoramas as (
    select
        panorama_id,
        captured_on,
        first(area_code order by picture_count desc, area_code) as area_code
    from (
        select panorama_id, captured_on, area_code, count(*) as picture_count
        from placed
        group by panorama_id, captured_on, area_code
    ) as counted
    group by panorama_id, captured_on
),

panoramas as (
    select area_code, sum(image_count)::bigint as image_count
    from areas_of_panoramas
    inner join panorama_embeddings using (panorama_id, captured_on)
    where panorama_embeddings.status = 'ok'
    group by area_code
),

embedded as (
    select area_code, image_count from pictures cross join study where views = 'separate'
    union all
    select area_code, image_count from panoramas cross join study where views <> 'separate'
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
