import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { clusterUnderTest, kubeGet, kubectl } from './kubectl.js';

/** Where Knative's sidecar speaks TLS, and nothing else. */
const SECURE_PORT = 8112;

/** What an instance sees of the port at which its sidecar speaks TLS. */
export interface SecurePort {
  /** Of the certificate that is shown there. */
  names: string;
  issuer: string;
  /** Connections to it that others hold open. */
  open: number;
}

/** Runs in the instance: sockets of its network first, so that its own question is not among them. */
const LOOK = `
const hex = (${SECURE_PORT}).toString(16).toUpperCase().padStart(4, '0');
const lines = ['tcp', 'tcp6'].flatMap((name) => require('node:fs').readFileSync('/proc/net/' + name, 'utf8').split('\\n'));
const open = lines.map((line) => line.trim().split(/\\s+/)).filter(([, local = '', , state]) => local.endsWith(':' + hex) && state === '01').length;
const socket = require('node:tls').connect({ host: '127.0.0.1', port: ${SECURE_PORT}, rejectUnauthorized: false }, () => {
  const { subjectaltname, issuer } = socket.getPeerCertificate();
  console.log(JSON.stringify({ names: subjectaltname, issuer: issuer.CN, open }));
  socket.end();
});`;

/** Switches Knative's own encryption of the cluster under test. */
export async function switchInternalTls(way: 'on' | 'off'): Promise<void> {
  await promisify(execFile)('e2e/cluster/scripts/internal-tls.sh', [clusterUnderTest().name, way]);
}

/** By an instance of a namespace whose image has Node. */
export async function securePort(namespace: string): Promise<SecurePort> {
  const { items } = await kubeGet<{ items: { metadata: { name: string; deletionTimestamp?: string } }[] }>(
    'pods',
    '-n',
    namespace,
  );
  const pod = items.find(({ metadata }) => metadata.deletionTimestamp === undefined);
  if (pod === undefined) throw new Error('no instance runs');
  const { name } = pod.metadata;
  return JSON.parse(
    await kubectl('exec', '-n', namespace, name, '-c', 'app', '--', 'node', '-e', LOOK),
  ) as SecurePort;
}
