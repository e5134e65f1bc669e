-- One wide row per area, of all areas: its vectors, its shares and counts, its values, and what the
-- model says of it. What a model of one's own starts from; vectors need no join.
-- area_code: the small area, an LSOA or any polygon
-- area_name: its name
-- authority_code: its local authority
-- authority_name: name of the local authority
-- point_count: places at which images are wanted
-- image_count: current images that are there
-- embedded_image_count: images that the area's vectors are made of
-- encoder: slug of the encoder that made the vectors
-- pooled_by: which of the vectors the study file makes the models' own
-- pooled_median: its images as one vector, the median of each dimension; null without an image
-- pooled_mean: the mean of each dimension
-- pooled_max: the maximum of each dimension
-- pooled_min: the minimum of each dimension
-- dispersion: how unlike its images are: 1 minus the length of their mean as unit vectors
-- cluster_shares: share of its images by cluster, as in cluster_shares[3]; the clusters are of all
--     images of the study, those of held-out areas among them
-- label_shares: share of its images by label, as in label_shares['shop']
-- target: name of the target that the models predict; null in a study without targets
-- observed: its value in the source; null where the source has none for the area
-- targets: value of every target by name, as in targets['income_rank']
-- features: what the headline model sees of an area
-- validation: how the area was held out for its prediction: `knndm`, as far from those learned from
--     as what is to be predicted, where there is that; else `blocks`, else `random`
-- predicted: predicted by the headline model when it had not seen the area
-- residual: observed minus predicted
-- fitted: prediction of the final fit, which has seen the area's own value: for maps, not claims
-- reason: why there is no held-out prediction; null where there is one
-- synthetic: whether the images were drawn by a program, and show no real place
-- cluster_vectors: its images of each of the study's clusters as one vector, pooled as `pooled_by`
--     says, as in cluster_vectors[3]; other statistics are in `area_group_embeddings`
with vectors as (
    select
        area_embeddings.area_code,
        any_value(embedding) filter (where area_embeddings.statistic = 'median') as pooled_median,
        any_value(embedding) filter (where area_embeddings.statistic = 'mean') as pooled_mean,
        any_value(embedding) filter (where area_embeddings.statistic = 'max') as pooled_max,
        any_value(embedding) filter (where area_embeddings.statistic = 'min') as pooled_min,
        any_value(dispersion) as dispersion
    from area_embeddings
    inner join study on study.encoder = area_embeddings.encoder
    group by area_embeddings.area_code
),

groups as (
    select
        area_group_embeddings.area_code,
        map(
            list(group_name::bigint order by group_name::bigint),
            list(embedding order by group_name::bigint)
        ) as cluster_vectors
    from area_group_embeddings
    inner join study
        on study.encoder = area_group_embeddings.encoder
        and study.statistic = area_group_embeddings.statistic
        and study.k = area_group_embeddings.k
    where area_group_embeddings.grouping = 'cluster'
    group by area_group_embeddings.area_code
),

labels as (
    select
        label_shares.area_code,
        map(
            list(label_shares.label order by label_shares.label),
            list(label_shares.share order by label_shares.label)
        ) as label_shares
    from label_shares
    inner join study on study.encoder = label_shares.encoder
    group by label_shares.area_code
)

select
    area_profile.area_code,
    area_profile.area_name,
    area_profile.authority_code,
    area_profile.authority_name,
    area_profile.point_count,
    area_profile.image_count,
    area_profile.embedded_image_count,
    area_profile.encoder,
    study.statistic as pooled_by,
    vectors.pooled_median,
    vectors.pooled_mean,
    vectors.pooled_max,
    vectors.pooled_min,
    vectors.dispersion,
    area_profile.cluster_shares,
    labels.label_shares,
    area_profile.target,
    area_profile.observed,
    area_profile.targets,
    area_profile.features,
    area_profile.validation,
    area_profile.predicted,
    area_profile.residual,
    area_profile.fitted,
    area_profile.reason,
    area_profile.synthetic,
    groups.cluster_vectors
from area_profile
cross join study
left join vectors on vectors.area_code = area_profile.area_code
left join groups on groups.area_code = area_profile.area_code
left join labels on labels.area_code = area_profile.area_code
order by area_profile.authority_code, area_profile.area_code
