import type { Health, Logger, Metrics } from '#libs/process';
import type { XdsObserver } from './xds.server.js';

interface Parts {
  logger: Logger;
  health: Health;
  metrics: Metrics;
  /** What Envoy holds of these hosts (of all, without names) is known anew. */
  onHosts: (hosts?: string[]) => void;
  /** Envoy came, or came back, and says next what it holds. */
  onOpened: () => void;
  /** Envoy took none of what these hosts should be. */
  onRefused: (hosts: string[]) => void;
}

/** Log, health and metrics of the talk with Envoy. */
export function observeXds({ logger, health, metrics, onHosts, onOpened, onRefused }: Parts): XdsObserver {
  const connections = metrics.gauge(
    'towpath_gateway_envoy_connected',
    'Whether Envoy is connected (1) or not (0)',
  );
  const pushes = metrics.counter('towpath_gateway_xds_acknowledged_total', 'Pushes that Envoy took', [
    'type',
  ]);
  const resources = metrics.counter('towpath_gateway_xds_resources_total', 'Resources that Envoy took', [
    'type',
  ]);
  const refusals = metrics.counter('towpath_gateway_xds_refused_total', 'Pushes that Envoy refused', [
    'type',
  ]);
  const connected = (is: boolean): void => {
    connections.set(is ? 1 : 0);
    health.set('envoy', is, is ? '' : 'Envoy is not connected; it serves its last routes if it runs.');
  };
  connected(false);
  return {
    connected,
    opened: (type) => {
      if (type !== 'scope') return;
      onOpened();
      onHosts();
    },
    acknowledged: (type, names) => {
      pushes.inc({ type });
      resources.inc({ type }, names.length);
      if (type === 'scope') onHosts(names);
    },
    refused: (type, names, reason) => {
      refusals.inc({ type });
      if (type === 'scope') onRefused(names);
      const alone = names.length === 1;
      logger[alone ? 'error' : 'warn']({ type, names: names.slice(0, 10), reason }, 'Envoy refused a push');
      if (alone && (type === 'scope' || type === 'cluster' || type === 'endpoints'))
        onHosts(type === 'scope' ? names : undefined);
    },
  };
}
