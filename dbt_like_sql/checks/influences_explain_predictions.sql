-- Areas whose images are held against another prediction than the one that is published, and areas with a vector that are not explained.
-- asset: area_influences
-- severity: error
-- blocking: false
with published as (
    select *
    from predictions
    where model = 'tuned' and repeat = 1
),

scale as (
    select max(observed) - min(observed) as target_range
    from published
)

select
    area_influences.area_code,
    area_influences.predicted as explained,
    published.predicted as published,
    'another prediction' as fault
from area_influences
cross join scale
inner join published using (area_code, target, encoder, features, validation, fold)
where
    abs(area_influences.predicted - published.predicted) > 1e-4 * scale.target_range
    and published.predicted not in (select observed from published)  -- held at an end of what was learned
union all
select distinct area_code, null as explained, null as published, 'not explained' as fault
from area_embeddings
inner join study
    on study.encoder = area_embeddings.encoder
    and study.statistic = area_embeddings.statistic
anti join area_influences using (area_code)
where (select count(*) from area_influences) > 0
order by area_code
