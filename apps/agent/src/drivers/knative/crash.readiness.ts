import type { Probes, TargetRevision } from '#libs/domain';
import {
  LOOP,
  containersOf,
  isSidecar,
  isStanding,
  type ContainerStatus,
  type Ended,
  type Pod,
} from './knative.types.js';
import { failed, waiting, type Readiness } from './readiness.rules.js';

/** The last lines of a container of the newest instance; undefined while they are not read yet. */
export type LinesOf = (container: string) => readonly string[] | undefined;

interface Crash {
  container: ContainerStatus;
  end: Ended;
  lines: readonly string[];
}

/** Why an instance ended that had not served: its serving container's reason before that of a sidecar. */
export function crashOf(
  revision: TargetRevision,
  pods: readonly Pod[],
  linesOf: LinesOf,
): Readiness | undefined {
  const ends = pods
    .filter(isStanding)
    .flatMap(containersOf)
    .flatMap((container) => {
      const end = container.state?.terminated ?? container.lastState?.terminated;
      return end === undefined || container.ready ? [] : [{ container, end }];
    });
  const crash = ends.find(({ container }) => !isSidecar(container.name)) ?? ends[0];
  if (crash === undefined) return undefined;
  const lines = linesOf(crash.container.name);
  if (lines === undefined) return waiting('Starting', 'The first instance ended; its output is being read.');
  return crashed(revision, { ...crash, lines });
}

/** How a container ends that was told to, by SIGTERM or then by SIGKILL. */
const ENDED_BY_SIGNAL = [143, 137];

function isEndedByProbe(probes: EndingProbes, { exitCode }: Ended): boolean {
  return (probes?.startup ?? probes?.liveness) !== undefined && ENDED_BY_SIGNAL.includes(exitCode);
}

type EndingProbes = Pick<Probes, 'startup' | 'liveness'> | undefined;

/** What is said to have ended. */
function subjectOf(
  { probes, sidecars = [] }: TargetRevision,
  container: string,
): { who: string; when: string; probes: EndingProbes } {
  if (!isSidecar(container)) return { who: 'The instance', when: ' before it opened its port', probes };
  const own = sidecars.find(({ name }) => name === container)?.probes;
  return { who: `Sidecar ${container}`, when: '', probes: own };
}

function crashed(revision: TargetRevision, { container, end, lines }: Crash): Readiness {
  const { name, restartCount } = container;
  const { who, when, probes } = subjectOf(revision, name);
  const output = lines.length === 0 ? '' : ` Its last lines:\n${lines.join('\n')}`;
  if (end.reason === 'OOMKilled') {
    return failed(
      'OutOfMemory',
      `${who} was ended${when}: it used more memory than its limit.${output}`,
      'Deploy it with more memory, or make it use less.',
    );
  }
  if (end.reason === 'StartError' || end.reason === 'ContainerCannotRun') {
    return failed(
      'StartFailed',
      `${who} did not start: its command is not in the image.${output}`,
      'Set a command, a Procfile or a start script that exists in the image.',
    );
  }
  if (isEndedByProbe(probes, end)) {
    return failed(
      'ProbeFailed',
      `${who} was ended because its startup or liveness probe failed.${output}`,
      'Make the program answer the probe, or give the probe more time.',
    );
  }
  const loop = restartCount >= LOOP;
  const times = loop ? ` This happened ${restartCount} times in a row.` : '';
  return failed(
    loop ? 'CrashLoop' : 'ExitCode',
    `${who} exited with code ${end.exitCode}${when}.${times}${output}`,
    'Read its last lines, mend the cause and deploy again.',
  );
}
