import { delimiter, dirname } from 'node:path';

export interface InstanceNames {
  service: string;
  revision: string;
  port: number;
  home: string;
}

/** The environment of an instance: nothing of the agent's own, the image's, the revision's, then what the contract gives. */
export function instanceEnv(
  names: InstanceNames,
  image: Record<string, string>,
  revision: Record<string, string>,
): Record<string, string> {
  return {
    // The Node that runs the agent first, so that an image's program finds the version it was built with.
    PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    LANG: 'C.UTF-8',
    ...image,
    ...revision,
    HOME: names.home,
    TMPDIR: names.home,
    PORT: String(names.port),
    K_SERVICE: names.service,
    K_CONFIGURATION: names.service,
    K_REVISION: names.revision,
  };
}
