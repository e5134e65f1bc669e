-- Areas whose images of a cluster, a label or a group by hand are pooled from another number than there are.
-- asset: area_group_embeddings
-- severity: error
-- blocking: true
with placed as (
    select image_places.*, included_vectors.image_count
    from image_places
    inner join included_vectors using (authority_code, image_id)
    where
        image_places.is_current
        and image_places.status = 'ok'
        and image_places.area_code is not null
),

-- What the shares of clusters count too, so that both agree where each covers its images.
grouped as (
    select authority_code, image_id, 'cluster' as grouping, cluster::varchar as group_name
    from cluster_assignments
    inner join study using (method, space, k)
    union all
    select authority_code, image_id, 'label' as grouping, label as group_name
    from label_scores
    where is_best
    union all
    select image_places.authority_code, image_id, 'user_group' as grouping, group_name
    from user_groups
    inner join image_places using (image_id)
    where user_groups.status = 'ok'
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
