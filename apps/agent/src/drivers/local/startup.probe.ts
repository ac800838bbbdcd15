import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Connects to the port on loopback until it opens. False when the deadline passed or the signal came first.
 * A connection whose two ends are one port is not an answer: the kernel can connect a socket to itself.
 */
export async function portOpens(
  port: number,
  deadlineMs: number,
  intervalMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const started = performance.now();
  while (!signal.aborted && performance.now() - started < deadlineMs) {
    if (await connects(port)) return !signal.aborted;
    await delay(intervalMs);
  }
  return false;
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(socket.localPort !== socket.remotePort));
    socket.once('error', () => answer(false));
    socket.setTimeout(1000, () => answer(false));
  });
}
