import { randomUUID } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Renewal, Resync, inboxPrefix, joinOrRestore } from '#libs/bus';
import type { Bus, Follower, MemberId, Membership, PeerCertificate } from '#libs/bus';
import type { Loop, ProcessParts } from '#libs/process';
import { LogBudget } from '#libs/domain';
import { Admission, type AdmissionParts } from './admission/admission.js';
import { AdmissionServer, admissionSocketOf } from './admission/admission.server.js';
import type { GatewayConfig } from './config.js';
import { bootstrap } from './envoy/bootstrap.js';
import { CallerKeys } from './callers/caller.keys.js';
import { HubConnection } from './hub.connection.js';
import { followRoutes } from './routes/route.follower.js';
import { RouteJournal } from './routes/route.journal.js';
import { RouteTable } from './routes/route.table.js';
import { reportStatus } from './status/gateway.status.js';
import { CheckpointFile } from './usage/checkpoint.js';
import { watchSpoolSpace } from './usage/spool.space.js';
import { Spools } from './usage/spools.js';
import { usageMetrics } from './usage/usage.metrics.js';
import { UsageShipper } from './usage/usage.shipper.js';
import { gatewayPeer, peerFolder } from './tls/gateway.peer.js';
import { certificatesOf, type Certificates } from './tls/gateway.certificates.js';
import { DesiredState } from './xds/desired-state.js';
import { loadEnvoyTypes } from './xds/proto.js';
import { observeXds } from './xds/xds.observer.js';
import { XdsServer } from './xds/xds.server.js';

type Joined = Membership & { id: MemberId<'gateway'> };

/** The process beside one Envoy: feeds it routes, ships what it measured, and tells the hub how far it is. */
export class Gateway {
  readonly #table: RouteTable;
  readonly #journal: RouteJournal;
  readonly #xds: XdsServer;
  readonly #shipper: UsageShipper;
  readonly #space: Loop;
  readonly #hub: HubConnection;
  readonly #renewal: Renewal;
  readonly #certificates: Certificates;
  readonly #callerKeys: CallerKeys;
  readonly #peer: PeerCertificate;
  readonly #admission: Admission;
  readonly #admissionServer: AdmissionServer;
  #follower: Follower | undefined;
  #resync: Resync | undefined;
  #status: Loop | undefined;

