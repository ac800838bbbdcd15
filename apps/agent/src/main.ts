import { startProcess } from '#libs/process';
import { agentSchema } from './agent.config.js';
import { agentModule } from './agent.module.js';

await startProcess({ name: 'agent', schema: agentSchema, module: agentModule });
