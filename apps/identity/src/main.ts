import { startProcess } from '#libs/process';
import { identityConfigSchema } from './identity.config.js';
import { identityModule } from './identity.module.js';

await startProcess({ name: 'identity', schema: identityConfigSchema, module: identityModule });
