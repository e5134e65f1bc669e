-- One row per authority: how much of it is seen, how recently, and what went wrong.
-- authority_code: the local authority: the partition
-- authority_name: its name; null in a study without areas
-- area_count: areas in it
-- area_with_point_count: areas that have a sample point
-- area_with_image_count: areas that have an image
-- area_with_target_count: areas that have a value of the target
-- area_km2: its size in km²
-- road_km: length of its roads of the classes that the study wants
-- point_count: sample points
-- points_per_km: sample points per km of road; null where there is no road
-- point_with_imagery_count: points near which the provider has a panorama now
-- point_without_imagery_count: points near which it has none
-- point_failed_count: points whose look-up failed
-- panorama_count: panoramas found, of all capture dates
-- image_count: current images that are there
-- image_missing_count: images that the provider does not have
-- image_failed_count: images that could not be fetched or read
-- image_failed_share: failed images as a share of all, 0 to 1; null where none was wanted
-- image_bytes: size of the current images that are there
-- captured_oldest_on: first of the month of the oldest image with a known date
-- captured_median_on: of the median image with a known date
-- captured_newest_on: of the newest image with a known date
-- encoder: slug of the encoder that made the vectors
-- embedding_count: current images with a vector
-- embedding_failed_count: current images of which no vector could be made
-- target: name of the target that the models predict
-- target_mean: mean of its values over the areas
-- predicted_area_count: areas with a held-out prediction, see area_profile
-- synthetic: whether the images were drawn by a program, and show no real place
-- older_image_count: images of older captures, which are kept and counted nowhere else
-- looked_up_on: when that point was asked about (UTC) that was left alone longest; null where no
--     look-up has succeeded
-- imagery_due_on: the last day on which the median image is as new as `freshness.imagery_months`
--     wants, so that `imagery_due_on < current_date` is too old; null where no date is known, or
--     the study wants nothing
-- lookup_due_on: the last day by which `freshness.lookup_days` wants its points asked about again;
--     null likewise
with authorities as (
    select authority_code from areas
    union
    select authority_code from sample_points
    union
    select authority_code from images
),

area_totals as (
    select
        authority_code,
        min(authority_name) as authority_name,
        count(*) as area_count,
        count(*) filter (where point_count > 0) as area_with_point_count,
        count(*) filter (where image_count > 0) as area_with_image_count,
        count(observed) as area_with_target_count,
        count(predicted) as predicted_area_count,
        avg(observed) as target_mean,
        sum(area_km2) as area_km2
    from area_profile
    group by authority_code
),

roads as (
    select authority_code, sum(length_m) / 1000 as road_km
    from road_network
    group by authority_code
),

points as (
    select authority_code, count(*) as point_count
    from sample_points
    group by authority_code
),

looked_up as (
    select
        authority_code,
        point_id,
        max(last_seen_at) filter (where status <> 'failed') as last_seen_at,
        bool_or(status = 'ok') as has_imagery,
        bool_or(status = 'failed') as has_failed
    from panoramas
    where is_current
    group by authority_code, point_id
),

look_ups as (
    select
        authority_code,
        count(*) filter (where has_imagery) as point_with_imagery_count,
        count(*) filter (where not has_imagery and not has_failed) as point_without_imagery_count,
        count(*) filter (where not has_imagery and has_failed) as point_failed_count,
        (min(last_seen_at) at time zone 'UTC')::date as looked_up_on
    from looked_up
    group by authority_code
),

panorama_totals as (
    select authority_code, count(distinct (provider, panorama_id, captured_on)) as panorama_count
    from panoramas
    where status = 'ok'
    group by authority_code
),

image_counts as (
    select
        authority_code,
        count(*) filter (where is_current) as wanted_count,
        count(*) filter (where is_current and status = 'ok') as image_count,
        count(*) filter (where is_current and status = 'missing') as image_missing_count,
        count(*) filter (where is_current and status = 'failed') as image_failed_count,
        sum(size_bytes) filter (where is_current and status = 'ok')::bigint as image_bytes,
        count(*) filter (where not is_current and status = 'ok') as older_image_count
    from images
    group by authority_code
),

capture_dates as (
    select
        authority_code,
        min(captured_on) as captured_oldest_on,
        quantile_disc(captured_on, 0.5) as captured_median_on,
        max(captured_on) as captured_newest_on
    from images
    where status = 'ok' and is_current and captured_on > date '0001-01-01'
    group by authority_code
),

vectors as (
    select
        image_embeddings.authority_code,
        count(*) filter (where image_embeddings.status = 'ok') as embedding_count,
        count(*) filter (where image_embeddings.status = 'failed') as embedding_failed_count
    from image_embeddings
    inner join study on study.encoder = image_embeddings.encoder
    inner join images on images.image_id = image_embeddings.image_id and images.is_current
    group by image_embeddings.authority_code
)

select
    authorities.authority_code,
    area_totals.authority_name,
    coalesce(area_totals.area_count, 0) as area_count,
    coalesce(area_totals.area_with_point_count, 0) as area_with_point_count,
    coalesce(area_totals.area_with_image_count, 0) as area_with_image_count,
    coalesce(area_totals.area_with_target_count, 0) as area_with_target_count,
    area_totals.area_km2,
    coalesce(roads.road_km, 0) as road_km,
    coalesce(points.point_count, 0) as point_count,
    points.point_count / nullif(roads.road_km, 0) as points_per_km,
    coalesce(look_ups.point_with_imagery_count, 0) as point_with_imagery_count,
    coalesce(look_ups.point_without_imagery_count, 0) as point_without_imagery_count,
    coalesce(look_ups.point_failed_count, 0) as point_failed_count,
    coalesce(panorama_totals.panorama_count, 0) as panorama_count,
    coalesce(image_counts.image_count, 0) as image_count,
    coalesce(image_counts.image_missing_count, 0) as image_missing_count,
    coalesce(image_counts.image_failed_count, 0) as image_failed_count,
    image_counts.image_failed_count / nullif(image_counts.wanted_count, 0) as image_failed_share,
    coalesce(image_counts.image_bytes, 0) as image_bytes,
    capture_dates.captured_oldest_on,
    capture_dates.captured_median_on,
    capture_dates.captured_newest_on,
    study.encoder,
    coalesce(vectors.embedding_count, 0) as embedding_count,
    coalesce(vectors.embedding_failed_count, 0) as embedding_failed_count,
    study.target,
    area_totals.target_mean,
    coalesce(area_totals.predicted_area_count, 0) as predicted_area_count,
    study.synthetic,
    coalesce(image_counts.older_image_count, 0) as older_image_count,
    look_ups.looked_up_on,
    (capture_dates.captured_median_on + to_months(study.imagery_months))::date as imagery_due_on,
    look_ups.looked_up_on + study.lookup_days as lookup_due_on
from authorities
cross join study
left join area_totals using (authority_code)
left join roads using (authority_code)
left join points using (authority_code)
left join look_ups using (authority_code)
left join panorama_totals using (authority_code)
left join image_counts using (authority_code)
left join capture_dates using (authority_code)
left join vectors using (authority_code)
order by authorities.authority_code
