import { clusterUnderTest } from '../e2e/support/kubectl.js';
import { familyOf } from '../e2e/support/processes.js';
import { platform } from '../e2e/support/tenant.js';
import { cpuOfFamily, pin } from './protocol.js';

/** What carries requests on a machine of the platform: all else of it is a hub's, which has machines of its own. */
const CARRIES = /^(gateway|envoy)/;

/** Who has which core while requests of a cluster are measured. */
export class Cores {
  /** How a report says that runs are noisier; empty where each has its core. */
  readonly told: string;
  private readonly measured: number[];

  /**
   * Gives core 0 to the cluster, to the gateway and to `more`; core 1 to the hub, which counts what is asked, and to this process
   * and `driver`, which ask. What any of them starts later stays where it is.
   */
  constructor(driver: number, ...more: number[]) {
    const named = Object.entries(platform().pids());
    const carrying = named.filter(([name]) => CARRIES.test(name)).map(([, pid]) => pid);
    const others = named.filter(([name]) => !CARRIES.test(name)).flatMap(([, pid]) => familyOf(pid));
    this.measured = [clusterUnderTest().pid, ...carrying, ...more];
    const on0 = this.measured.flatMap((pid) => familyOf(pid)).filter((pid) => pin(pid, 0));
    const on1 = [...others, process.pid, driver].filter((pid) => pin(pid, 1));
    this.told = on0.length > 0 && on1.length > 0 ? '' : ', not pinned';
  }

  /** Of all on core 0, so far, microseconds. */
  cpu(): number {
    return this.measured.reduce((sum, pid) => sum + cpuOfFamily(pid), 0);
  }
}
