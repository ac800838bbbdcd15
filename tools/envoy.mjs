/** Envoy for `npm start` and for tests. The gateway process writes its bootstrap and feeds it over xDS. */
import { ENVOY, findBinary } from './binaries.mjs';

/**
 * Program and arguments of an Envoy with that bootstrap file. Its access log is flushed at once (D5): a record waits
 * at most 20 ms in memory. Hot restart is off, since its shared memory allows one Envoy a machine.
 */
export function envoyCommand({ bootstrap, concurrency = 2, logLevel = 'warning' }) {
  const args = ['-c', bootstrap, '--concurrency', String(concurrency), '--disable-hot-restart'];
  args.push('--file-flush-interval-msec', '20', '--file-flush-min-size-kb', '0', '--log-level', logLevel);
  return { command: findBinary(ENVOY), args };
}

/** Whether an Envoy with that admin port is live, which it is once it has its first listeners. */
export async function isEnvoyLive(adminPort) {
  try {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/ready`, { signal: AbortSignal.timeout(1_000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}
