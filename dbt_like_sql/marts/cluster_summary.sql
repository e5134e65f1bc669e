-- One row per cluster of the study's number of clusters: what it is, at a glance.
-- cluster: number of the cluster, 1 to k
-- image_count: images in it
-- share: of all images, 0 to 1
-- cosine_distance_median: of its images to its centre, 0 (alike) to 2
-- main_authority_count: authorities of which more points are mainly of it than of any other
-- authority_shares: share of each authority's images that are in it, as in
--     authority_shares['E08000035']
-- point_count: points that are mainly of it
-- join_count: pairs of neighbouring points that are both mainly of it
-- join_ratio: these as a multiple of what chance gives; above 1: its points lie together
-- join_p_value: how often chance gives as many, one-sided
-- nearest_label: the label whose mean probability over its images is most above that over all
--     images; null in a study without labels
-- nearest_label_probability: that mean probability
-- label_probabilities: mean probability of each label over its images
-- spearman: rank correlation over areas of its share with each target, as in spearman['imd_rank']
-- target_medians: median of each target over areas, weighted by their share of it
-- target_medians_of_all: median of each target over all areas with images
-- synthetic: whether the images were drawn by a program, and show no real place
-- spearman_p_values: of each rank correlation, for near areas that are alike and for so many tests
-- join_p_value_corrected: join_p_value for so many clusters
-- name: what somebody called the cluster; null where nobody has
with profile as (
    select cluster_profile.*
    from cluster_profile
    inner join study
        on study.encoder = cluster_profile.encoder
        and study.method = cluster_profile.method
        and study.space = cluster_profile.space
        and study.k = cluster_profile.k
),

clusters as (
    select
        group_name,
        cast(group_name as bigint) as cluster,
        unit_count as image_count,
        value as share
    from profile
    where measure = 'share'
),

measures as (
    select
        group_name,
        max(value) filter (where measure = 'cosine_distance_median') as cosine_distance_median,
        count(*) filter (where measure = 'share_of_points_in_main') as main_authority_count,
        map_from_entries(
            list((subject, value) order by subject) filter (where measure = 'share_of_authority')
        ) as authority_shares,
        max(unit_count) filter (where measure = 'join_count') as point_count,
        max(value) filter (where measure = 'join_count') as join_count,
        max(value) filter (where measure = 'join_count_expected') as join_count_expected,
        max(p_value) filter (where measure = 'join_count') as join_p_value,
        max(p_value_corrected) filter (where measure = 'join_count') as join_p_value_corrected,
        map_from_entries(
            list((subject, value) order by subject) filter (where measure = 'label_probability')
        ) as label_probabilities,
        map_from_entries(
            list((subject, value) order by subject) filter (where measure = 'spearman')
        ) as spearman,
        map_from_entries(
            list((subject, p_value_corrected) order by subject)
            filter (where measure = 'spearman')
        ) as spearman_p_values,
        map_from_entries(
            list((subject, value) order by subject) filter (where measure = 'target_median')
        ) as target_medians
    from profile
    group by group_name
),

nearest as (
    select
        own.group_name,
        first(own.subject order by own.value - average.value desc, own.subject) as nearest_label,
        first(own.value order by own.value - average.value desc, own.subject)
            as nearest_label_probability
    from profile as own
    inner join profile as average
        on average.measure = own.measure
        and average.subject = own.subject
        and average.group_name = 'all'
    where own.measure = 'label_probability' and own.group_name <> 'all'
    group by own.group_name
),

named as (
    select cluster_names.cluster, cluster_names.name
    from cluster_names
    inner join study
        on study.encoder = cluster_names.encoder
        and study.method = cluster_names.method
        and study.space = cluster_names.space
        and study.k = cluster_names.k
),

of_all as (
    select target_medians from measures where group_name = 'all'
)

select
    clusters.cluster,
    clusters.image_count,
    clusters.share,
    measures.cosine_distance_median,
    measures.main_authority_count,
    measures.authority_shares,
    measures.point_count,
    measures.join_count,
    measures.join_count / nullif(measures.join_count_expected, 0) as join_ratio,
    measures.join_p_value,
    nearest.nearest_label,
    nearest.nearest_label_probability,
    measures.label_probabilities,
    measures.spearman,
    measures.target_medians,
    of_all.target_medians as target_medians_of_all,
    study.synthetic,
    measures.spearman_p_values,
    measures.join_p_value_corrected,
    named.name
from clusters
cross join study
left join measures on measures.group_name = clusters.group_name
left join nearest on nearest.group_name = clusters.group_name
left join named on named.cluster = clusters.cluster
left join of_all on true
order by clusters.cluster
