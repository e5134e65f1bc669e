-- One row per area, of all areas: what it is, what its images show, what the model says of it.
-- area_code: the small area, an LSOA or any polygon
-- area_name: its name
-- authority_code: its local authority
-- authority_name: name of the local authority
-- longitude: of a point inside the area, degrees east, WGS 84
-- latitude: of a point inside the area, degrees north, WGS 84
-- area_km2: its size in km²
-- target: name of the target that the models predict; null in a study without targets
-- more_is: whether a higher value of it is `better` or `worse`
-- observed: its value in the source; null where the source has none for the area
-- targets: value of every target by name, as in targets['income_rank']
-- point_count: places at which images are wanted
-- image_count: current images that are there
-- missing_image_count: images that the provider does not have
-- failed_image_count: images that could not be fetched or read
-- embedded_image_count: images that the area's pooled vector is made of
-- captured_oldest_on: first of the month of its oldest image with a known date
-- captured_median_on: of its median image with a known date
-- captured_newest_on: of its newest image with a known date
-- encoder: slug of the encoder that made the vectors
-- main_cluster: cluster that most of its images are in; of equals, the one of which an image is
--     more typical: fewer of the cluster's images are as near to its centre
-- main_cluster_share: share of its images that are in it, 0 to 1
-- cluster_shares: share of its images by cluster, as in cluster_shares[3]
-- model: the headline model, `tuned`: chosen and tuned anew each time without the areas held out
-- features: what that model sees of an area
-- validation: how the area was held out for its prediction: `knndm`, as far from those learned from
--     as what is to be predicted, where there is that; else `blocks`, else `random`
-- predicted: predicted by that model when it had not seen the area
-- lower: lower end of the prediction interval
-- upper: upper end of the prediction interval
-- interval_level: level of that interval, 0 to 1
-- residual: observed minus predicted
-- fitted_model: the candidate chosen for the final fit
-- fitted: prediction of the final fit, which has seen the area's own value: for maps, not claims
-- reason: why there is no held-out prediction; null where there is one
-- synthetic: whether the images were drawn by a program, and show no real place
-- geometry: its outline, WKB, EPSG:4326
-- elsewhere_share: current images taken in it that look at another area, as a share of those taken
--     in it, 0 to 1
-- perceived: mean of what people see in it by quality, as in perceived['safety']; null without
--     ratings
-- perceived_lower: lower end of the interval of that mean, by quality
-- perceived_upper: upper end of that interval, by quality
-- perceived_image_count: images that the mean is made of, by quality
-- dissimilarity: how unlike the areas learned from it looks to the model of the final fit, in units
--     of the mean distance of two of them; of one learned from, how unlike those of other folds
-- is_applicable: whether that is as like as areas were on which the model was scored
-- composite: what images say, shrunk towards place and the areas around by how few there are;
--     without any, what these say; held out where the area has a value and images
-- composite_lower: lower end of its prediction interval
-- composite_upper: upper end of its prediction interval
-- image_weight: weight of its own images, as they are or shrunk, 0 to 1
with target_values as (
    select
        authority_code,
        area_code,
        map(list(target order by target), list(value order by target)) as targets
    from targets
    group by authority_code, area_code
),

headline_target as (
    select targets.authority_code, targets.area_code, targets.value, targets.more_is
    from targets
    inner join study on study.target = targets.target
),

point_counts as (
    select area_code, count(*) as point_count
    from sample_points
    group by area_code
),

image_counts as (
    select
        area_code,
        count(*) filter (where status = 'ok') as image_count,
        count(*) filter (where status = 'missing') as missing_image_count,
        count(*) filter (where status = 'failed') as failed_image_count
    from images
    where is_current
    group by area_code
),

dropped as (
    select images.area_code, count(distinct images.image_id) as image_count
    from image_exclusions
    cross join study
    inner join images as named using (authority_code, image_id)
    inner join images  -- of a panorama that is excluded, all views
        on images.authority_code = named.authority_code
        and images.panorama_id = named.panorama_id
        and images.captured_on = named.captured_on
        and (study.views <> 'separate' or images.image_id = named.image_id)
    where image_exclusions.is_dropped and images.is_current and images.status = 'ok'
    group by images.area_code
),

capture_dates as (
    select
        area_code,
        min(captured_on) as captured_oldest_on,
        quantile_disc(captured_on, 0.5) as captured_median_on,
        max(captured_on) as captured_newest_on
    from images
    where status = 'ok' and is_current and captured_on > date '0001-01-01'
    group by area_code
),

pooled as (
    select area_embeddings.area_code, area_embeddings.image_count as embedded_image_count
    from area_embeddings
    inner join study
        on study.encoder = area_embeddings.encoder
        and study.statistic = area_embeddings.statistic
),

own_assignments as (
    select
        cluster_assignments.authority_code,
        cluster_assignments.image_id,
        cluster_assignments.cluster,
        cume_dist() over (
            partition by cluster_assignments.cluster order by cluster_assignments.distance
        ) as as_near
    from cluster_assignments
    inner join study
        on study.encoder = cluster_assignments.encoder
        and study.method = cluster_assignments.method
        and study.space = cluster_assignments.space
        and study.k = cluster_assignments.k
),

