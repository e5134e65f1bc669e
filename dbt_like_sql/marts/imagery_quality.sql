-- One row per authority: how good its current images are, how old, of which season, and whether
-- they are there alike for areas of low and of high target.
-- authority_code: the local authority: the partition
-- image_count: current images that are there
-- failed_share: images that could not be fetched or read as a share of all wanted, 0 to 1
-- dark_share: images darker than any daylight photo, as a share of those there, 0 to 1
-- blurred_share: images without sharp edges, as a share of those there, 0 to 1
-- duplicate_share: images that show the same as one of another panorama, 0 to 1
-- brightness_median: of the median image, mean luma, 0 (black) to 1 (white)
-- sharpness_median: of the median image, variance of the Laplacian of the luma at 224 px or less
-- third_party_share: panoramas that somebody uploaded to the provider, of those of which it is
--     known, 0 to 1
-- captured_oldest_on: first of the month of the oldest image with a known date
-- captured_median_on: of the median image with a known date
-- captured_newest_on: of the newest image with a known date
-- looked_up_on: day of the newest look-up, UTC
-- age_years: from the median capture to the newest look-up
-- span_years: between captures, the oldest and the newest twentieth left out
-- leaf_on_share: images of the months with leaves (May to October, south of the equator November
--     to April) as a share of those with a known date, 0 to 1; null between the tropics
-- area_with_point_count: areas that have a sample point
-- area_covered_share: of these, areas that have an image, 0 to 1
-- target: name of the target that the models predict; null in a study without targets
-- coverage_target_correlation: rank correlation (Spearman) over the areas between images per
--     point and the target; null where one of them is the same everywhere
-- coverage_area_count: areas with a value of the target, over which it is computed
-- synthetic: whether the images were drawn by a program, and show no real place
-- elsewhere_share: images that look at another area than they were taken in, as a share of those
--     there, 0 to 1
-- elsewhere_share_high: that share in the area at the 95th of a hundred, one with images
with authorities as (
    select authority_code from areas
    union
    select authority_code from sample_points
    union
    select authority_code from images
),

wanted as (
    select
        images.*,
        sample_points.latitude,
        case when captured_on > date '0001-01-01' then captured_on end as known_on
    from images
    left join sample_points on sample_points.point_id = images.point_id
    where is_current
),

image_measures as (
    select
        authority_code,
        count(*) filter (where status = 'ok') as image_count,
        count(*) filter (where status = 'failed') / count(*) as failed_share,
        -- The limits of the checks images_bright and images_sharp, where they are explained.
        avg((brightness < 0.2)::integer) filter (where status = 'ok') as dark_share,
        avg((sharpness < 100)::integer) filter (where status = 'ok') as blurred_share,
        avg((duplicate_of is not null)::integer)
        filter (where status = 'ok' and perceptual_hash is not null) as duplicate_share,
        median(brightness) filter (where status = 'ok') as brightness_median,
        median(sharpness) filter (where status = 'ok') as sharpness_median,
        min(known_on) filter (where status = 'ok') as captured_oldest_on,
        quantile_disc(known_on, 0.5) filter (where status = 'ok') as captured_median_on,
        max(known_on) filter (where status = 'ok') as captured_newest_on,
        quantile_disc(known_on, 0.05) filter (where status = 'ok') as captured_early_on,
        quantile_disc(known_on, 0.95) filter (where status = 'ok') as captured_late_on,
        avg(((month(known_on) between 5 and 10) = (latitude > 0))::integer)
        filter (where status = 'ok' and abs(latitude) > 23.4) as leaf_on_share
    from wanted
    group by authority_code
),

found as (
    select distinct authority_code, provider, panorama_id, captured_on, is_third_party
    from panoramas
    where is_current and status = 'ok'
),

uploads as (
    select authority_code, avg(is_third_party::integer) as third_party_share
    from found
    group by authority_code
),

look_ups as (
    select authority_code, max(last_seen_at)::date as looked_up_on
    from panoramas
    group by authority_code
),

looking as (
    select
        authority_code,
        avg((image_areas.looks_at_code is distinct from image_areas.area_code)::integer)
            as elsewhere_share
    from image_areas
    inner join images using (authority_code, image_id)
    where images.is_current and images.status = 'ok'
    group by authority_code
),

looking_high as (
    select authority_code, quantile_disc(elsewhere_share, 0.95) as elsewhere_share_high
    from area_profile
    group by authority_code
),

covered as (
    select
        authority_code,
        count(*) as area_with_point_count,
        avg((image_count > 0)::integer) as area_covered_share
    from area_profile
    where point_count > 0
    group by authority_code
),

-- An area without a point has no images either: it counts as one without.
with_target as (
    select
        authority_code,
        observed,
        coalesce(image_count / nullif(point_count, 0), 0) as images_per_point
    from area_profile
    where observed is not null
),

-- Of equals, the mean of their ranks: the rank of the first plus half of how many follow.
ranked as (
    select
        authority_code,
        rank() over (partition by authority_code order by observed)
        + count(*) over (partition by authority_code, observed) / 2 as target_rank,
        rank() over (partition by authority_code order by images_per_point)
        + count(*) over (partition by authority_code, images_per_point) / 2 as coverage_rank
    from with_target
),

leaning as (
    select
        authority_code,
        count(*) as coverage_area_count,
        -- Rounded, since the last digits depend on the order of adding up.
        round(corr(target_rank, coverage_rank), 9) as correlation
    from ranked
    group by authority_code
)

select
    authorities.authority_code,
    coalesce(image_measures.image_count, 0) as image_count,
    image_measures.failed_share,
    image_measures.dark_share,
    image_measures.blurred_share,
    image_measures.duplicate_share,
    image_measures.brightness_median,
    image_measures.sharpness_median,
    uploads.third_party_share,
    image_measures.captured_oldest_on,
    image_measures.captured_median_on,
    image_measures.captured_newest_on,
    look_ups.looked_up_on,
    (look_ups.looked_up_on - image_measures.captured_median_on) / 365.25 as age_years,
    (image_measures.captured_late_on - image_measures.captured_early_on) / 365.25 as span_years,
    image_measures.leaf_on_share,
    coalesce(covered.area_with_point_count, 0) as area_with_point_count,
    covered.area_covered_share,
    study.target,
    case when isfinite(leaning.correlation) then leaning.correlation end
        as coverage_target_correlation,
    coalesce(leaning.coverage_area_count, 0) as coverage_area_count,
    study.synthetic,
    looking.elsewhere_share,
    looking_high.elsewhere_share_high
from authorities
cross join study
left join image_measures using (authority_code)
left join uploads using (authority_code)
left join look_ups using (authority_code)
left join looking using (authority_code)
left join looking_high using (authority_code)
left join covered using (authority_code)
left join leaning using (authority_code)
order by authorities.authority_code