  private constructor(
    private readonly member: Joined,
    private readonly config: GatewayConfig,
    private readonly parts: ProcessParts,
  ) {
    const { clock, logger, health, metrics } = parts;
    const types = loadEnvoyTypes();
    const place = { region: member.region, peerFolder: peerFolder(config.TOWPATH_DATA_DIR) };
    const desired = new DesiredState(types, clock, place);
    this.#admission = this.#makeAdmission(desired);
    this.#admissionServer = this.#makeAdmissionServer();
    this.#journal = new RouteJournal(config.TOWPATH_DATA_DIR);
    this.#table = new RouteTable({
      journal: this.#journal,
      desired,
      admission: this.#admission,
      changed: (hosts) => this.#changed(hosts),
    });
    const observer = observeXds({
      logger,
      health,
      metrics,
      onHosts: (hosts) => this.#acknowledged(hosts),
      onOpened: () => this.#admission.connected(),
      onRefused: (hosts) => this.#admission.refused(hosts),
    });
    this.#certificates = certificatesOf(config, {
      ...parts,
      table: this.#table,
      renewalToken: () => this.#renewal.current.renewalToken,
      changed: () => this.#xds.certificatesChanged(),
    });
    const { find: certificates } = this.#certificates;
    this.#callerKeys = new CallerKeys(config.TOWPATH_DATA_DIR, () => this.#xds.callerKeysChanged());
    const callerKeys = this.#callerKeys.jwks;
    this.#xds = new XdsServer({ types, desired, certificates, callerKeys, observer, clock, logger });
    this.#shipper = this.#makeShipper();
    this.#space = watchSpoolSpace(config.TOWPATH_ENVOY_LOG, health, logger);
    this.#renewal = new Renewal(member, {
      url: config.TOWPATH_JOIN_URL,
      dataDir: config.TOWPATH_DATA_DIR,
      ...(config.TOWPATH_NATS_URL === undefined ? {} : { natsUrl: config.TOWPATH_NATS_URL }),
      clock,
      logger,
    });
    this.#peer = this.#makePeer();
    this.#hub = new HubConnection({
      options: () => ({
        servers: this.#renewal.natsUrl,
        creds: this.#renewal.creds,
        name: member.id,
        inboxPrefix: inboxPrefix(member.id),
      }),
      logger,
      health,
      onFirst: (bus) => this.#join(bus),
      onReturn: () => this.#returned(),
    });
  }

  /** Joins (or restores), writes Envoy's bootstrap file and listens for Envoy; the hub may be away. */
  static async start(config: GatewayConfig, parts: ProcessParts): Promise<Gateway> {
    const member = await joinOrRestore({
      url: config.TOWPATH_JOIN_URL,
      tokenFile: config.TOWPATH_JOIN_TOKEN_FILE,
      dataDir: config.TOWPATH_DATA_DIR,
      kind: 'gateway',
      clock: parts.clock,
    });
    const gateway = new Gateway(member, config, parts);
    await gateway.#begin();
    return gateway;
  }

  /** Nest: while the process still answers, take no more work and ship what is there. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#resync?.stop();
    await this.#follower?.stop();
    await this.#status?.stop();
    await this.#renewal.stop();
    await this.#certificates.stop();
    await this.#peer.stop();
    await this.#shipper.stop();
    await this.#space.stop();
    await this.#admission.stop();
  }

  /** Nest: at the very end. Envoy goes on with what it has. */
  async onApplicationShutdown(): Promise<void> {
    this.#xds.stop();
    await this.#admissionServer.stop();
    await this.#hub.stop();
    await this.#journal.close();
  }

  async #begin(): Promise<void> {
    this.#table.restore();
    await this.#xds.listen(this.config.TOWPATH_XDS_PORT);
    await this.#admissionServer.listen(this.#admissionSocket);
    this.#admission.start();
    this.#writeBootstrap();
    this.#shipper.start();
    this.#space.start();
    this.#renewal.start();
    this.#certificates.start();
    this.#peer.start();
    this.#hub.start();
  }

  get #admissionSocket(): string {
    return admissionSocketOf(this.config.TOWPATH_DATA_DIR);
  }

  #writeBootstrap(): void {
    const { config, member } = this;
    const file = config.TOWPATH_ENVOY_BOOTSTRAP;
    const content = bootstrap({
      nodeId: member.id,
      listenPort: config.TOWPATH_GATEWAY_PORT,
      tlsPort: config.TOWPATH_GATEWAY_TLS_PORT,
      redirect: config.TOWPATH_HTTPS_REDIRECT === 'on',
      adminPort: config.TOWPATH_ENVOY_ADMIN_PORT,
      xdsPort: config.TOWPATH_XDS_PORT,
      admissionSocket: this.#admissionSocket,
      accessLog: config.TOWPATH_ENVOY_LOG,
      reportSeconds: config.TOWPATH_ENVOY_REPORT_SECONDS,
    });
    for (const name of [file, config.TOWPATH_ENVOY_LOG]) mkdirSync(path.dirname(name), { recursive: true });
    writeFileSync(`${file}.new`, JSON.stringify(content, null, 2));
    renameSync(`${file}.new`, file);
  }

  #makeAdmission(desired: DesiredState): Admission {
    const { logger } = this.parts;
    const bus = (): Bus | undefined => this.#hub.bus;
    const show: AdmissionParts['show'] = (host, permit, now) => {
      desired.permit(host, permit);
      if (!now) return;
      this.#table.again(host);
      this.#xds.changed();
    };
    return new Admission({ gatewayId: this.member.id, incarnation: randomUUID(), bus, show, logger });
  }

  #makeAdmissionServer(): AdmissionServer {
    const { metrics, logger, clock } = this.parts;
    const questions = metrics.counter(
      'towpath_gateway_cap_questions_total',
      'Requests to hosts with a cap that Envoy asked about',
    );
    const check: Admission['check'] = (...of) => {
      questions.inc();
      return this.#admission.check(...of);
    };
    return new AdmissionServer(check, logger, () => clock.now());
  }

  #makePeer(): PeerCertificate {
    const { clock, logger } = this.parts;
    return gatewayPeer({
      id: this.member.id,
      dataDir: this.config.TOWPATH_DATA_DIR,
      url: this.config.TOWPATH_JOIN_URL,
      renewalToken: () => this.#renewal.current.renewalToken,
      clock,
      logger,
    });
  }

  #makeShipper(): UsageShipper {
    const { config, member, parts } = this;
    const checkpoint = new CheckpointFile(config.TOWPATH_DATA_DIR);
    const state = checkpoint.read() ?? { spools: [], open: {}, finishedBytes: 0 };
    const spools = new Spools(state.spools, {
      log: config.TOWPATH_ENVOY_LOG,
      rotateBytes: config.TOWPATH_SPOOL_BYTES,
      reopen: () => reopenLogs(config.TOWPATH_ENVOY_ADMIN_PORT),
      ...parts,
    });
    const options = {
      gatewayId: member.id,
      region: member.region,
      spools,
      checkpoint,
      bus: () => this.#hub.bus,
      admission: this.#admission,
      revisionName: (id: string) => this.#table.revisionName(id),
      metrics: usageMetrics(parts.metrics),
      logBudget: new LogBudget(config.TOWPATH_TENANT_LOG_LINES),
      clock: parts.clock,
      logger: parts.logger,
    };
    return new UsageShipper(options, state);
  }

  #join(bus: Bus): void {
    const { member, parts } = this;
    const shared = { ...parts, bus, gatewayId: member.id, table: this.#table };
    this.#follower = followRoutes({
      ...shared,
      callerKeys: this.#callerKeys,
      moved: () => this.#status?.wake(),
    });
    this.#status = reportStatus({ ...shared, region: member.region });
    this.#status.start();
    this.#resync = new Resync(member.id, () => bus, parts.logger);
    this.#resync.start();
    this.#shipper.wake();
  }

  #returned(): void {
    this.#shipper.returned();
    this.#status?.wake();
  }

  #changed(hosts?: string[]): void {
    this.#xds.changed();
    this.#table.settle(this.#xds.view, hosts);
    this.#certificates.wake(hosts ?? []);
  }

  #acknowledged(hosts?: string[]): void {
    this.#table.settle(this.#xds.view, hosts);
    this.#admission.settled(this.#xds.view);
    this.#status?.wake();
  }
}

async function reopenLogs(adminPort: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/reopen_logs`, {
    method: 'POST',
    signal: AbortSignal.timeout(1_000),
  });
  await answer.arrayBuffer();
}