elsewhere as (
    select
        image_areas.area_code,
        avg((image_areas.looks_at_code is distinct from image_areas.area_code)::integer)
            as elsewhere_share
    from image_areas
    inner join images using (authority_code, image_id)
    where images.is_current and images.status = 'ok'
    group by image_areas.area_code
),

most_typical as (
    select image_places.area_code, own_assignments.cluster, min(own_assignments.as_near) as as_near
    from own_assignments
    inner join image_places using (authority_code, image_id)
    where image_places.is_current and image_places.status = 'ok'
    group by image_places.area_code, own_assignments.cluster
),

clusters as (
    select
        cluster_shares.area_code,
        first(
            cluster_shares.cluster
            order by cluster_shares.image_count desc, most_typical.as_near, cluster_shares.cluster
        ) as main_cluster,
        max(share) as main_cluster_share,
        map(
            list(cluster_shares.cluster order by cluster_shares.cluster),
            list(share order by cluster_shares.cluster)
        ) as cluster_shares
    from cluster_shares
    inner join study
        on study.encoder = cluster_shares.encoder
        and study.method = cluster_shares.method
        and study.space = cluster_shares.space
        and study.k = cluster_shares.k
    left join most_typical
        on most_typical.area_code = cluster_shares.area_code
        and most_typical.cluster = cluster_shares.cluster
    group by cluster_shares.area_code
),

perception as (
    select
        area_perception.authority_code,
        area_perception.area_code,
        map(list(quality order by quality), list(mean order by quality)) as perceived,
        map(list(quality order by quality), list(lower order by quality)) as perceived_lower,
        map(list(quality order by quality), list(upper order by quality)) as perceived_upper,
        map(list(quality order by quality), list(image_count order by quality)) as perceived_image_count
    from area_perception
    inner join study on study.encoder = area_perception.encoder
    group by area_perception.authority_code, area_perception.area_code
),

final as (
    select area_predictions.*
    from area_predictions
    inner join study on study.target = area_predictions.target
),

headline as (
    select predictions.*, list_position(study.validations, predictions.validation) as mildness
    from predictions
    inner join study
        on study.target = predictions.target and study.encoder = predictions.encoder
    where
        predictions.model = 'tuned'
        and predictions.validation in study.validations
        and predictions.repeat = 1
),

held_out as (
    select * from headline
    where features = (select min(features) from headline)
    qualify mildness = min(mildness) over ()
)

select
    areas.area_code,
    areas.area_name,
    areas.authority_code,
    areas.authority_name,
    areas.longitude,
    areas.latitude,
    areas.area_km2,
    study.target,
    headline_target.more_is,
    headline_target.value as observed,
    target_values.targets,
    coalesce(point_counts.point_count, 0) as point_count,
    coalesce(image_counts.image_count, 0) as image_count,
    coalesce(image_counts.missing_image_count, 0) as missing_image_count,
    coalesce(image_counts.failed_image_count, 0) as failed_image_count,
    coalesce(pooled.embedded_image_count, 0) as embedded_image_count,
    capture_dates.captured_oldest_on,
    capture_dates.captured_median_on,
    capture_dates.captured_newest_on,
    study.encoder,
    clusters.main_cluster,
    clusters.main_cluster_share,
    clusters.cluster_shares,
    held_out.model,
    held_out.features,
    held_out.validation,
    held_out.predicted,
    held_out.lower,
    held_out.upper,
    held_out.interval_level,
    held_out.residual,
    final.model as fitted_model,
    final.predicted as fitted,
    case
        when held_out.predicted is not null then null
        when study.target is null then 'the study has no target'
        when final.reason is not null then final.reason
        when coalesce(point_counts.point_count, 0) = 0 then 'no sample point in the area'
        when coalesce(image_counts.image_count, 0) = 0 then 'no imagery in the area'
        when dropped.image_count = image_counts.image_count then 'all images of the area are excluded'
        when coalesce(pooled.embedded_image_count, 0) = 0 then 'no image of the area has a vector'
        when headline_target.value is null then 'no value of the target to compare with'
        when final.area_code is null then 'no model is fitted yet'
        else 'the model has no held-out prediction of the area'
    end as reason,
    study.synthetic,
    areas.geometry,
    elsewhere.elsewhere_share,
    perception.perceived,
    perception.perceived_lower,
    perception.perceived_upper,
    perception.perceived_image_count,
    final.dissimilarity,
    final.is_applicable,
    final.composite,
    final.composite_lower,
    final.composite_upper,
    final.image_weight
from areas
cross join study
left join headline_target using (authority_code, area_code)
left join target_values using (authority_code, area_code)
left join point_counts on point_counts.area_code = areas.area_code
left join image_counts on image_counts.area_code = areas.area_code
left join dropped on dropped.area_code = areas.area_code
left join capture_dates on capture_dates.area_code = areas.area_code
left join pooled on pooled.area_code = areas.area_code
left join clusters on clusters.area_code = areas.area_code
left join elsewhere on elsewhere.area_code = areas.area_code
left join perception using (authority_code, area_code)
left join final on final.area_code = areas.area_code
left join held_out on held_out.area_code = areas.area_code
order by areas.authority_code, areas.area_code
