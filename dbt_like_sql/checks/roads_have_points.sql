-- Authorities with roads but far fewer points than the spacing asks for.
-- asset: sample_points
-- severity: warn
-- blocking: false
with roads as (
    select authority_code, sum(length_m) / 1000 as road_km
    from road_network
    group by authority_code
),

points as (
    select authority_code, count(*) as point_count
    from sample_points
    group by authority_code
)

select
    authority_code,
    road_km,
    coalesce(point_count, 0) as point_count,
    coalesce(point_count, 0) / road_km as points_per_km
from roads
left join points using (authority_code)
cross join study
where road_km >= 1 and coalesce(point_count, 0) / road_km < 0.3 * 1000 / spacing_m
order by authority_code
