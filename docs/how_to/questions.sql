-- The questions of ask_the_database.md, written by `make docs`. In DuckDB or the prompt of
-- `streetview sql`: .read docs/how_to/questions.sql

-- 1. What is in this file, and whom must I name when I use it?
select study, built_at, authorities, area_count, image_count,
       captured_oldest_on, captured_newest_on, attributions, licences, note
from about;

-- 2. How well is each authority covered, and how old are its images?
select authority_name, area_count, area_with_image_count, road_km, points_per_km,
       image_count, image_failed_share, captured_median_on
from authority_coverage
order by area_with_image_count / nullif(area_count, 0);

-- 3. Which areas have no prediction, and why?
select authority_name, reason, count(*) as area_count
from area_profile
where reason is not null
group by authority_name, reason
order by area_count desc;

-- 4. What do images add to what is known of a place without them?
select validation, features, against, value as r2, lower, upper, area_count, note
from gains
order by features <> 'place_and_images' or against <> 'place', validation, features, against;

-- 5. How sure is it: how wide are the intervals, and do they hold what they promise?
select authority_name, any_value(interval_level) as promised,
       avg((observed between lower and upper)::int) as held,
       sqrt(promised * (1 - promised) / count(*)) as standard_error,
       median(upper - lower) as median_width, count(*) as area_count
from area_profile
where lower is not null and observed is not null
group by authority_name
order by authority_name;
select group_name, value as held, lower, upper, area_count
from all_scores
where scope = 'study' and metric = 'coverage' and model = 'tuned' and validation = 'knndm'
  and fold = 0 and repeat = 1 and group_name <> 'all'
order by group_name;

-- 6. Where does a place look much better or worse than others with the same figures?
with line as (
    select regr_slope(predicted, observed) as slope,
           regr_intercept(predicted, observed) as intercept
    from area_profile
)
select area_code, area_name, observed, predicted, lower, upper, more_is, image_count,
       predicted - (intercept + slope * observed) as beyond,
       beyond / stddev_samp(beyond) over () as deviations
from area_profile, line
where predicted is not null and observed is not null
order by abs(beyond) desc
limit 20;

-- 7. What kinds of scene are there, and in what kind of area is each at home?
select cluster, sum(cluster_shares.image_count)::bigint as image_count,
       count(*) filter (where share > 0) as area_count,
       sum(share * observed) / nullif(sum(share), 0) as mean_target_where_seen
from cluster_shares
join area_profile using (area_code, encoder)
where observed is not null
group by cluster
order by cluster;

-- 8. Which areas look most like this one?
with pooled as (
    select area_code, embedding
    from area_embeddings
    where statistic = 'median'
),
this as (select * from pooled order by area_code limit 1)  -- or: where area_code = 'E01011287'
select other.area_code, areas.area_name, areas.authority_name,
       array_cosine_distance(this.embedding, other.embedding) as distance
from this
join pooled as other on other.area_code <> this.area_code
join areas on areas.area_code = other.area_code
order by distance
limit 10;

-- 9. Which images failed, and is it worth another try?
select authority_code, status, error, count(*) as image_count, max(fetched_at) as last_tried_at
from images
where status <> 'ok' and is_current
group by authority_code, status, error
order by image_count desc;

-- 10. In which areas are the images older than the figures they are compared with?
select authority_name, area_code, area_name, captured_median_on, image_count
from area_profile
where captured_median_on < date '2023-01-01'
order by captured_median_on, area_code
limit 50;
