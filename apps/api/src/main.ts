import { createLogger, startProcess } from '#libs/process';
import { apiConfigSchema } from './api.config.js';
import { ApiModule } from './api.module.js';
import { openParts, watchDatabase } from './api.open.js';
import { prepareApi } from './api.prepare.js';
import { sendProblem } from './faces/rest/problem.reply.js';

await startProcess({
  name: 'api',
  schema: apiConfigSchema,
  module: async (config, processParts) => {
    const parts = await openParts(config, processParts);
    return ApiModule.create(parts, watchDatabase(parts.db, processParts));
  },
  prepare: prepareApi,
  unroutable: (error, request, reply) => sendProblem(error, request, reply, createLogger('api', 'info')),
});
