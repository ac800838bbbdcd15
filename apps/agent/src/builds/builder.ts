import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TowpathError, type Digest, type Id } from '#libs/domain';
import { unpackArchive, type FolderBlobs } from '#libs/store';
import { markedProcesses, signalOne } from '../drivers/local/host.processes.js';
import { runCommand, type CommandLimits, type CommandResult } from './build.command.js';
import { planBuild, type BuildPlan } from './build.plan.js';
import { packImage, type Base } from './image.pack.js';

/** Ten minutes and eight million characters a command. */
export const BUILD_LIMITS: CommandLimits = { timeMs: 600_000, output: 8_000_000 };

/** What the runtime asks of a finished image. */
export interface BuildOutput {
  /** What an application is packed on; nothing for a runtime that brings it itself. */
  base: () => Promise<Base | undefined>;
  /** Brings the image to where instances start from, which checks it. */
  finish: (image: Digest) => Promise<unknown>;
}

export interface BuilderOptions {
  /** Holds one folder a build while it runs, and npm's cache. */
  workDir: string;
  blobs: FolderBlobs;
  output: BuildOutput;
  /** What a build's commands may see of the agent's own environment (see buildBaseEnv). */
  baseEnv: Record<string, string>;
  limits?: CommandLimits;
}

export interface BuildRequest {
  buildId: Id<'bld'>;
  organizationId: Id<'org'>;
  uploadDigest: Digest;
}

/** Turns an upload into an image. It isolates nothing: the commands run as the agent's user. */
export class Builder {
  constructor(private readonly options: BuilderOptions) {}

  /**
   * Builds in an empty folder that is gone afterwards. Returns the image's digest.
   * @throws TowpathError when the source is at fault, or gone: the cause, the field, the next step
   */
  async build(request: BuildRequest, onLine: (text: string) => void, signal: AbortSignal): Promise<Digest> {
    const work = join(this.options.workDir, request.buildId);
    // What an agent that was killed left running would write into the folder of this build.
    for (const { pid } of markedProcesses(work)) signalOne(pid, 'SIGKILL');
    await rm(work, { recursive: true, force: true });
    try {
      const source = join(work, 'source');
      await mkdir(source, { recursive: true, mode: 0o700 });
      await mkdir(join(work, 'home'), { mode: 0o700 });
      await unpackArchive(this.options.blobs.read(request.uploadDigest), source).catch(sourceGone);
      const plan = planBuild(await factsOf(source));
      onLine(`Building: ${plan.reason}.`);
      for (const step of plan.steps) await this.step(step, source, this.envOf(request, work), onLine, signal);
      return await this.pack(source, plan, onLine, signal);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }

  private async step(
    command: string[],
    cwd: string,
    env: Record<string, string>,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<void> {
    onLine(`$ ${command.join(' ')}`);
    const limits = this.options.limits ?? BUILD_LIMITS;
    const result = await runCommand(command, cwd, env, limits, onLine, signal);
    signal.throwIfAborted();
    if (result.failure !== undefined) throw commandFailed(command, result);
  }

  private async pack(
    source: string,
    plan: BuildPlan,
    onLine: (text: string) => void,
    signal: AbortSignal,
  ): Promise<Digest> {
    onLine('Packing the image.');
    const { blobs, output } = this.options;
    const { image } = await packImage(source, plan.command, blobs, await output.base());
    signal.throwIfAborted();
    await output.finish(image).catch((error: unknown) => {
      throw error instanceof TowpathError && error.code === 'INVALID_ARGUMENT' ? notPackable(error) : error;
    });
    onLine(`Image ${image}`);
    return image;
  }

  private envOf(request: BuildRequest, work: string): Record<string, string> {
    return {
      ...this.options.baseEnv,
      HOME: join(work, 'home'),
      TMPDIR: join(work, 'home'),
      // One cache an organization: what one tenant installs is never read by another.
      npm_config_cache: join(this.options.workDir, 'npm', request.organizationId),
    };
  }
}

async function factsOf(folder: string): Promise<Parameters<typeof planBuild>[0]> {
  const names = await readdir(folder);
  const read = async (name: string): Promise<string | undefined> =>
    names.includes(name) ? readFile(join(folder, name), 'utf8') : undefined;
  const [packageJson, procfile] = [await read('package.json'), await read('Procfile')];
  return {
    names,
    ...(packageJson === undefined ? {} : { packageJson }),
    ...(procfile === undefined ? {} : { procfile }),
  };
}

function sourceGone(error: unknown): never {
  if (!(error instanceof TowpathError) || error.code !== 'NOT_FOUND') throw error;
  throw new TowpathError('FAILED_PRECONDITION', 'The uploaded source is not there any more.', {
    violations: [{ field: 'source', message: 'its upload was removed before it was built' }],
    nextStep: 'Upload the source again and deploy again.',
  });
}

function commandFailed(command: string[], result: CommandResult): TowpathError {
  const shown = command.filter((part) => !part.startsWith('--no-')).join(' ');
  const lines = result.lastLines.length === 0 ? '' : ` Its last lines:\n${result.lastLines.join('\n')}`;
  return new TowpathError('BUILD_FAILED', `The command \`${shown}\` ${result.failure}.${lines}`, {
    violations: [{ field: 'source', message: `\`${shown}\` ${result.failure}` }],
    nextStep: 'Run the command in the folder, mend what it says, and deploy again.',
  });
}

function notPackable(error: TowpathError): TowpathError {
  return new TowpathError('BUILD_FAILED', 'The built folder holds something that an image cannot hold.', {
    violations: (error.violations ?? []).map(({ message }) => ({ field: 'source', message })),
    nextStep: 'Remove it from the folder, or from what the build writes, and deploy again.',
  });
}
