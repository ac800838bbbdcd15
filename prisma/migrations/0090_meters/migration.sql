-- What a window counts beside its columns: for the plan that is in force. Null where the columns are all that it needs.
ALTER TABLE billing_windows
  -- ms as text by the name of a meter
  ADD COLUMN meters jsonb,
  -- blocks that are open at its end, by the lane of a meter: [end, count]
  ADD COLUMN lane_ends jsonb;
