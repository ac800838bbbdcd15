/**
 * What a restore must not take back: numbers that fence off former writers, and what clusters and gateways that are
 * running now hold in their hands.
 */
export const KEEP = `
  CREATE TEMP TABLE kept_hub ON COMMIT DROP AS SELECT epoch FROM hub;
  CREATE TEMP TABLE kept_leases ON COMMIT DROP AS SELECT * FROM leases;
  CREATE TEMP TABLE kept_renewal_tokens ON COMMIT DROP AS SELECT member_id, hash, kind, created_at FROM renewal_tokens;
  CREATE TEMP TABLE kept_gateways ON COMMIT DROP AS SELECT id, region, joined_at FROM gateways;
  CREATE TEMP TABLE kept_clusters ON COMMIT DROP AS
    SELECT id, name, provider, region, zone, runtime, gpu_classes, capabilities, door, public_key, joined_at, created_at
    FROM clusters`;

const MERGE_KEPT = `
  UPDATE hub SET epoch = greatest(hub.epoch, kept_hub.epoch) FROM kept_hub;
  INSERT INTO leases (name, owner, epoch, expires_at) SELECT name, owner, epoch + 1, 'epoch' FROM kept_leases;
  INSERT INTO gateways (id, region, joined_at) SELECT id, region, joined_at FROM kept_gateways ON CONFLICT DO NOTHING;
  INSERT INTO clusters (id, name, provider, region, zone, runtime, gpu_classes, capabilities, door, public_key, joined_at,
    created_at)
    SELECT id, name, provider, region, zone, runtime, gpu_classes, capabilities, door, public_key, joined_at, created_at
    FROM kept_clusters ON CONFLICT DO NOTHING;
  DELETE FROM renewal_tokens WHERE member_id IN (SELECT member_id FROM kept_renewal_tokens);
  INSERT INTO renewal_tokens (member_id, hash, kind, created_at)
    SELECT member_id, hash, kind, created_at FROM kept_renewal_tokens ON CONFLICT DO NOTHING;`;

/** Brings the restored tables above what was; `kept` says whether there was anything before. */
export const MERGE = (kept: boolean): string =>
  `${kept ? MERGE_KEPT : ''} UPDATE hub SET epoch = epoch + 1, usage_reread = true`;
