-- One row per current image: where it was taken, and its cluster for every number that is kept.
-- authority_code: the authority of its point
-- image_id: the image
-- point_id: its point
-- area_code: the area of that point; null in a study without areas
-- longitude: of that point, degrees east, WGS 84
-- latitude: of that point, degrees north, WGS 84
-- captured_on: first of the month; 0001-01-01 where unknown
-- heading_deg: direction of view, 0 to 360, from north
-- source_path: its file, where it is one's own
-- clusters: its cluster by the number of clusters, as in clusters['5'], of those found in components
--     as in clusters['pca50 5']; null where it has none, of panoramas in all but the first view
with places as (
    select authority_code, point_id, min(longitude) as longitude, min(latitude) as latitude
    from sample_points
    group by authority_code, point_id
),

named as (
    select
        authority_code,
        image_id,
        case when space = 'raw' then '' else space || ' ' end || k as number,
        space,
        k,
        cluster
    from cluster_assignments
),

clusters as (
    select
        authority_code,
        image_id,
        map(list(number order by space, k), list(cluster order by space, k)) as clusters
    from named
    group by authority_code, image_id
)

select
    images.authority_code,
    images.image_id,
    images.point_id,
    images.area_code,
    places.longitude,
    places.latitude,
    images.captured_on,
    images.heading_deg,
    images.source_path,
    clusters.clusters
from images
left join places using (authority_code, point_id)
left join clusters using (authority_code, image_id)
where images.is_current and images.status = 'ok'
