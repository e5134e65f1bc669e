-- Every score there is: of the whole study, of authorities held out, of each authority alone.
-- scope: which areas the model learned from and is scored on: `study` (all authorities together),
--     `held_out` (scored on an authority that it did not see), `authority` (one authority alone)
-- authority_code: the authority scored; null for the whole study
-- target: the value that is predicted
-- encoder: slug of the encoder that made the vectors
-- features: what the model sees of an area
-- model: candidate or baseline
-- group_name: the areas scored, `all` or a group of them
-- validation: how areas were held out: `random`, `blocks` (spatial), `holdout`, `authorities`
-- repeat: repeat of the split, from 1
-- fold: fold, from 1; 0: pooled out of fold
-- metric: r2, rmse, nrmse, mae, spearman, coverage, morans_i, …
-- value: the score; null where it is not defined
-- lower: lower end of its bootstrap interval
-- upper: upper end of its bootstrap interval
-- interval_level: level of that interval, 0 to 1
-- area_count: areas that the score is made of
-- mlflow_run_id: the MLflow run that holds the details
-- note: why there is no score, or what limits it
select 'study' as scope, null::varchar as authority_code, * from model_scores
union all by name
select 'held_out' as scope, * from held_out_scores
union all by name
select 'authority' as scope, * from authority_scores
