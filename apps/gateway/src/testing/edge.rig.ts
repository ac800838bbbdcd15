import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createLogger, systemClock } from '#libs/process';
import { freePorts, startEnvoy } from '#libs/testing';
import type { TestEnvoy } from '#libs/testing';
import { bootstrap } from '../envoy/bootstrap.js';
import { DesiredState } from '../xds/desired-state.js';
import { loadEnvoyTypes } from '../xds/proto.js';
import type { CertificateSource } from '../xds/secret.stream.js';
import { XdsServer } from '../xds/xds.server.js';

/** A real Envoy fed by our xDS server, without hub and without the rest of the gateway's process. */
export interface Edge {
  envoy: TestEnvoy;
  xds: XdsServer;
  desired: DesiredState;
  ports: { http: number; tls: number; admin: number };
  /** What Envoy refused, with its reason. */
  refused: string[];
  stop: () => Promise<void>;
}

export async function startEdge(
  folder: string,
  sources: {
    certificates?: CertificateSource;
    callerKeys?: () => string | undefined;
    /** Fills the desired state before Envoy asks. */
    fill?: (desired: DesiredState) => void;
    /** Envoy's workers; 2 unless told. */
    concurrency?: number;
  },
): Promise<Edge> {
  const [http, tls, admin] = (await freePorts(3)) as [number, number, number];
  const types = loadEnvoyTypes();
  const desired = new DesiredState(types, systemClock);
  sources.fill?.(desired);
  const refused: string[] = [];
  const quiet = { connected: () => undefined, opened: () => undefined, acknowledged: () => undefined };
  const xds = new XdsServer({
    types,
    desired,
    certificates: sources.certificates ?? (() => undefined),
    callerKeys: sources.callerKeys ?? (() => undefined),
    observer: {
      ...quiet,
      refused: (_type, names, reason) => void refused.push(`${names.join()}: ${reason}`),
    },
    clock: systemClock,
    logger: createLogger('gateway', 'silent'),
  });
  const xdsPort = await xds.listen(0);
  const accessLog = path.join(folder, 'envoy.log');
  const admissionSocket = path.join(folder, 'admission.sock');
  const options = {
    admissionSocket,
    nodeId: 'lab',
    listenPort: http,
    tlsPort: tls,
    adminPort: admin,
    xdsPort,
    accessLog,
  };
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(bootstrap({ ...options, reportSeconds: 10 })));
  const envoy = startEnvoy({ bootstrap: file, adminPort: admin, concurrency: sources.concurrency ?? 2 });
  await envoy.ready();
  const stop = async (): Promise<void> => {
    await envoy.stop();
    xds.stop();
  };
  return { envoy, xds, desired, ports: { http, tls, admin }, refused, stop };
}
