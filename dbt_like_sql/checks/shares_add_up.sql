-- Areas whose shares of clusters do not add up to 1, or are not those of the counts.
-- asset: cluster_shares
-- severity: error
-- blocking: true
with totals as (
    select
        *,
        sum(share) over areas_of as share_total,
        sum(image_count) over areas_of as image_total
    from cluster_shares
    window areas_of as (partition by area_code, encoder, method, space, k)
)

select area_code, k, cluster, image_count, image_total, share, share_total
from totals
where
    not (abs(share_total - 1) <= 0.000001)
    or not (abs(share - image_count / image_total) <= 0.000001)
order by area_code, k, cluster
