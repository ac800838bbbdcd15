import { defineCommand } from '../command.js';
import type { WhoamiView } from '../client/wire.types.js';

/** `tow whoami`: who calls whom with what. */
export const whoami = defineCommand<[], object>({
  calls: ['GET /v1/whoami'],
  declare() {
    // It has no flags of its own.
  },
  async run(tow) {
    const { context, url, project } = await tow.context();
    const who = await (await tow.client()).get<WhoamiView>('/v1/whoami');
    tow.out.thing(who, {
      Organization: `${who.organization.name} (${who.organization.id})`,
      Role: who.actor.platformOperator ? `${who.actor.role}, platform operator` : who.actor.role,
      Person: who.user && `${who.user.email} (${who.user.id})`,
      Key: who.key && `${who.key.name} (${who.key.id}, ${who.key.preview}…)`,
      'Key ends': who.key?.expiresAt,
      'Only project': who.actor.projectId,
      Context: context,
      API: url,
      Project: tow.globals.project ?? project,
      Domain: `${who.installation.domain}:${who.installation.gatewayPort}`,
      'HTTPS port': who.installation.gatewayTlsPort,
    });
    return undefined;
  },
});
