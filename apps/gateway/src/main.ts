import { startProcess } from '#libs/process';
import { gatewayConfig } from './config.js';
import { GatewayModule } from './gateway.module.js';

await startProcess({
  name: 'gateway',
  schema: gatewayConfig,
  module: (config, parts) => GatewayModule.start(config, parts),
});
