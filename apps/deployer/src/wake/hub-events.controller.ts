import { hubEventType, type HubMessage } from '#libs/bus';
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Deployer } from '../deployer.js';

/** Takes hub events: each says where to look. No inbox is needed, because looking twice does no harm. */
@Controller()
export class HubEventsController {
  constructor(@Inject(Deployer) private readonly deployer: Deployer) {}

  @EventPattern<string>(hubEventType('service.changed'))
  serviceChanged(@Payload() event: HubMessage): Promise<void> {
    return this.deployer.wakeFromEvent(event.key);
  }

  @EventPattern<string>(hubEventType('cluster.changed'))
  clusterChanged(@Payload() event: HubMessage): Promise<void> {
    return this.deployer.clusterChanged(event.key);
  }
}
