import { startProcess } from '#libs/process';
import { billingConfigSchema } from './billing.config.js';
import { billingModule } from './billing.module.js';

await startProcess({ name: 'billing', schema: billingConfigSchema, module: billingModule });
