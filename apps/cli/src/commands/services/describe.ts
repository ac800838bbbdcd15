import type { Resources } from '#libs/domain';
import type { TemplateView } from '../../client/wire.types.js';
import { defineCommand } from '../../command.js';
import { fieldsOf, tableOf } from '../../output/table.js';
import { getService } from '../../service/change.js';
import { CONDITION_COLUMNS, envLines, placementLines, TRAFFIC_COLUMNS } from '../../service/show.js';

/** `tow services describe` */
export const servicesDescribe = defineCommand<[string], object>({
  calls: ['GET /v1/projects/{project}/services/{service}'],
  declare(command) {
    command.argument('<name>', 'the service');
  },
  async run(tow, [name]) {
    const service = await getService(tow, name);
    if (tow.out.json) {
      tow.out.value(service);
      return undefined;
    }
    const { template } = service;
    tow.out.lines([
      ...fieldsOf({
        Service: service.name,
        Id: service.id,
        Project: service.project.handle,
        URL: service.url,
        Access: service.access,
        Revision: service.latestReadyRevision,
        Image: template.image,
        Resources: resourcesOf(template.resources),
        Concurrency: template.concurrency,
        Timeout: `${template.timeoutSeconds} s`,
        Instances: `${service.minInstances} to ${template.maxInstances}`,
        Regions: service.regions?.join(', '),
        Rollout: service.rollout === 'replace' ? service.rollout : undefined,
        Port: `${template.port} (${template.protocol})`,
        Updated: service.updatedAt,
      }),
      ...(template.sidecars ?? []).map(sidecarLine),
      ...envLines(template.env).map((line) => `  ${line}`),
      '',
      ...tableOf(service.status.traffic, TRAFFIC_COLUMNS),
      '',
      ...tableOf(service.status.conditions, CONDITION_COLUMNS),
      ...placementLines(service),
    ]);
    return undefined;
  },
});

function sidecarLine({ name, image, resources }: NonNullable<TemplateView['sidecars']>[number]): string {
  return `  Sidecar ${name}: ${image}, ${resourcesOf(resources)}`;
}

function resourcesOf({ cpuMillis, memoryMiB, gpus, gpuClass }: Resources): string {
  const held = gpus === undefined ? '' : `, ${gpus} ${gpuClass}`;
  return `${cpuMillis}m CPU, ${memoryMiB} MiB${held}`;
}
