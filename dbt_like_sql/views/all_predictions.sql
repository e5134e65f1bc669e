-- Every out-of-fold prediction: of models of the whole study, and of models that saw only the other
-- authorities.
-- scope: `study` (areas held out within the whole study) or `held_out` (the whole authority was)
-- authority_code: the authority that was held out; null for the whole study
-- area_code: the small area, an LSOA or any polygon
-- target: the value that is predicted
-- encoder: slug of the encoder that made the vectors
-- features: what the model sees of an area
-- model: candidate or baseline
-- validation: how areas were held out: `random`, `blocks` (spatial), `holdout`, `authorities`
-- repeat: repeat of the split, from 1
-- fold: the fold in which the area was held out
-- observed: the target's value
-- predicted: predicted by a model that never saw the area
-- lower: lower end of the prediction interval
-- upper: upper end of the prediction interval
-- interval_level: level of that interval, 0 to 1
-- residual: observed minus predicted
-- influence: of models of place: what the area, learned from, has to do with errors in other folds; null elsewhere
select 'study' as scope, null::varchar as authority_code, * from predictions
union all by name
select 'held_out' as scope, * from held_out_predictions
