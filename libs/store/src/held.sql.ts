import { statement } from './statement.js';

export const noteHeldSql = statement<unknown>(
  'held_note',
  `INSERT INTO held_services (service_id, organization_id, name, found_at) VALUES ($1, $2, $3, $4)
   ON CONFLICT (service_id) DO NOTHING`,
);

export const findHeldSql = statement<{ released: boolean }>(
  'held_find',
  `SELECT released_at IS NOT NULL AS released FROM held_services WHERE service_id = $1`,
);

export const forgetHeldSql = statement<unknown>(
  'held_forget',
  `DELETE FROM held_services WHERE service_id = $1`,
);

export const listHeldSql = statement<{
  service_id: string;
  organization_id: string;
  name: string;
  found_at: Date;
  released: boolean;
  known: boolean;
}>(
  'held_list',
  `SELECT h.service_id, h.organization_id, h.name, h.found_at, h.released_at IS NOT NULL AS released,
     EXISTS (SELECT 1 FROM services s WHERE s.id = h.service_id) AS known
   FROM held_services h ORDER BY h.found_at, h.service_id`,
);

export const releaseHeldSql = statement<{ service_id: string }>(
  'held_release',
  `UPDATE held_services SET released_at = $2 WHERE service_id = $1 AND released_at IS NULL
     AND EXISTS (SELECT 1 FROM services s WHERE s.id = $1) RETURNING service_id`,
);

export const unknownServicesSql = statement<{ id: string }>(
  'held_unknown',
  `SELECT id FROM unnest($1::text[]) AS id WHERE NOT EXISTS (SELECT 1 FROM services s WHERE s.id = id.id)`,
);
