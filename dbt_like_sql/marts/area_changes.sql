-- One row per area and year in which a newer capture was made: how much its streets changed since
-- the capture before. Cameras, seasons, weather and traffic change as well as streets do.
-- area_code: the small area, an LSOA or any polygon
-- area_name: its name
-- authority_code: its local authority
-- year: of the newer of the two captures
-- point_count: places with two captures, the newer of that year
-- pair_count: images compared with the one before, same place and direction
-- median_cosine: of the vectors of the two; 1: alike
-- changed_cluster_share: pairs whose two images are in different clusters, 0 to 1; null where
--     images have no cluster
-- median_years_between: between the two captures
-- encoder: slug of the encoder that made the vectors
-- synthetic: whether the images were drawn by a program, and show no real place
select
    areas.area_code,
    areas.area_name,
    areas.authority_code,
    year(capture_changes.to_on) as year,
    count(distinct capture_changes.point_id) as point_count,
    count(*) as pair_count,
    median(capture_changes.cosine) as median_cosine,
    avg((capture_changes.from_cluster != capture_changes.to_cluster)::integer)
        as changed_cluster_share,
    median((capture_changes.to_on - capture_changes.from_on) / 365.25) as median_years_between,
    any_value(study.encoder) as encoder,
    any_value(study.synthetic) as synthetic
from capture_changes
inner join study on study.encoder = capture_changes.encoder
inner join areas
    on areas.area_code = capture_changes.area_code
    and areas.authority_code = capture_changes.authority_code
group by areas.area_code, areas.area_name, areas.authority_code, year(capture_changes.to_on)
order by areas.authority_code, areas.area_code, year(capture_changes.to_on)
