import { Client } from './client/client.js';
import { path } from './client/path.js';
import { listAll } from './client/pages.js';
import type { ProjectView } from './client/wire.types.js';
import { resolveContext, type Resolved } from './config/resolve.js';
import { CliError, usageError } from './exit.js';
import type { Io } from './io.js';
import { Output } from './output/output.js';
import { Progress } from './output/progress.js';
import { SessionTokens, type Refresh } from './session/session.tokens.js';

/** Flags that every command takes. */
export interface Globals {
  json?: boolean;
  quiet?: boolean;
  /** False with `--no-input`. */
  input?: boolean;
  project?: string;
  context?: string;
}

/** What a command works with: the API, the project, and where its words go. */
export class Tow {
  readonly progress: Progress;
  readonly out: Output;
  private resolved: Promise<Resolved> | undefined;
  private made: Client | undefined;

  constructor(
    readonly io: Io,
    readonly globals: Globals,
  ) {
    this.progress = new Progress(io, globals.quiet === true);
    this.out = new Output(io, this.progress, globals.json === true);
  }

  context(): Promise<Resolved> {
    this.resolved ??= resolveContext(this.io, this.globals.context);
    return this.resolved;
  }

  async client(): Promise<Client> {
    const endpoint = await this.context();
    this.made ??= this.clientOf(endpoint);
    return this.made;
  }

  clientOf(endpoint: Resolved): Client {
    const { context, url, session } = endpoint;
    if (session === undefined) return new Client(endpoint, this.io, this.progress);
    const plain = new Client({ context, url }, this.io, this.progress);
    const refresh: Refresh = (refreshToken) => plain.post('/v1/sessions/refresh', { refreshToken });
    return new Client(
      endpoint,
      this.io,
      this.progress,
      new SessionTokens(this.io, context, session, refresh),
    );
  }

  /** `--project`, TOW_PROJECT, the context's project, or the only one the key can see. */
  async project(): Promise<string> {
    const chosen = this.globals.project ?? (await this.context()).project;
    if (chosen !== undefined) return chosen;
    const projects = await listAll<ProjectView>(await this.client(), '/v1/projects');
    const [only] = projects;
    if (only === undefined) {
      throw new CliError('FAILED_PRECONDITION', 'The organization has no project yet.', {
        nextStep: 'Make one: tow projects create NAME',
      });
    }
    if (projects.length > 1) {
      const handles = projects.map((one) => one.handle).join(', ');
      throw usageError(
        `There are ${projects.length} projects: ${handles}.`,
        'Name one with --project or TOW_PROJECT.',
      );
    }
    return only.handle;
  }

  /** `/v1/projects/<project>` */
  async projectPath(): Promise<string> {
    return path`/v1/projects/${await this.project()}`;
  }

  /** `/v1/projects/<project>/services/<service>` */
  async servicePath(service: string): Promise<string> {
    return (await this.projectPath()) + path`/services/${service}`;
  }

  /** Whether a question may be asked: both ends are a terminal and nobody said otherwise. */
  mayAsk(): boolean {
    const { stdin, stderr } = this.io;
    return (
      this.globals.input !== false && !this.globals.quiet && stdin.isTTY === true && stderr.isTTY === true
    );
  }
}
