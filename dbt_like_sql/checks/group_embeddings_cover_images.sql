-- Areas whose images of a cluster or label are pooled from another number than there are.
-- asset: area_group_embeddings
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

placed as (
    select counting.authority_code, counting.area_code, counting.image_id, looked_at.image_count
    from counting
    inner join looked_at using (authority_code, image_id)
    anti join (select image_id from image_exclusions where is_dropped) using (image_id)
    where
        counting.is_current
        and counting.status = 'ok'
        and counting.area_code is not null
        and looked_at.status = 'ok'
),

-- What the shares of clusters count too, so that both agree where each covers its images.
grouped as (
    select authority_code, image_id, 'cluster' as grouping, cluster::varchar as group_name
    from cluster_assignments
    union all
    select authority_code, image_id, 'label' as grouping, label as group_name
    from label_scores
    where is_best
),

counted as (
    select placed.area_code, grouped.grouping, grouped.group_name, sum(placed.image_count)::bigint as image_count
    from placed
    inner join grouped using (authority_code, image_id)
    group by placed.area_code, grouped.grouping, grouped.group_name
),

pooled as (
    select area_group_embeddings.area_code, grouping, group_name, image_count
    from area_group_embeddings
    inner join study on study.statistic = area_group_embeddings.statistic
)

select
    area_code,
    grouping,
    group_name,
    coalesce(counted.image_count, 0) as image_count,
    coalesce(pooled.image_count, 0) as pooled_image_count
from counted
full join pooled using (area_code, grouping, group_name)
where coalesce(counted.image_count, 0) <> coalesce(pooled.image_count, 0)
order by area_code, grouping, group_name
