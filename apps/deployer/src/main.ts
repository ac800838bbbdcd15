import { startProcess } from '#libs/process';
import { deployerConfigSchema } from './deployer.config.js';
import { deployerModule, followHub } from './deployer.module.js';

await startProcess({
  name: 'deployer',
  schema: deployerConfigSchema,
  module: deployerModule,
  prepare: (app, _config, parts) => followHub(app, parts),
});
