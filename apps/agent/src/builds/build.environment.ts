import { delimiter, dirname } from 'node:path';

/** Names that say how to reach the network and npm's registry; nothing of them is the platform's own. */
const PASSED_ON = [
  'npm_config_registry',
  'npm_config_cafile',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
];

/** What a build's commands see of the agent's environment: a path with this very Node first, network, language. */
export function buildBaseEnv(env: NodeJS.ProcessEnv, nodePath: string): Record<string, string> {
  const passed = PASSED_ON.flatMap((name): [string, string][] => {
    const value = env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    PATH: [dirname(nodePath), env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter),
    LANG: 'C.UTF-8',
    CI: 'true',
    ...Object.fromEntries(passed),
  };
}
