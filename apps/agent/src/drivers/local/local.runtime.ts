import { join } from 'node:path';
import { BUILDER, TowpathError } from '#libs/domain';
import type { ProcessParts } from '#libs/process';
import type { FolderBlobs } from '#libs/store';
import { UnpackedImages } from '../../images/image.store.js';
import type { AgentConfig } from '../../agent.config.js';
import type { Runtime } from '../runtime.js';
import { LocalDriver } from './local.driver.js';
import { localSettings } from './local.settings.js';

/** Revisions as processes of this machine. @throws TowpathError with NODE_ENV=production */
export function localRuntime(config: AgentConfig, parts: ProcessParts, blobs: FolderBlobs): Runtime {
  if (config.NODE_ENV === 'production') throw isolatesNothing();
  const { clock, random, logger } = parts;
  const images = new UnpackedImages(join(config.TOWPATH_DATA_DIR, 'images'), blobs);
  const settings = localSettings(config, join(config.TOWPATH_DATA_DIR, 'local'));
  return {
    driver: new LocalDriver({ settings, environment: config.NODE_ENV, images, clock, random, logger }),
    // Unpacked once, which checks it and warms the first start.
    buildOutput: { base: () => Promise.resolve(undefined), finish: (image) => images.imageFolder(image) },
    sweepImages: (inUse) => images.removeUnused(inUse),
    capabilities: () => [BUILDER],
  };
}

function isolatesNothing(): TowpathError {
  return new TowpathError(
    'FAILED_PRECONDITION',
    'The local runtime builds and runs code without isolating it, and does not start with NODE_ENV=production.',
    {
      nextStep: 'Join a Kubernetes cluster, or start it with NODE_ENV=development on a machine of your own.',
    },
  );
}
