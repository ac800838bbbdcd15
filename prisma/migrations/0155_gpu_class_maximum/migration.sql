-- How many GPUs an instance may hold at most: what the largest node of the class has, by the operator's word.
ALTER TABLE gpu_classes ADD COLUMN max_gpus integer;
