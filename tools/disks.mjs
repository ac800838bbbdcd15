/** Small file systems in memory, for stories about full disks. Only root can mount them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Folder of the data folder -> MiB. PostgreSQL needs most of it for itself. */
const SIZES = { nats: 64, postgres: 192, gateway: 64 };

/** Mounts them below `dir`; returns what unmounts them, or undefined when this machine does not let us. */
export function mountDisks(dir) {
  const mounted = [];
  const unmount = () => {
    for (const target of mounted.splice(0)) spawnSync('umount', [target]);
  };
  for (const [name, mib] of Object.entries(SIZES)) {
    const target = path.join(dir, name);
    mkdirSync(target, { recursive: true });
    const options = ['-t', 'tmpfs', '-o', `size=${mib}m,mode=700`, 'tmpfs', target];
    if (spawnSync('mount', options).status !== 0) {
      unmount();
      return undefined;
    }
    mounted.push(target);
  }
  return unmount;
}
