import { startProcess } from '#libs/process';
import { apiConfigSchema } from './api.config.js';
import { ApiModule } from './api.module.js';
import { openParts } from './api.open.js';
import { prepareApi } from './api.prepare.js';

await startProcess({
  name: 'api',
  schema: apiConfigSchema,
  module: async (config, parts) => ApiModule.create(await openParts(config, parts)),
  prepare: (app) => prepareApi(app),
});
