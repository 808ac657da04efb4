-- Messages of a source up to this number were there and are not kept any more: their
-- lines are known, though no row tells. An id without a number is a source with -1.
ALTER TABLE sources ADD COLUMN pruned_seq INTEGER NOT NULL DEFAULT -2;
